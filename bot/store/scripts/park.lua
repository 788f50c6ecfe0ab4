-- op, referral, counsellor, fence, until (ms), sealed note -> 'ok' | 'stale'
-- The bot answers meanwhile; it comes back to the queue at that time, or as soon as she writes, first for this counsellor.
local kept = before(ARGV[1])
if kept then return kept[1] end
local id, back = ARGV[2], tonumber(ARGV[5])
if not holds(id, ARGV[3], ARGV[4]) then return 'stale' end
say(id, 'note', ARGV[6], '', ARGV[3])
let_go(id)
put(id, 'state', 'parked', 'lease', back)
redis.call('ZADD', P .. 'parked', back, id)
audit('parked', id, ARGV[3], 'until ' .. string.format('%.0f', back))
bell()
after(ARGV[1], {'ok'})
return 'ok'

-- op, referral, counsellor, fence, message id, sealed text for the transcript, sealed text for the outbox
-- -> 'ok' | 'stale'
local kept = before(ARGV[1])
if kept then return kept[1] end
local id = ARGV[2]
if not holds(id, ARGV[3], ARGV[4]) then return 'stale' end
local r = redis.call('HMGET', ref(id), 'person', 'channel')
say(id, 'counsellor', ARGV[6], ARGV[5], ARGV[3])
post(ARGV[5], r[1], r[2], ARGV[7], id)
audit('wrote', id, ARGV[3])
bell()
after(ARGV[1], {'ok'})
return 'ok'

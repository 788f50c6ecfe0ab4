-- op, referral, counsellor, fence, outcome, message id, sealed hand-back for the outbox -> 'ok' | 'stale'
local kept = before(ARGV[1])
if kept then return kept[1] end
local id = ARGV[2]
if not holds(id, ARGV[3], ARGV[4]) then return 'stale' end
local r = redis.call('HMGET', ref(id), 'person', 'channel')
redis.call('HSET', ref(id), 'state', 'resolved', 'outcome', ARGV[5], 'resolved', now, 'lease', 0)
redis.call('ZREM', P .. 'leases', id)
redis.call('ZADD', P .. 'resolved', now, id)
redis.call('DEL', P .. 'open:' .. r[1])
post(ARGV[6], r[1], r[2], ARGV[7], id)
audit('resolved', id, ARGV[3], ARGV[5])
bell()
after(ARGV[1], {'ok'})
return 'ok'

-- op, referral, counsellor, fence, message id, sealed text for the transcript, sealed text for the outbox, person, channel
-- -> 'ok' | 'stale' | 'shut' (the platform takes no more until she writes)
-- The person and channel are those that the referral was last heard on.
local kept = before(ARGV[1])
if kept then return kept[1] end
local id = ARGV[2]
if not holds(id, ARGV[3], ARGV[4]) then return 'stale' end
if redis.call('EXISTS', P .. 'window:' .. ARGV[8]) == 1
   and left_for(ARGV[8]) <= redis.call('LLEN', P .. 'out:line:' .. ARGV[8]) then return 'shut' end
say(id, 'counsellor', ARGV[6], ARGV[5], ARGV[3], ARGV[8])
post(ARGV[5], ARGV[8], ARGV[9], ARGV[7], id)
redis.call('ZREM', P .. 'promised', id)
audit('wrote', id, ARGV[3])
bell()
after(ARGV[1], {'ok'})
return 'ok'

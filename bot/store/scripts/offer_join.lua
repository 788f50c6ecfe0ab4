-- op, referral, counsellor, fence, digest of the code, seconds -> 'ok' | 'stale'
local kept = before(ARGV[1])
if kept then return kept[1] end
if not holds(ARGV[2], ARGV[3], ARGV[4]) then return 'stale' end
redis.call('SET', P .. 'join:' .. ARGV[5], ARGV[2], 'EX', ARGV[6])
audit('offered_join', ARGV[2], ARGV[3])
after(ARGV[1], {'ok'})
return 'ok'

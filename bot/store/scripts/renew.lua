-- referral, counsellor, fence, lease ms -> 'ok' | 'stale'
if not holds(ARGV[1], ARGV[2], ARGV[3]) then return 'stale' end
put(ARGV[1], 'lease', now + ARGV[4])
redis.call('ZADD', P .. 'leases', now + ARGV[4], ARGV[1])
return 'ok'

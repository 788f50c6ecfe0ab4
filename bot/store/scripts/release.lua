-- key, token -> 1 when it was ours
if redis.call('GET', P .. ARGV[1]) == ARGV[2] then return redis.call('DEL', P .. ARGV[1]) end
return 0

-- key without prefix, field, sealed value, the same sealed anew -> 1 when it was exchanged
-- Whoever was erased meanwhile stays erased, and what was sealed anew meanwhile stays as it is.
if redis.call('HGET', P .. ARGV[1], ARGV[2]) ~= ARGV[3] then return 0 end
redis.call('HSET', P .. ARGV[1], ARGV[2], ARGV[4])
return 1

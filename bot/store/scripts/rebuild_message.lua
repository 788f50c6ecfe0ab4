-- message id -> 1 when it waits to be sent again; one that was being sent may have reached the person
local key = P .. 'out:message:' .. ARGV[1]
local r = redis.call('HMGET', key, 'person', 'state')
if not r[1] or r[2] == 'sent' or r[2] == 'delivered' or r[2] == 'dead' or r[2] == 'aside' then return 0 end
if r[2] == 'sending' then redis.call('HSET', key, 'maybe_sent', 1) end
redis.call('HSET', key, 'state', 'waiting')
redis.call('RPUSH', P .. 'out:line:' .. r[1], ARGV[1])
redis.call('ZADD', P .. 'out:due', now, r[1])
return 1

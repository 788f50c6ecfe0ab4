-- token, hash (without the prefix), field, its value as it was seen, referral, note -> 1 when this caller takes the step
-- The value is the time and the token: a retry after a lost reply takes the step again, another worker does not.
local key, token = P .. ARGV[2], ARGV[1]
local value = redis.call('HGET', key, ARGV[3]) or ''
if string.sub(value, -#token) == token then return 1 end
if value ~= ARGV[4] then return 0 end
redis.call('HSET', key, ARGV[3], string.format('%.0f', now) .. ' ' .. token)
audit('alarmed', ARGV[5], 'worker', ARGV[6])
return 1

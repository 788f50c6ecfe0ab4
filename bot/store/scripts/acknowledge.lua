-- op, level, counsellor, ms -> 'ok' | 'nobody'. Covers who waits now; a claim of this level ends it.
local kept = before(ARGV[1])
if kept then return kept[1] end
local level, key = tonumber(ARGV[2]), P .. 'alarm:ack:' .. ARGV[2]
local low, high = band(level, 0)
local first = redis.call('ZRANGEBYSCORE', P .. 'queue', low, high, 'LIMIT', 0, 1)[1]
if not first then return 'nobody' end
redis.call('HSET', key, 'by', ARGV[3], 'at', now, 'until', now + ARGV[4])
redis.call('PEXPIRE', key, ARGV[4])
audit('acknowledged', first, ARGV[3], 'level ' .. ARGV[2])
bell()
after(ARGV[1], {'ok'})
return 'ok'

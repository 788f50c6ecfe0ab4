-- person, open for so long (ms), for so many messages, 1 for words of hers | 0 for a touch of the menu -> 'ok'
-- A touch never narrows a window that is open. A message that waited for her to write is due now.
local key, line = P .. 'window:' .. ARGV[1], P .. 'out:line:' .. ARGV[1]
if ARGV[4] == '0' and left_for(ARGV[1]) > 0 then return 'ok' end
redis.call('HSET', key, 'wrote', now, 'until', now + ARGV[2], 'left', ARGV[3])
redis.call('EXPIRE', key, 2592000)
local first = redis.call('LINDEX', line, 0)
if first and redis.call('HGET', P .. 'out:message:' .. first, 'state') == 'closed' then
  redis.call('ZADD', P .. 'out:due', now, ARGV[1])
end
return 'ok'

-- lease ms -> {message id, token, person, channel, sealed, attempts, maybe_sent, first tried (ms),
--                failing for so long (ms)} or nil
-- The person's due time moves past the lease: a worker that dies gives the message back by itself.
local person = redis.call('ZRANGEBYSCORE', P .. 'out:due', 0, now, 'LIMIT', 0, 1)[1]
if not person then
  -- A clock that ran ahead for a while may have put somebody off by days; nothing of ours is due later than this.
  local last = redis.call('ZREVRANGE', P .. 'out:due', 0, 0, 'WITHSCORES')
  if not last[1] or tonumber(last[2]) < now + 7200000 then return nil end
  person = last[1]
end
local line = P .. 'out:line:' .. person
local message = redis.call('LINDEX', line, 0)
if not message then
  redis.call('ZREM', P .. 'out:due', person)
  return nil
end
local key = P .. 'out:message:' .. message
if redis.call('HGET', key, 'state') == 'sending' then redis.call('HSET', key, 'maybe_sent', 1) end
local token = redis.call('HINCRBY', key, 'attempts', 1)
redis.call('HSET', key, 'state', 'sending')
redis.call('HSETNX', key, 'tried', now)
redis.call('ZADD', P .. 'out:due', now + ARGV[1], person)
local r = redis.call('HMGET', key, 'channel', 'sealed', 'maybe_sent', 'held', 'tried', 'failing')
local failing = now - tonumber(r[6] or now)
return {message, tostring(token), person, r[1], r[2], tostring(token - tonumber(r[4] or 0)), r[3], r[5],
        string.format('%.0f', failing)}

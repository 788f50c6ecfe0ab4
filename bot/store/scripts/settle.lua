-- message id, token, 'sent' | 'found' | 'dead' | 'retry' | 'hold' | 'closed', provider's id or reason, retry after ms,
-- (sent, found) channel and digest of the provider's id, and when to ask the platform for its end (ms; 0: never)
-- | (retry) '1' when it may have been sent
-- | (closed) when she had written last as the sender knew it -> 'ok' | 'stale'
-- 'found': the platform was asked and has it already. 'hold' and 'closed' put back what was not tried: it counts as no attempt. What is closed is due as soon as she writes
-- (heard.lua), or at once when she wrote a moment ago.
local message, token, state = ARGV[1], ARGV[2], ARGV[3]
local key = P .. 'out:message:' .. message
local r = redis.call('HMGET', key, 'attempts', 'state', 'person', 'referral')
if r[1] ~= token or r[2] ~= 'sending' then return 'stale' end
if state == 'found' then
  state = 'sent'
  redis.call('HSET', key, 'maybe_sent', 0)
end
local line = P .. 'out:line:' .. r[3]
if state == 'retry' then
  redis.call('HSET', key, 'state', 'waiting', 'error', ARGV[4])
  redis.call('HSETNX', key, 'failing', now)
  if ARGV[6] == '1' then redis.call('HSET', key, 'maybe_sent', 1) end
  redis.call('ZADD', P .. 'out:due', now + ARGV[5], r[3])
elseif state == 'hold' then
  redis.call('HSET', key, 'state', 'held', 'error', ARGV[4])
  untried(key)
  redis.call('ZADD', P .. 'out:due', now + ARGV[5], r[3])
elseif state == 'closed' then
  local window = P .. 'window:' .. r[3]
  untried(key)
  if (redis.call('HGET', window, 'wrote') or '') ~= ARGV[6] then
    redis.call('HSET', key, 'state', 'waiting')
    redis.call('ZADD', P .. 'out:due', now, r[3])
  else
    redis.call('HSET', key, 'state', 'closed', 'error', ARGV[4])
    redis.call('HSETNX', window, 'wrote', 0)
    redis.call('HSETNX', window, 'until', 0)
    redis.call('HSET', window, 'left', 0)
    redis.call('EXPIRE', window, 2592000)
    redis.call('ZADD', P .. 'out:due', now + ARGV[5], r[3])
  end
else
  redis.call('HSET', key, 'state', state, state == 'sent' and 'provider_id' or 'error', ARGV[4], 'settled', now)
  redis.call('LREM', line, 1, message)
  if state == 'sent' then
    redis.call('EXPIRE', key, 2592000)
    if left_for(r[3]) > 0 then redis.call('HINCRBY', P .. 'window:' .. r[3], 'left', -1) end
    if tonumber(ARGV[7]) > 0 then redis.call('ZADD', P .. 'out:followed', now + ARGV[7], message) end
    note_id(message, ARGV[6])
    redis.call('DEL', P .. 'out:fault:' .. redis.call('HGET', key, 'channel'))
  else
    redis.call('ZADD', P .. 'out:dead', now, message)
    audit('undeliverable', r[4], 'worker', ARGV[4])
  end
  if redis.call('LLEN', line) > 0 then redis.call('ZADD', P .. 'out:due', now, r[3])
  else redis.call('ZREM', P .. 'out:due', r[3]) end
end
bell()
return 'ok'

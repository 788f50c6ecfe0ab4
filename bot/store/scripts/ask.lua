-- how many at most, again after (ms), not after (ms) -> {channel, provider's id, ...} of which no end is known
-- Each is named once in so long; one that was sent long ago is left at "taken by the platform".
local found = {}
for _, message in ipairs(redis.call('ZRANGEBYSCORE', P .. 'out:followed', 0, now, 'LIMIT', 0, tonumber(ARGV[1]))) do
  local r = redis.call('HMGET', P .. 'out:message:' .. message, 'state', 'channel', 'provider_id', 'settled')
  if r[1] ~= 'sent' or now - tonumber(r[4]) > tonumber(ARGV[3]) then
    redis.call('ZREM', P .. 'out:followed', message)
  else
    redis.call('ZADD', P .. 'out:followed', now + ARGV[2], message)
    found[#found + 1] = r[2]
    found[#found + 1] = r[3]
  end
end
return found

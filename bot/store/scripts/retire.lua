-- resolved before (ms), how many at most -> ids whose conversation was deleted now
-- What stays of a referral names nobody: level, kinds, language, channel, times, outcome. Its messages go wherever they
-- are: sent, given up, or still waiting for her to write.
local function forget(message, person)
  redis.call('DEL', P .. 'out:message:' .. message)
  redis.call('ZREM', P .. 'out:dead', message)
  redis.call('ZREM', P .. 'out:followed', message)
  redis.call('LREM', P .. 'out:line:' .. person, 0, message)
end

local due = redis.call('ZRANGEBYSCORE', P .. 'resolved', 0, '(' .. ARGV[1], 'LIMIT', 0, tonumber(ARGV[2]))
for _, id in ipairs(due) do
  local r = redis.call('HMGET', ref(id), 'person', 'hand_back')
  for _, line in ipairs(redis.call('XRANGE', P .. 'transcript:' .. id, '-', '+')) do
    for i = 1, #line[2], 2 do
      if line[2][i] == 'out' and line[2][i + 1] ~= '' then forget(line[2][i + 1], r[1]) end
    end
  end
  if r[2] then forget(r[2], r[1]) end
  redis.call('DEL', P .. 'transcript:' .. id)
  redis.call('HSET', ref(id), 'person', '', 'also', '', 'heard_on', '', 'state', 'retired')
  redis.call('ZREM', P .. 'resolved', id)
  audit('retired', id, 'worker')
end
return due

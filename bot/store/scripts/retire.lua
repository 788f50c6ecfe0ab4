-- resolved before (ms), how many at most -> ids whose conversation was deleted now
-- What stays of a referral names nobody: level, kinds, language, channel, times, outcome.
local due = redis.call('ZRANGEBYSCORE', P .. 'resolved', 0, '(' .. ARGV[1], 'LIMIT', 0, tonumber(ARGV[2]))
for _, id in ipairs(due) do
  redis.call('DEL', P .. 'transcript:' .. id)
  redis.call('HSET', ref(id), 'person', '', 'also', '', 'heard_on', '', 'state', 'retired')
  redis.call('ZREM', P .. 'resolved', id)
  audit('retired', id, 'worker')
end
return due

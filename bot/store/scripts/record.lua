-- where the record stood, where it stands then, changes as JSON: {counts = {{month, field, how many}},
-- ended = {{id, level, outcome, ms}}, taken = {{id, ms, level, ms waited}}} -> 1, or 0 when another worker was faster
if (redis.call('GET', P .. 'record:at') or '') ~= ARGV[1] then return 0 end
local changes = cjson.decode(ARGV[3])
for _, c in ipairs(changes.counts) do redis.call('HINCRBY', P .. 'record:' .. c[1], c[2], c[3]) end
for _, e in ipairs(changes.ended) do redis.call('ZADD', P .. 'ended:' .. e[2] .. ':' .. e[3], e[4], e[1]) end
-- How long those of a level waited lately until somebody took them, a running mean: for what people are told.
for _, t in ipairs(changes.taken) do
  redis.call('HSET', ref(t[1]), 'taken', t[2])
  local mean = tonumber(redis.call('HGET', P .. 'waits', t[3] .. ':mean')) or t[4]
  redis.call('HSET', P .. 'waits', t[3] .. ':mean', math.floor(mean * 0.8 + t[4] * 0.2))
  redis.call('HINCRBY', P .. 'waits', t[3] .. ':count', 1)
end
redis.call('SET', P .. 'record:at', ARGV[2])
return 1

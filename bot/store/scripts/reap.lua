-- how many at most -> ids put back because their counsellor fell silent, ids laid aside whose time has come
ripen(tonumber(ARGV[1]))
local silent = redis.call('ZRANGEBYSCORE', P .. 'leases', 0, now, 'LIMIT', 0, tonumber(ARGV[1]))
for _, id in ipairs(silent) do
  local holder = case(id).holder
  put_back(id)
  audit('lease_expired', id, holder)
end
local due = redis.call('ZRANGEBYSCORE', P .. 'parked', 0, wall, 'LIMIT', 0, tonumber(ARGV[1]))
for _, id in ipairs(due) do
  wake(id, case(id).holder)
  audit('due', id, 'worker')
end
if #silent + #due > 0 then bell() end
return {silent, due}

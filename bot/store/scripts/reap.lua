-- how many at most -> ids put back because their counsellor fell silent
local due = redis.call('ZRANGEBYSCORE', P .. 'leases', 0, now, 'LIMIT', 0, tonumber(ARGV[1]))
for _, id in ipairs(due) do
  local holder = redis.call('HGET', ref(id), 'holder')
  put_back(id)
  audit('lease_expired', id, holder)
end
if #due > 0 then bell() end
return due

-- referral -> 1 when it waits in the queue now. After a restore nobody holds anything.
local id = ARGV[1]
local r = redis.call('HMGET', ref(id), 'state', 'resolved', 'lease')
if r[1] == 'retired' then return 0 end
if r[1] == 'resolved' then
  redis.call('ZADD', P .. 'resolved', r[2] or now, id)
  return 0
end
for _, person in ipairs(persons(id)) do redis.call('SET', P .. 'open:' .. person, id) end
audit('restored', id, 'operator')
bell()
if r[1] == 'parked' then
  redis.call('ZADD', P .. 'parked', r[3], id)
  return 0
end
put(id, 'state', '', 'holder', '', 'lease', 0)
line_up(id)
return 1

-- referral -> 1 when it waits in the queue now. After a restore nobody holds anything.
local id = ARGV[1]
local r = redis.call('HMGET', ref(id), 'state', 'person', 'resolved')
if r[1] == 'retired' then return 0 end
if r[1] == 'resolved' then
  redis.call('ZADD', P .. 'resolved', r[3] or now, id)
  return 0
end
redis.call('SET', P .. 'open:' .. r[2], id)
put_back(id)
audit('restored', id, 'operator')
bell()
return 1

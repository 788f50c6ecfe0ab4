-- op, referral ('' = the next in line), counsellor, lease ms -> {'claimed', id, fence} | {'taken', id} | {'empty'}
local op, id, counsellor, lease = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local kept = before(op)
if kept then return cjson.encode(kept) end
if id == '' then
  id = redis.call('ZRANGE', P .. 'queue', 0, 0)[1]
  if not id then return cjson.encode({'empty'}) end
end
if redis.call('HGET', ref(id), 'state') ~= 'waiting' then return cjson.encode({'taken', id}) end
local fence = give(id, counsellor, lease)
audit('claimed', id, counsellor, 'fence ' .. fence)
bell()
return cjson.encode(after(op, {'claimed', id, tostring(fence)}))

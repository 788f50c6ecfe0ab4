-- op, referral ('' = the next in line), counsellor, lease ms -> {'claimed', id, fence} | {'taken', id} | {'empty'} | {'full'}
local op, id, counsellor, lease = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local kept = before(op)
if kept then return cjson.encode(kept) end

local me = redis.call('HMGET', P .. 'staff:' .. counsellor, 'languages', 'kinds', 'provinces', 'capacity')
local skills = {language = me[1] or '*', kind = me[2] or '*', province = me[3] or '*'}

local function fits(lane)
  if string.sub(lane, 1, 1) == '@' then return lane == '@' .. counsellor end
  for sort, wanted in string.gmatch(lane, '(%a+):(%S+)') do
    if skills[sort] ~= '*' and not string.find(',' .. skills[sort] .. ',', ',' .. wanted .. ',', 1, true) then
      return false
    end
  end
  return true
end

local full = me[4] and redis.call('SCARD', P .. 'hands:' .. counsellor) >= tonumber(me[4])
if id == '' then
  if full then return cjson.encode({'full'}) end
  ripen(20)
  local best = math.huge
  for _, lane in ipairs(redis.call('SMEMBERS', P .. 'lanes')) do
    if fits(lane) then
      local head = redis.call('ZRANGE', P .. 'lane:' .. lane, 0, 0, 'WITHSCORES')
      local score = tonumber(head[2])
      -- Of one millisecond the smaller id comes first, as in the queue itself.
      if score < best or (score == best and head[1] < id) then best, id = score, head[1] end
    end
  end
  if id == '' then return cjson.encode({'empty'}) end
end
local r = redis.call('HMGET', ref(id), 'state', 'level', 'since')
if r[1] ~= 'waiting' then return cjson.encode({'taken', id}) end
if full and r[2] ~= '1' then return cjson.encode({'full'}) end
local fence = give(id, counsellor, lease)
note_wait(r[2], tonumber(r[3]))
redis.call('DEL', P .. 'alarm:ack:' .. r[2])
audit('claimed', id, counsellor, 'fence ' .. fence)
bell()
return cjson.encode(after(op, {'claimed', id, tostring(fence)}))

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
  local lanes, best = redis.call('SMEMBERS', P .. 'lanes'), math.huge
  if #lanes > 0 then
    ripen(20)
    lanes = redis.call('SMEMBERS', P .. 'lanes')
  end
  lanes[#lanes + 1] = ''
  for _, lane in ipairs(lanes) do
    if fits(lane) then
      local first = redis.call('ZRANGE', P .. 'lane:' .. lane, 0, 0, 'WITHSCORES')
      local stands = tonumber(first[2])
      -- Of one millisecond the smaller id comes first, as in the queue itself.
      if stands and (stands < best or (stands == best and first[1] < id)) then best, id = stands, first[1] end
    end
  end
  if id == '' then return cjson.encode({'empty'}) end
end
if case(id).state ~= 'waiting' then return cjson.encode({'taken', id}) end
if full and case(id).level ~= '1' then return cjson.encode({'full'}) end
local fence = give(id, counsellor, lease)
redis.call('DEL', P .. 'alarm:ack:' .. case(id).level)
audit('claimed', id, counsellor, 'fence ' .. fence)
bell()
return cjson.encode(after(op, {'claimed', id, tostring(fence)}))

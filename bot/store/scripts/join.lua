-- op, digest of the code, person who sent it, channel -> {id of the referral she joined} | {}
-- One person on two phones or channels: who received the code on the one and sent it from the other agreed by that.
local kept = before(ARGV[1])
if kept then return cjson.encode(kept) end
local person, channel = ARGV[3], ARGV[4]
local id = redis.call('GETDEL', P .. 'join:' .. ARGV[2])
if not id then return '{}' end
local state = case(id).state
if state ~= 'waiting' and state ~= 'claimed' and state ~= 'parked' then return '{}' end
local other = redis.call('GET', P .. 'open:' .. person)
if other == id then return '{}' end
if other then
  let_go(other)
  for _, line in ipairs(redis.call('XRANGE', P .. 'transcript:' .. other, '-', '+')) do
    redis.call('XADD', P .. 'transcript:' .. id, '*', unpack(line[2]))
    redis.call('HINCRBY', ref(id), 'lines', 1)
  end
  local mine, theirs = case(id), case(other)
  local kinds = both_kinds(mine.kinds, theirs.kinds)
  put(id, 'level', math.min(tonumber(mine.level), tonumber(theirs.level)), 'kinds', kinds)
  put(other, 'state', 'resolved', 'outcome', 'joined', 'resolved', now, 'holder', '', 'lease', 0)
  redis.call('ZADD', P .. 'resolved', now, other)
  redis.call('ZREM', P .. 'promised', other)
  audit('joined', other, 'person', 'into ' .. id)
  if state == 'waiting' then line_up(id) end
end
local also = case(id).also
redis.call('HSET', ref(id), 'also', also == '' and person or also .. ',' .. person, 'heard_on', channel .. ' ' .. person)
redis.call('SET', P .. 'open:' .. person, id)
redis.call('DEL', P .. 'last:' .. person)
audit('joined', id, 'person', 'by ' .. channel)
bell()
return cjson.encode(after(ARGV[1], {id}))

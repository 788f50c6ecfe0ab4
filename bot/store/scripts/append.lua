-- op, person, who, sealed text, channel she wrote from ('' when these are not her words)
-- -> the open referral's id and state, or {} when there is none. Whoever writes again is not kept waiting for her day.
local kept = before(ARGV[1])
if kept then return cjson.encode(kept) end
local person, who = ARGV[2], ARGV[3]
local id = redis.call('GET', P .. 'open:' .. person)
if not id then return '{}' end
if who == 'person' then
  redis.call('HSET', ref(id), 'heard_on', ARGV[5] .. ' ' .. person)
  if case(id).state == 'parked' then
    wake(id, case(id).holder)
    audit('woken', id, 'screen')
  end
end
say(id, who, ARGV[4], '', '', person)
bell()
return cjson.encode(after(ARGV[1], {id, case(id).state}))

-- op, new id, person, channel, language, level, kinds, sealed text, sealed reasons, province ('' when not known)
-- -> {id, created, state, place in line (1 = next; 0 = not in line), counsellors present, graver or of a new kind,
--     how long such people waited lately (ms; -1 when too few)}
local op, id, person, channel, language = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local level, kinds, text, reasons, province = tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local kept = before(op)
if kept then return cjson.encode(kept) end
-- After a failover her key may be gone that her words were sealed with a moment ago: then nobody could read them.
if redis.call('HEXISTS', P .. 'person:' .. person, 'address') == 0 then return redis.error_reply('ERR no such person') end

local present = redis.call('ZCOUNT', P .. 'staff:present', wall, '+inf')
local open = redis.call('GET', P .. 'open:' .. person)
local ended = not open and redis.call('GET', P .. 'last:' .. person)
local created, news = 0, 0
if open or ended then
  id = open or ended
  local c, was = case(id), case(id).level
  local before_level = ended and 4 or tonumber(was)
  local all, further = both_kinds(c.kinds, kinds)
  level = math.min(before_level, level)
  if level < before_level or further then news = 1 end
  put(id, 'level', level, 'kinds', all)
  if province ~= '' then put(id, 'province', province) end
  if ended then
    created = 1
    redis.call('DEL', P .. 'last:' .. person)
    redis.call('ZREM', P .. 'resolved', id)
    redis.call('SET', P .. 'open:' .. person, id)
    wake(id, c.holder)
    audit('reopened', id, 'screen', 'level ' .. level .. ' ' .. all)
  else
    if c.state == 'waiting' then line_up(id) elseif c.state == 'parked' then wake(id, c.holder) end
    if news == 1 then audit('raised', id, 'screen', 'level ' .. was .. ' to ' .. level .. ' ' .. all) end
  end
else
  created, news = 1, 1
  put(id, 'id', id, 'person', person, 'channel', channel, 'language', language, 'level', level,
             'kinds', kinds, 'province', province, 'state', '', 'opened', now, 'since', now, 'known', '', 'holder', '',
             'fence', '0', 'lease', 0, 'lines', 0)
  redis.call('SET', P .. 'open:' .. person, id)
  line_up(id)
  audit('opened', id, 'screen', 'level ' .. level .. ' ' .. kinds)
end
say(id, 'person', text, '', '', person)
if reasons ~= '' then say(id, 'screen', reasons, '', '', person) end
redis.call('HSET', ref(id), 'heard_on', channel .. ' ' .. person)
if created == 1 and present == 0 then redis.call('ZADD', P .. 'promised', now, id) end
bell()
local rank = redis.call('ZRANK', P .. 'queue', id)
local waits = redis.call('HMGET', P .. 'waits', level .. ':mean', level .. ':count')
local usual = (tonumber(waits[2]) or 0) >= 5 and tonumber(waits[1]) or -1
return cjson.encode(after(op, {id, created, case(id).state, rank and rank + 1 or 0, present, news, usual}))

-- op, new id, person, channel, language, level, kinds, sealed text, sealed reasons
-- -> {id, created, state, place in line (1 = next; 0 = not in line), counsellors present, graver or of a new kind}
local op, id, person, channel, language = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local level, kinds, text, reasons = tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9]
local kept = before(op)
if kept then return cjson.encode(kept) end

local open = redis.call('GET', P .. 'open:' .. person)
local created, news = 0, 0
if open then
  id = open
  local r = redis.call('HMGET', ref(id), 'level', 'kinds', 'state', 'opened')
  local higher = math.min(tonumber(r[1]), level)
  local all, seen = {}, {}
  for kind in string.gmatch(r[2] .. ',' .. kinds, '[^,]+') do
    if not seen[kind] then seen[kind] = true; all[#all + 1] = kind end
    if not string.find(',' .. r[2] .. ',', ',' .. kind .. ',', 1, true) then news = 1 end
  end
  redis.call('HSET', ref(id), 'level', higher, 'kinds', table.concat(all, ','))
  if r[3] == 'waiting' then
    redis.call('ZADD', P .. 'queue', score(higher, tonumber(r[4])), id)
  end
  if higher < tonumber(r[1]) then news = 1 end
  if news == 1 then audit('raised', id, 'screen', 'level ' .. r[1] .. ' to ' .. higher .. ' ' .. table.concat(all, ',')) end
else
  created, news = 1, 1
  redis.call('HSET', ref(id), 'id', id, 'person', person, 'channel', channel, 'language', language, 'level', level,
             'kinds', kinds, 'state', 'waiting', 'opened', now, 'holder', '', 'fence', '0', 'lease', 0, 'lines', 0)
  redis.call('SET', P .. 'open:' .. person, id)
  redis.call('ZADD', P .. 'queue', score(level, now), id)
  audit('opened', id, 'screen', 'level ' .. level .. ' ' .. kinds)
end
say(id, 'person', text)
if reasons ~= '' then say(id, 'screen', reasons) end
bell()
local rank = redis.call('ZRANK', P .. 'queue', id)
local present = redis.call('ZCOUNT', P .. 'staff:present', now, '+inf')
return cjson.encode(after(op, {id, created, redis.call('HGET', ref(id), 'state'), rank and rank + 1 or 0, present, news}))

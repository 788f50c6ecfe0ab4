-- ms that a held case may wait for words at level 1, at level 2 -> now, who waits by level, steps taken, held too long
local LOOK = 100

-- The oldest of a level that waits since then or later. Long waiting moves cases up into another level's band: they are
-- passed over, but not more than LOOK of them, since so many alone are worth an alarm.
local function oldest(level, from)
  local low, high = band(level, from)
  local ids = redis.call('ZRANGEBYSCORE', P .. 'queue', low, high, 'LIMIT', 0, LOOK)
  local passed = #ids == LOOK and ids[1] or nil
  for _, id in ipairs(ids) do
    if tonumber(redis.call('HGET', ref(id), 'level')) == level then passed = id break end
  end
  return passed and {passed, redis.call('HGET', ref(passed), 'since')} or nil
end

local waiting, held = {}, {}
for level = 1, 3 do
  local first = oldest(level, 0)
  if first then
    local row = {level = level, oldest = first, count = redis.call('ZCOUNT', P .. 'queue', band(level, 0))}
    local ack = redis.call('HMGET', P .. 'alarm:ack:' .. level, 'by', 'at', 'until')
    if ack[1] and tonumber(ack[3]) > now then
      row.ack = {ack[1], ack[3]}
      row.newer = oldest(level, tonumber(ack[2]))
    end
    waiting[#waiting + 1] = row
  end
end
for level = 1, 2 do
  local low, late = band(level, 0), string.format('%.0f', score(level, now - ARGV[level]))
  local found = redis.call('ZRANGEBYSCORE', P .. 'asked', low, late, 'WITHSCORES', 'LIMIT', 0, LOOK)
  for i = 1, #found, 2 do
    local r = redis.call('HMGET', ref(found[i]), 'holder', 'told_holder', 'told_supervisors')
    held[#held + 1] = {level = level, case = {found[i], tostring(found[i + 1] % 1e13)}, holder = r[1] or '',
                       taken = {r[2] or '', r[3] or ''}}
  end
end
return cjson.encode({now = now, waiting = waiting, held = held, taken = redis.call('HGETALL', P .. 'alarm:taken')})

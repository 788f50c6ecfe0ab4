-- The queue's own moves; this text stands in every script after common.lua.
local AGES_MS = 4 * 3600 * 1000
local REOPENS_S = 72 * 3600

-- Level, then since when it waits. One of level 3 that has waited for AGES_MS stands with level 2, as if it came then.
local function place(level, since)
  if level == 3 and now - since >= AGES_MS then return score(2, since + AGES_MS) end
  return score(level, since)
end

-- Whom it waits for: who knows it, else who has the skills that somebody on the staff lacks; anybody in the end.
local function lane_of(level, since, language, kinds, province, known)
  local step, waited = level == 1 and 60000 or 210000, now - since
  local changes = nil
  if known ~= '' and waited < step then return '@' .. known, since + step end
  if redis.call('EXISTS', P .. 'staff:lacking') == 0 or waited >= 2 * step then return '', nil end
  local wants = {'language:' .. language}
  if waited < step then
    for kind in string.gmatch(kinds, '[^,]+') do wants[#wants + 1] = 'kind:' .. kind end
    if province ~= '' then wants[#wants + 1] = 'province:' .. province end
    changes = since + step
  else
    changes = since + 2 * step
  end
  local lacked, lane = redis.call('SMISMEMBER', P .. 'staff:lacking', unpack(wants)), {}
  for i, lacks in ipairs(lacked) do if lacks == 1 then lane[#lane + 1] = wants[i] end end
  table.sort(lane)
  return table.concat(lane, ' '), changes
end

-- All kinds of two lists, none twice, and whether the second brought one.
local function both_kinds(some, others)
  local all, seen, further = {}, {}, false
  for kind in string.gmatch(some, '[^,]+') do all[#all + 1], seen[kind] = kind, true end
  for kind in string.gmatch(others, '[^,]+') do
    if not seen[kind] then all[#all + 1], seen[kind], further = kind, true, true end
  end
  return table.concat(all, ','), further
end

-- The scores of the queue between which a level stands, since then or later; long waiting lifts cases into another's.
local function band(level, from)
  return string.format('%.0f', score(level, from)), '(' .. string.format('%.0f', score(level + 1, 0))
end

local function leave_lane(id, lane)
  redis.call('ZREM', P .. 'lane:' .. lane, id)
  if lane ~= '' and redis.call('EXISTS', P .. 'lane:' .. lane) == 0 then redis.call('SREM', P .. 'lanes', lane) end
end

-- Puts it where it belongs now, in the queue and in its lane, and notes when that changes.
local function line_up(id)
  local c = case(id)
  local level, since = tonumber(c.level), tonumber(c.since)
  local stands = place(level, since)
  local lane, changes = lane_of(level, since, c.language, c.kinds, c.province, c.known)
  if c.state ~= 'waiting' then put(id, 'state', 'waiting', 'lane', lane)
  elseif c.lane ~= lane then
    leave_lane(id, c.lane)
    put(id, 'lane', lane)
  end
  redis.call('ZADD', P .. 'queue', stands, id)
  redis.call('ZADD', P .. 'lane:' .. lane, stands, id)
  if lane ~= '' then redis.call('SADD', P .. 'lanes', lane) end
  if level == 3 and stands > 3e13 then changes = math.min(changes or math.huge, since + AGES_MS) end
  if changes then redis.call('ZADD', P .. 'ripens', changes, id) else redis.call('ZREM', P .. 'ripens', id) end
end

-- Those whose time has come stand with a higher level or wait for more people.
local function ripen(at_most)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'ripens', 0, now, 'LIMIT', 0, at_most)) do line_up(id) end
end

-- Takes it out of wherever it is, on the way into somebody's hands.
local function take_out(id)
  local c = case(id)
  if c.state == 'waiting' then
    redis.call('ZREM', P .. 'queue', id)
    redis.call('ZREM', P .. 'ripens', id)
    leave_lane(id, c.lane)
  elseif c.state == 'claimed' then
    redis.call('ZREM', P .. 'leases', id)
    redis.call('SREM', P .. 'hands:' .. c.holder, id)
  elseif c.state == 'parked' then
    redis.call('ZREM', P .. 'parked', id)
  end
end

-- The same on the way to anywhere else: nobody owes her words now.
local function let_go(id)
  take_out(id)
  if case(id).state == 'claimed' then redis.call('ZREM', P .. 'asked', id) end
end

local function put_back(id)
  let_go(id)
  put(id, 'state', '', 'holder', '', 'lease', 0)
  line_up(id)
end

-- Into somebody's hands, under a new fencing token.
local function give(id, counsellor, lease_ms)
  take_out(id)
  local fence = redis.call('INCR', P .. 'fence')
  put(id, 'state', 'claimed', 'holder', counsellor, 'fence', fence, 'lease', now + lease_ms, 'known', '')
  redis.call('ZADD', P .. 'leases', now + lease_ms, id)
  redis.call('SADD', P .. 'hands:' .. counsellor, id)
  redis.call('ZADD', P .. 'asked', 'NX', score(tonumber(case(id).level), now), id)
  return fence
end

-- Somebody whose referral was laid aside, or ended a while ago, waits again: from now on, and first for whoever knows
-- her, if that one is on duty.
local function wake(id, known)
  let_go(id)
  local until_when = redis.call('ZSCORE', P .. 'staff:present', known)
  if not until_when or tonumber(until_when) <= wall then known = '' end
  put(id, 'state', '', 'holder', '', 'lease', 0, 'since', now, 'known', known)
  line_up(id)
end

-- Everybody who writes in it: one person may use two phones or channels.
local function persons(id)
  local c, all = case(id), {}
  for person in string.gmatch(c.person .. ',' .. c.also, '[^,]+') do all[#all + 1] = person end
  return all
end

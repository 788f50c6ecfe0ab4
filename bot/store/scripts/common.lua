-- KEYS[1] is the prefix of the site's keys; every script begins with this text.
local P = KEYS[1]
local clock = redis.call('TIME')
local wall = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- The queue's time never runs backwards. When the server's clock is set back, it goes on at half speed until the
-- clock has come up with it: the order stays, and leases still end, after twice their time at most.
local head = redis.call('HMGET', P .. 'audit:head', 'n', 'chain', 'wall', 'now')
local marked, reached = tonumber(head[3]) or wall, tonumber(head[4]) or 0
local now = math.max(wall, reached + (wall < marked and 1 or math.floor((wall - marked) / 2)))

-- Once a second is often enough for leases; what is ordered by time is marked when it is written down (audit).
if not head[3] or math.abs(wall - marked) >= 1000 then
  redis.call('HSET', P .. 'audit:head', 'wall', wall, 'now', now)
end

-- Each entry carries its number and a hash over itself and the entry before it (bot/store/audit.py verifies).
local rung = false
local function audit(action, referral, actor, note)
  local n = string.format('%.0f', (tonumber(head[1]) or 0) + 1)
  local at = string.format('%.0f', now)
  local chain = redis.sha1hex(table.concat({head[2] or '', n, at, action, referral, actor, note or ''}, '\n'))
  redis.call('XADD', P .. 'audit', '*', 'n', n, 'at', at, 'action', action, 'referral', referral,
             'actor', actor, 'note', note or '', 'chain', chain)
  redis.call('HSET', P .. 'audit:head', 'n', n, 'chain', chain, 'wall', wall, 'now', now)
  head[1], head[2], rung = n, chain, true
end

-- What a screen shows has changed. An entry of the audit says so by itself (Store.bell).
local function bell()
  if not rung then redis.call('INCR', P .. 'bell') end
end

local KEPT_S = 86400

-- An operation that is asked for twice is done once; the second asker gets the first one's result.
-- That is a write too: only after a write can the second asker's connection wait for replicas (WAITAOF).
local function before(op)
  local kept = redis.call('GET', P .. 'op:' .. op)
  if not kept then return nil end
  redis.call('EXPIRE', P .. 'op:' .. op, KEPT_S)
  return cjson.decode(kept)
end

local function after(op, result)
  redis.call('SET', P .. 'op:' .. op, cjson.encode(result), 'EX', KEPT_S)
  return result
end

local function score(level, since) return level * 1e13 + since end

local function ref(id) return P .. 'referral:' .. id end

-- What the queue needs of a referral, read once in a script; `put` writes to both.
local FIELDS = {'state', 'holder', 'fence', 'lease', 'level', 'since', 'language', 'kinds', 'province', 'known', 'lane',
                'person', 'also'}
local cases = {}
local function case(id)
  if cases[id] then return cases[id] end
  local found, c = redis.call('HMGET', ref(id), unpack(FIELDS)), {}
  for i, field in ipairs(FIELDS) do c[field] = found[i] or '' end
  cases[id] = c
  return c
end

local function put(id, ...)
  redis.call('HSET', ref(id), ...)
  local c, given = cases[id], {...}
  if c then for i = 1, #given, 2 do c[given[i]] = given[i + 1] end end
end

-- True when this counsellor still holds this referral under this fencing token and lease.
local function holds(id, counsellor, fence)
  local c = case(id)
  return c.state == 'claimed' and c.holder == counsellor and c.fence == fence and tonumber(c.lease) > now
end

-- The person of a case in a counsellor's hands waits for her words, from the first line that got none.
local function await_words(id)
  local c = case(id)
  if c.state ~= 'claimed' then return end
  local since = (redis.call('ZSCORE', P .. 'asked', id) or now) % 1e13
  redis.call('ZADD', P .. 'asked', score(tonumber(c.level), since), id)
end

-- shown: id of the message in the outbox; by: which counsellor; of: the person whose key sealed it
local function say(id, who, sealed, shown, by, of)
  redis.call('XADD', P .. 'transcript:' .. id, '*', 'at', now, 'who', who, 'sealed', sealed, 'out', shown or '',
             'by', by or '', 'of', of or '')
  redis.call('HINCRBY', ref(id), 'lines', 1)
  if who == 'person' then await_words(id) elseif who == 'counsellor' then redis.call('ZREM', P .. 'asked', id) end
end

-- Takes back that a message was tried just now.
local function untried(key)
  local held = redis.call('HINCRBY', key, 'held', 1)
  redis.call('HDEL', key, 'failing')
  if held == tonumber(redis.call('HGET', key, 'attempts')) then redis.call('HDEL', key, 'tried') end
end

-- What became of a message that the platform took under this id. Delivered is final; nothing leads back to "sent".
local function follow(message, by, state, says)
  local key = P .. 'out:message:' .. message
  local r = redis.call('HMGET', key, 'state', 'by', 'referral')
  if r[2] ~= by then return 'old' end
  if state == 'delivered' and (r[1] == 'sent' or r[1] == 'dead' or r[1] == 'aside') then
    redis.call('HSET', key, 'state', 'delivered', 'error', '')
    redis.call('EXPIRE', key, 2592000)
    redis.call('ZREM', P .. 'out:dead', message)
  elseif state == 'failed' and r[1] == 'sent' then
    redis.call('HSET', key, 'state', 'dead', 'error', says, 'settled', now)
    redis.call('PERSIST', key)
    redis.call('ZADD', P .. 'out:dead', now, message)
    audit('undeliverable', r[3], 'platform', says)
  else
    return 'old'
  end
  redis.call('ZREM', P .. 'out:followed', message)
  bell()
  return 'ok'
end

-- Under which id the platform took a message; a report that came before is followed now.
local function note_id(message, by)
  if by == '' then return end
  redis.call('HSET', P .. 'out:message:' .. message, 'by', by)
  redis.call('SET', P .. 'out:by:' .. by, message, 'EX', 2592000)
  local early = redis.call('GET', P .. 'out:early:' .. by)
  if not early then return end
  redis.call('DEL', P .. 'out:early:' .. by)
  early = cjson.decode(early)
  follow(message, by, early[1], early[2])
end

-- How many messages the platform still takes to her; 0 too when nothing is known of her.
local function left_for(person)
  local r = redis.call('HMGET', P .. 'window:' .. person, 'until', 'left')
  if not r[1] or tonumber(r[1]) <= now then return 0 end
  return tonumber(r[2])
end

-- At the end of the person's line; it is due now, unless something is put off that stands before it.
local function stand_in_line(message, person)
  redis.call('RPUSH', P .. 'out:line:' .. person, message)
  redis.call('ZADD', P .. 'out:due', 'NX', now, person)
end

local function post(message, person, channel, sealed, referral)
  redis.call('HSET', P .. 'out:message:' .. message, 'person', person, 'channel', channel, 'sealed', sealed,
             'referral', referral, 'state', 'waiting', 'attempts', 0, 'created', now, 'maybe_sent', 0)
  stand_in_line(message, person)
end

-- op, message id, who, 'again' | 'aside' -> 'ok' | 'gone' (it is not given up, or not any more)
-- What is sent again goes to the end of the person's line.
local kept = before(ARGV[1])
if kept then return kept[1] end
local id, who, again = ARGV[2], ARGV[3], ARGV[4] == 'again'
local key = P .. 'out:message:' .. id
local r = redis.call('HMGET', key, 'state', 'person', 'referral', 'attempts', 'maybe_sent')
if r[1] ~= 'dead' then return 'gone' end
redis.call('ZREM', P .. 'out:dead', id)
if again then
  redis.call('HSET', key, 'state', 'waiting', 'error', '', 'by', '', 'held', r[4])
  redis.call('HDEL', key, 'failing')
  if r[5] ~= '1' then redis.call('HDEL', key, 'tried') end
  stand_in_line(id, r[2])
else
  redis.call('HSET', key, 'state', 'aside')
end
audit(again and 'sent_again' or 'put_aside', r[3], who)
bell()
after(ARGV[1], {'ok'})
return 'ok'

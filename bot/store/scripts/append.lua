-- op, person, who, sealed text -> the open referral's id and state, or {} when there is none
local kept = before(ARGV[1])
if kept then return cjson.encode(kept) end
local id = redis.call('GET', P .. 'open:' .. ARGV[2])
if not id then return '{}' end
say(id, ARGV[3], ARGV[4])
bell()
return cjson.encode(after(ARGV[1], {id, redis.call('HGET', ref(id), 'state')}))

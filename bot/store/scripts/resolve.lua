-- op, referral, counsellor, fence, outcome, message id, sealed hand-back for the outbox, person, channel -> 'ok' | 'stale'
local kept = before(ARGV[1])
if kept then return kept[1] end
local id = ARGV[2]
if not holds(id, ARGV[3], ARGV[4]) then return 'stale' end
let_go(id)
put(id, 'state', 'resolved', 'outcome', ARGV[5], 'resolved', now, 'lease', 0,
           'hand_back', ARGV[6])
redis.call('ZADD', P .. 'resolved', now, id)
for _, person in ipairs(persons(id)) do
  redis.call('DEL', P .. 'open:' .. person)
  redis.call('SET', P .. 'last:' .. person, id, 'EX', REOPENS_S)
end
post(ARGV[6], ARGV[8], ARGV[9], ARGV[7], id)
audit('resolved', id, ARGV[3], ARGV[5])
bell()
after(ARGV[1], {'ok'})
return 'ok'

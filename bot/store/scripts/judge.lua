-- op, referral, counsellor, fence, 'right' | 'wrong', sealed texts ('' = not released) -> 'ok' | 'stale'
-- A second verdict on the same referral stands beside the first; whoever counts takes the last.
local kept = before(ARGV[1])
if kept then return kept[1] end
local id = ARGV[2]
if not holds(id, ARGV[3], ARGV[4]) then return 'stale' end
local r = redis.call('HMGET', ref(id), 'level', 'kinds', 'language', 'channel')
redis.call('HSET', ref(id), 'judged', ARGV[5])
redis.call('XADD', P .. 'verdicts', '*', 'at', now, 'referral', id, 'verdict', ARGV[5], 'level', r[1], 'kinds', r[2],
           'language', r[3], 'channel', r[4], 'released', ARGV[6])
audit('judged', id, ARGV[3], ARGV[5] .. (ARGV[6] ~= '' and ', words released' or ''))
bell()
after(ARGV[1], {'ok'})
return 'ok'

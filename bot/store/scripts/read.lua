-- referral, counsellor, opened anew ('1' or ''), before which line ('' = from the newest), how many at most
-- -> lines of the transcript, newest first
-- Every opening stands in the audit, and at least one reading for every claim, however it came about.
local seen = redis.call('HMGET', ref(ARGV[1]), 'fence', 'read_fence')
if ARGV[3] == '1' or seen[1] ~= seen[2] then
  redis.call('HSET', ref(ARGV[1]), 'read_fence', seen[1])
  audit('read', ARGV[1], ARGV[2])
end
return redis.call('XREVRANGE', P .. 'transcript:' .. ARGV[1], ARGV[4] == '' and '+' or '(' .. ARGV[4], '-',
                  'COUNT', tonumber(ARGV[5]))

-- op, referral, counsellor, fence, to ('' = back to its old place in the queue), lease ms -> 'ok' | 'stale'
local kept = before(ARGV[1])
if kept then return kept[1] end
local id = ARGV[2]
if not holds(id, ARGV[3], ARGV[4]) then return 'stale' end
if ARGV[5] == '' then
  put_back(id)
  audit('returned', id, ARGV[3])
else
  give(id, ARGV[5], tonumber(ARGV[6]))
  audit('transferred', id, ARGV[3], 'to ' .. ARGV[5])
end
bell()
after(ARGV[1], {'ok'})
return 'ok'

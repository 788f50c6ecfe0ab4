-- op, referral, supervisor, to ('' = back to the queue), lease ms -> 'ok' | 'gone'
-- A supervisor takes it out of wherever it is: whoever held it gets 'stale' from now on.
local kept = before(ARGV[1])
if kept then return kept[1] end
local id, to = ARGV[2], ARGV[4]
local state = case(id).state
if state ~= 'waiting' and state ~= 'claimed' and state ~= 'parked' then return 'gone' end
if to == '' then put_back(id) else give(id, to, tonumber(ARGV[5])) end
audit('reassigned', id, ARGV[3], to == '' and 'to the queue' or 'to ' .. to)
bell()
after(ARGV[1], {'ok'})
return 'ok'

-- op, referral, counsellor, fence, sealed text -> 'ok' | 'stale'. For colleagues; it is never sent.
local kept = before(ARGV[1])
if kept then return kept[1] end
if not holds(ARGV[2], ARGV[3], ARGV[4]) then return 'stale' end
say(ARGV[2], 'note', ARGV[5], '', ARGV[3])
audit('noted', ARGV[2], ARGV[3])
bell()
after(ARGV[1], {'ok'})
return 'ok'

-- message id, person, channel, sealed text, referral -> 1 when it is new
if redis.call('EXISTS', P .. 'out:message:' .. ARGV[1]) == 1 then return 0 end
post(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
return 1

-- referral, counsellor, write an audit entry ('1' or '') -> the transcript; reads are audited once when opened
if ARGV[3] == '1' then audit('read', ARGV[1], ARGV[2]) end
return redis.call('XRANGE', P .. 'transcript:' .. ARGV[1], '-', '+')

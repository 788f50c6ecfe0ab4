-- person -> {when she wrote, open until (ms), messages that the platform still takes, messages in line} or nil
local r = redis.call('HMGET', P .. 'window:' .. ARGV[1], 'wrote', 'until')
if not r[1] then return nil end
return {r[1], r[2], tostring(left_for(ARGV[1])), tostring(redis.call('LLEN', P .. 'out:line:' .. ARGV[1]))}

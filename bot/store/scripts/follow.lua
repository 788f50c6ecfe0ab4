-- channel and digest of the platform's id, 'delivered' | 'failed', reason -> 'ok' | 'early' | 'old'
-- A report may come before the worker has noted the id (settle.lua); it is kept until then, the final one for good.
local by = ARGV[1]
local message = redis.call('GET', P .. 'out:by:' .. by)
if message then return follow(message, by, ARGV[2], ARGV[3]) end
local kept = redis.call('GET', P .. 'out:early:' .. by)
if not kept or cjson.decode(kept)[1] ~= 'delivered' then
  redis.call('SET', P .. 'out:early:' .. by, cjson.encode({ARGV[2], ARGV[3]}), 'EX', 86400)
end
return 'early'

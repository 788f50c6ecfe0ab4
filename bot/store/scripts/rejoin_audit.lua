-- After a restore: the audit's head and seals were copied a moment before or after its entries, and must fit them.
local last = redis.call('XREVRANGE', P .. 'audit', '+', '-', 'COUNT', 1)[1]
local fields = {}
if last then for i = 1, #last[2], 2 do fields[last[2][i]] = last[2][i + 1] end end
redis.call('DEL', P .. 'audit:head')
if fields.n then redis.call('HSET', P .. 'audit:head', 'n', fields.n, 'chain', fields.chain) end
for _, seal in ipairs(redis.call('XREVRANGE', P .. 'audit:seals', '+', '-', 'COUNT', 100)) do
  local n = nil
  for i = 1, #seal[2], 2 do if seal[2][i] == 'n' then n = tonumber(seal[2][i + 1]) end end
  if n and n > (tonumber(fields.n) or 0) then redis.call('XDEL', P .. 'audit:seals', seal[1]) end
end
return 'ok'

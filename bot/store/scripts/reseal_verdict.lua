-- entry, sealed words, the same sealed anew -> 1 when they were exchanged
-- An entry of a stream cannot be changed: it is written again with its old time, by which verdicts are read.
local row = redis.call('XRANGE', P .. 'verdicts', ARGV[1], ARGV[1])[1]
if not row then return 0 end
local fields, found = row[2], false
for i = 1, #fields, 2 do
  if fields[i] == 'released' and fields[i + 1] == ARGV[2] then
    fields[i + 1] = ARGV[3]
    found = true
  end
end
if not found then return 0 end
redis.call('XADD', P .. 'verdicts', '*', unpack(fields))
redis.call('XDEL', P .. 'verdicts', ARGV[1])
return 1

-- How many watch each of some subjects at this moment, in this shard. ARGV: now, then their names.
-- Returns a number for each, in their order.
local found = {}
for at = 2, #ARGV do
  found[#found + 1] = redis.call('ZCOUNT', key('live', ARGV[at]), '(' .. ARGV[1], '+inf')
end
return found

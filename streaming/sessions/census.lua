-- How many watch each asset, in this shard. ARGV: now. Returns {asset, viewers, asset, viewers, …}.
local found = {}
for _, asset in ipairs(redis.call('SMEMBERS', ASSETS)) do
  local live = key('live', asset)
  redis.call('ZREMRANGEBYSCORE', live, '-inf', ARGV[1])
  local viewers = redis.call('ZCARD', live)
  if viewers == 0 then
    redis.call('SREM', ASSETS, asset)
  else
    found[#found + 1] = asset
    found[#found + 1] = viewers
  end
end
return found

-- How many watch each subject, in this shard. ARGV: now. Returns {subject, viewers, subject, viewers, …}.
local found = {}
for _, subject in ipairs(redis.call('SMEMBERS', SUBJECTS)) do
  local live = key('live', subject)
  redis.call('ZREMRANGEBYSCORE', live, '-inf', ARGV[1])
  local viewers = redis.call('ZCARD', live)
  if viewers == 0 then
    redis.call('SREM', SUBJECTS, subject)
  else
    found[#found + 1] = subject
    found[#found + 1] = viewers
  end
end
return found

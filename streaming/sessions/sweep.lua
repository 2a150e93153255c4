-- Close sessions that had no news for too long.
-- ARGV: now, how many at most. Returns how many were closed.
local now = tonumber(ARGV[1])
local lapsed = redis.call('ZRANGEBYSCORE', OPEN, '-inf', now, 'LIMIT', 0, ARGV[2])
for _, id in ipairs(lapsed) do
  local session = key('session', id)
  local subject, revision = unpack(redis.call('HMGET', session, 'subject', 'revision'))
  redis.call('ZREM', OPEN, id)
  if subject then
    redis.call('ZREM', key('live', subject), id)
    redis.call('HSET', session, 'over', 'expired')
    tell(id, number(revision), now, now)
  end
end
return #lapsed

-- Who watches a subject, in this shard.
-- ARGV: now, subject, day. Returns {viewers now, pending attempts, starts, views, unique visitors of the day}.
local pending = redis.call('HMGET', key('pending', ARGV[2]), 'attempts', 'starts', 'views')
return {
  redis.call('ZCOUNT', key('live', ARGV[2]), '(' .. ARGV[1], '+inf'),
  number(pending[1]), number(pending[2]), number(pending[3]),
  redis.call('PFCOUNT', key('unique', ARGV[3] .. ':' .. ARGV[2])),
}

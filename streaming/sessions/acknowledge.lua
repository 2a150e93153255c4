-- The ledger has heard: sessions that have not changed since are no longer marked, and over ones are let go once
-- nothing can come for them any more.
-- ARGV: now, pause (ms), then for each session: name, the revision that was told, and the attempts, starts and views
--       that the ledger now holds of it.
local now, pause = tonumber(ARGV[1]), tonumber(ARGV[2])
for at = 3, #ARGV, 5 do
  local id, revision = ARGV[at], ARGV[at + 1]
  local session = key('session', id)
  local subject, current, over, seen = unpack(redis.call('HMGET', session, 'subject', 'revision', 'over', 'seen'))
  if subject then
    for index, name in ipairs({'attempts', 'starts', 'views'}) do
      local held = tonumber(ARGV[at + 1 + index])
      local gain = held - number(redis.call('HGET', session, 'told_' .. name))
      if gain > 0 then
        redis.call('HSET', session, 'told_' .. name, held)
        if redis.call('HINCRBY', key('pending', subject), name, -gain) == 0 then
          redis.call('HDEL', key('pending', subject), name)
        end
      end
    end
    if current == revision then
      redis.call('ZREM', DIRTY, id)
      if over then redis.call('PEXPIRE', session, math.max(1, number(seen) + pause - now)) end
    end
  end
end
return redis.status_reply('OK')

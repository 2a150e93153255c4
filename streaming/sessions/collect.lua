-- Sessions that the ledger should hear of now; they stay marked until acknowledge.lua.
-- ARGV: now, how many at most.
-- Returns for each {name, revision, subject, viewer, device, begun, seen, state, viewed, position, started, played,
-- rebuffer, rebuffers, startup, kbit, content, latency, technical, business}.
local found = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', DIRTY, '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])) do
  local subject, viewer, device, begun, seen, over, paused, revision, viewed, position, started, played, rebuffer,
    rebuffers, startup, kbit, content, latency, technical, business = unpack(redis.call('HMGET', key('session', id),
    'subject', 'viewer', 'device', 'begun', 'seen', 'over', 'paused', 'revision', 'viewed', 'position', 'started',
    'played', 'rebuffer', 'rebuffers', 'startup', 'kbit', 'content', 'latency', 'technical', 'business'))
  if subject then
    found[#found + 1] = {id, number(revision), subject, viewer or '', device or '', number(begun), number(seen),
      state_of(over, paused, started), number(viewed), number(position), number(started), number(played),
      number(rebuffer), number(rebuffers), number(startup), number(kbit), number(content), number(latency),
      number(technical), number(business)}
  else
    redis.call('ZREM', DIRTY, id)
  end
end
return found

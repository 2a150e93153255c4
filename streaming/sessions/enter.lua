-- Begin a session, or restore one that was lost; one that is there stays as it is.
-- ARGV: now, id, asset, viewer, device, begun, threshold, lapse, settle, attempt, attempt's time to live,
--       then what the ledger knows of it already: attempts, starts, views, played, rebuffer, rebuffers, startup, kbit,
--       technical, business.
-- Returns {id (an earlier one, if this attempt is a repeated request), "position:when" of the viewer or ""}.
local now, id, asset, viewer, device = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local begun, threshold, lapse, settle = ARGV[6], ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9])
local attempt, remembered = ARGV[10], ARGV[11]
local told_attempts, told_starts, told_views = ARGV[12], ARGV[13], ARGV[14]

if attempt ~= '' and not redis.call('SET', key('attempt', attempt), id, 'NX', 'PX', remembered) then
  id = redis.call('GET', key('attempt', attempt))
elseif redis.call('EXISTS', key('session', id)) == 0 then
  redis.call('HSET', key('session', id), 'asset', asset, 'viewer', viewer, 'device', device, 'begun', begun,
    'threshold', threshold, 'seen', now, 'told_attempts', told_attempts, 'told_starts', told_starts,
    'told_views', told_views, 'started', told_starts, 'viewed', told_views, 'played', ARGV[15], 'rebuffer', ARGV[16],
    'rebuffers', ARGV[17], 'startup', ARGV[18], 'kbit', ARGV[19], 'technical', ARGV[20], 'business', ARGV[21])
  redis.call('ZADD', OPEN, now + lapse, id)
  if told_attempts == '0' then
    redis.call('HINCRBY', key('pending', asset), 'attempts', 1)
  end
  tell(id, 0, now, now + settle)
end

return {id, viewer ~= '' and redis.call('HGET', key('resume', viewer), asset) or ''}

-- Begin a session, or restore one that was lost; one that is there stays as it is.
-- ARGV: now, name, subject, viewer, device, begun, threshold, lapse, settle, whole id, attempt, its time to live,
--       then what the ledger knows of it already: the KNOWN.
-- Returns {whole id (an earlier one, if this attempt is a repeated request), "position:when" of the viewer or ""}.
local KNOWN = {'told_attempts', 'told_starts', 'told_views', 'played', 'rebuffer', 'rebuffers', 'startup', 'kbit',
  'content', 'latency', 'technical', 'business'}
local now, id, subject, viewer, device = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local begun, threshold, lapse, settle = ARGV[6], ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9])
local whole, attempt, remembered = ARGV[10], ARGV[11], ARGV[12]
local FIRST = 12

if attempt ~= '' and not redis.call('SET', key('attempt', attempt), whole, 'NX', 'PX', remembered) then
  whole = redis.call('GET', key('attempt', attempt))
elseif redis.call('EXISTS', key('session', id)) == 0 then
  local known = {}
  for index, name in ipairs(KNOWN) do known[name] = ARGV[FIRST + index] end
  known.started, known.viewed, known.viewer, known.device = known.told_starts, known.told_views, viewer, device
  local write = {'subject', subject, 'begun', begun, 'threshold', threshold, 'seen', now}
  for name, value in pairs(known) do
    if value ~= '' and value ~= '0' then -- what is not there is nothing: a session is small
      write[#write + 1] = name
      write[#write + 1] = value
    end
  end
  redis.call('HSET', key('session', id), unpack(write))
  redis.call('ZADD', OPEN, now + lapse, id)
  if known.told_attempts == '0' then
    redis.call('HINCRBY', key('pending', subject), 'attempts', 1)
  end
  tell(id, 0, now, now + settle)
end

return {whole, viewer ~= '' and redis.call('HGET', key('resume', viewer), subject) or ''}

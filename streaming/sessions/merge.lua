-- Take what players report of some sessions of a shard: merge by maximum, decide start and view, move the time at which
-- the session lapses, keep the set of viewers. The counterpart of `News.__or__` in model.py.
-- ARGV: now, pause, settle, checkpoint, time to live of resume positions (ms); then for each session, as MessagePack:
--       name, lapse (ms), last seq, end seq, {seq, value} of paused, {seq, value} of position, {the COUNTERS}.
-- Returns for each {code, state, viewed, played}; code 0 taken, 1 not known here, 2 over.
local TAKEN, UNKNOWN, OVER = 0, 1, 2
local now, pause, settle, checkpoint = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local remembered = ARGV[5]

local COUNTERS = {'started', 'played', 'rebuffer', 'rebuffers', 'startup', 'kbit', 'content', 'latency', 'technical',
  'business'}

local function merge(id, lapse, last_seq, end_seq, paused, position, counters)
  local session = key('session', id)
  local values = redis.call('HGETALL', session) -- one pass over a small hash; HMGET would make one for each field
  local was = {}
  for index = 1, #values, 2 do was[values[index]] = values[index + 1] end
  if not was.subject then return {UNKNOWN, '', 0, 0} end

  local seen, ended, viewed = number(was.seen), was.over == 'ended', number(was.viewed)
  -- What overtook the end on its way, or comes again, still counts; what was reported after the end does not.
  if (ended and last_seq > number(was.end_seq)) or (not ended and now - seen > pause) then
    local again = ended and end_seq > 0
    return {again and TAKEN or OVER, again and 'ended' or (ended and 'ended' or 'expired'), viewed, number(was.played)}
  end

  local write, is = {}, {}
  local function set(name, value)
    is[name] = value
    if number(was[name]) ~= value then
      write[#write + 1] = name
      write[#write + 1] = value
    end
  end
  for index, name in ipairs(COUNTERS) do
    set(name, math.max(number(was[name]), counters[index]))
  end
  for name, stamped in pairs({paused = paused, position = position}) do
    local seq, value = stamped[1], stamped[2]
    local old_seq, old = number(was[name .. '_seq']), number(was[name])
    if seq > old_seq or (seq == old_seq and value > old) then
      set(name .. '_seq', seq)
      set(name, value)
      if name == 'position' and was.viewer then
        local resume = key('resume', was.viewer)
        redis.call('HSET', resume, was.subject, value .. ':' .. now)
        redis.call('PEXPIRE', resume, remembered)
      end
    else
      is[name] = old
    end
  end
  set('seen', math.max(seen, now))

  local news = false -- is there something that the ledger should hear of?
  if is.started > number(was.started) then
    redis.call('HINCRBY', key('pending', was.subject), 'starts', 1)
    news = true
  end
  if viewed == 0 and is.started == 1 and is.played >= tonumber(was.threshold) then
    viewed = 1
    set('viewed', 1)
    redis.call('HINCRBY', key('pending', was.subject), 'views', 1)
    news = true
  end
  news = news or is.technical > number(was.technical) or is.business > number(was.business)
    or now - number(was.marked) >= checkpoint

  local over, live = was.over, key('live', was.subject)
  local ends = end_seq > 0 and not ended
  if ends then
    over = 'ended'
    write[#write + 1] = 'over'
    write[#write + 1] = over
    set('end_seq', end_seq)
    redis.call('ZREM', OPEN, id)
    redis.call('ZREM', live, id)
  elseif not ended then
    if over then -- it had lapsed: the viewer is back in time
      over, news = false, true
      redis.call('HDEL', session, 'over')
    end
    local lapses = now + (is.paused == 1 and pause or lapse)
    redis.call('ZADD', OPEN, lapses, id)
    if is.started == 0 or is.paused == 1 then
      redis.call('ZREM', live, id)
    elseif redis.call('ZADD', live, lapses, id) == 1 then
      redis.call('SADD', SUBJECTS, was.subject)
    end
  end
  if #write > 0 then redis.call('HSET', session, unpack(write)) end
  if ends or ended then
    tell(id, number(was.revision), now, now)
  elseif news then
    tell(id, number(was.revision), now, now + settle)
  end
  local late = ended and end_seq == 0
  return {late and OVER or TAKEN, state_of(over, is.paused, is.started), viewed, is.played}
end

local replies = {}
for at = 6, #ARGV do
  replies[#replies + 1] = merge(unpack(cmsgpack.unpack(ARGV[at])))
end
return replies

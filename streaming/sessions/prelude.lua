-- Stands before every script. All keys of a session are in one shard, and KEYS[1] is the shard's prefix with its hash
-- tag (`channel:sessions:{7}:`): the keys below it are in the same slot of a cluster, so scripts may build them.
--
--   session:NAME    hash    a session; what is 0 or empty is left out
--   open            zset    every session that is not over, by the time (ms) at which it lapses without news
--   live:SUBJECT    zset    those of them that are playing this subject, by the same time
--   subjects        set     subjects that have a live set
--   dirty           zset    sessions that the ledger has yet to hear of, by the time at which it should
--   pending:SUBJECT hash    attempts, starts and views that the ledger has yet to hear of
--   resume:VIEWER   hash    asset to "position:when" (ms)
--   attempt:KEY     string  the session that this attempt has led to
--   unique:DAY:SUBJECT  HyperLogLog of visitors
--
-- A SUBJECT is an asset's id, or CHANNEL.EVENT (subject.py).
local function key(kind, name)
  return KEYS[1] .. kind .. ':' .. name
end

local OPEN, SUBJECTS, DIRTY = KEYS[1] .. 'open', KEYS[1] .. 'subjects', KEYS[1] .. 'dirty'

local function number(value)
  return tonumber(value) or 0
end

local function state_of(over, paused, started)
  if over and over ~= '' then return over end
  if number(paused) == 1 then return 'paused' end
  return number(started) == 1 and 'playing' or 'opened'
end

-- Have the ledger told of a session, and keep it until then: at `due`, or earlier if that is arranged already. The
-- revision is a clock, so that it also grows across a loss of all of this.
local function tell(id, revision, now, due)
  redis.call('HSET', key('session', id), 'revision', math.max(revision + 1, now), 'marked', now)
  redis.call('PERSIST', key('session', id))
  redis.call('ZADD', DIRTY, 'LT', due, id)
end

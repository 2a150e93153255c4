"""What the engine does not offer, in Lua beside its keys: single flight by name over levels, cancel and list by group.

Every script takes one argument, JSON with `lanes` (see `infra.jobs.lanes.Lane`), most urgent first. A task exists while
its engine data (`lane.task .. id`) does: the engine deletes that in the same transaction that ends the task.
"""

from __future__ import annotations

from typing import Final

_PRELUDE: Final = """
local ask = cjson.decode(ARGV[1])
local function exists(lane, id) return redis.call('EXISTS', lane.task .. id) == 1 end
local function running(lane, id)
  return redis.call('SISMEMBER', lane.running, id) == 1 and exists(lane, id)
end
"""

ADMIT: Final = (
    _PRELUDE
    + """
-- tasks: {name, level (from 0), group}. Answers the positions (from 0) of those to be queued; notes them in groups.
-- None is of a group, or of a version in it, that has just been cancelled: a task that is about to be stopped may ask
-- for what would follow it.
local function closed(under) return redis.call('EXISTS', ask.groups .. under .. ':closed') == 1 end
local wanted = {}
for position, task in ipairs(ask.tasks) do
  local name, level, group = task[1], task[2], task[3]
  local versioned = string.find(name, '/', #group + 2, true)
  local taken = closed(group .. '/') or (versioned and closed(string.sub(name, 1, versioned)))
  for number, lane in ipairs(ask.lanes) do
    local id = name .. lane.suffix
    -- queued or running at this level or a more urgent one, or running at any
    taken = taken or (number - 1 <= level and exists(lane, id)) or running(lane, id)
  end
  if not taken then
    local key = ask.groups .. group
    redis.call('SADD', key, name .. ask.lanes[level + 1].suffix)
    redis.call('EXPIRE', key, ask.kept_s)
    wanted[#wanted + 1] = position - 1
  end
end
return wanted
"""
)

PENDING: Final = (
    _PRELUDE
    + """
local key = ask.groups .. ask.group
local found = {}
for _, id in ipairs(redis.call('SMEMBERS', key)) do
  local alive = false
  for _, lane in ipairs(ask.lanes) do
    if string.sub(id, -#lane.suffix) == lane.suffix then alive = exists(lane, id) end
  end
  if alive then found[#found + 1] = id else redis.call('SREM', key, id) end
end
return found
"""
)

CANCEL: Final = (
    _PRELUDE
    + """
-- Running tasks are flagged: their workers look at the flags twice a second. Queued ones are taken out, and no others
-- come in until the workers have looked.
local key = ask.groups .. ask.group
redis.call('SET', ask.groups .. ask.under .. ':closed', '', 'PX', 1500)
local ids = {}
for _, id in ipairs(redis.call('SMEMBERS', key)) do
  if string.sub(id, 1, #ask.under) == ask.under then ids[#ids + 1] = id end
end
for _, lane in ipairs(ask.lanes) do
  local doomed, any = {}, false
  for _, id in ipairs(ids) do
    if string.sub(id, -#lane.suffix) == lane.suffix and exists(lane, id) then
      if running(lane, id) then
        redis.call('SADD', lane.abort, id)
      else
        redis.call('DEL', lane.task .. id, lane.retry .. id, ask.tries .. id)
        redis.call('ZREM', lane.delayed, id)
        redis.call('SREM', key, id)
        doomed[id], any = true, true
      end
    end
  end
  local from = '-'
  while any do
    local entries = redis.call('XRANGE', lane.stream, from, '+', 'COUNT', 512)
    for _, entry in ipairs(entries) do
      if doomed[entry[2][2]] then
        -- one that a worker holds already finds its data gone; acknowledging it spares the next worker the look
        pcall(redis.call, 'XACK', lane.stream, lane.workers, entry[1])
        redis.call('XDEL', lane.stream, entry[1])
      end
      from = '(' .. entry[1]
    end
    any = #entries == 512
  end
end
"""
)

QUEUED: Final = (
    _PRELUDE
    + """
-- level (from 0): ids of the tasks that wait in its lane, for a slot or for a time.
local lane = ask.lanes[ask.level + 1]
local found = redis.call('ZRANGE', lane.delayed, 0, -1)
for _, entry in ipairs(redis.call('XRANGE', lane.stream, '-', '+')) do
  local id = entry[2][2]
  if redis.call('SISMEMBER', lane.running, id) == 0 and exists(lane, id) then found[#found + 1] = id end
end
return found
"""
)

ALIVE: Final = """
-- KEYS[1]: a queue's workers, by the time until which they are believed. ARGV: worker, slots, milliseconds; without a
-- worker only the sum of all slots is asked for, with no slots it leaves.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if ARGV[1] then
  local member = ARGV[1] .. ' ' .. ARGV[2]
  if tonumber(ARGV[3]) > 0 then redis.call('ZADD', KEYS[1], now + ARGV[3], member)
  else redis.call('ZREM', KEYS[1], member) end
end
local slots = 0
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  slots = slots + tonumber(string.match(member, '%d+$'))
end
return slots
"""

DEPTH: Final = (
    _PRELUDE
    + """
-- For each lane: queued, running, age of the oldest queued one in milliseconds (by the clock of Redis).
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local found = {}
for number, lane in ipairs(ask.lanes) do
  local active = 0
  local members = redis.call('SMEMBERS', lane.running)
  for _, id in ipairs(members) do
    if string.sub(id, -#lane.suffix) == lane.suffix then active = active + 1 end
  end
  local oldest = 0
  for _, entry in ipairs(redis.call('XRANGE', lane.stream, '-', '+', 'COUNT', active + 1)) do
    if redis.call('SISMEMBER', lane.running, entry[2][2]) == 0 then
      oldest = math.max(0, now_ms - tonumber(string.match(entry[1], '^%d+')))
      break
    end
  end
  local queued = redis.call('XLEN', lane.stream) - active
  found[number] = {math.max(0, queued) + redis.call('ZCARD', lane.delayed), active, oldest}
end
return found
"""
)

"""Timelines in Redis: the tags of an event with their places, which all API processes write into the playlists.

    channel:live:{channel}:{event}:timeline       hash: number of a tag, and the tag with its place
    channel:live:{channel}                        wake-ups, see transcoder/live/board.py: those of here begin with ":"

The place is settled once, by a script, which runs in between two parts: in front of the part that comes next in the
foremost rendition. No player can have read further, whichever process and whichever clock it was told by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from manifests.hls import date_range
from manifests.hls.lines import Tag
from manifests.live.state import Position
from manifests.live.timeline import Entry
from transcoder.live import board

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from infra.ports import Cache
    from manifests.hls import DateRange
    from manifests.layout import ChannelId

WAKE_UP: Final = b":timeline\n"
"""Begins the wake-ups of tags; the rest is the number of the event, a line break, and a JSON list of them."""

_TELL: Final = """
local msn, part = 0, 0
local function reach(name)
  local tail = redis.call('GET', ARGV[4] .. name .. ':tail')
  if not tail then return end
  local state = cjson.decode(tail).state
  local n, i = state.number, 0
  if type(state.growing) == 'table' then n, i = state.growing.number, state.growing.count end
  if n > msn or (n == msn and i > part) then msn, part = n, i end
end
local event = redis.call('GET', KEYS[2])
if event then
  event = cjson.decode(event)
  if event.number == tonumber(ARGV[1]) then
    reach(event.sound.id)
    for _, rung in ipairs(event.rungs) do reach(rung.id) end
  end
end
local time = redis.call('TIME')
local here = string.format('%.0f,"position":[%d,%d]', time[1] * 1000 + math.floor(time[2] / 1000), msn, part)
local all, new = {}, {}
for at = 6, #ARGV, 3 do
  local told = redis.call('HGET', KEYS[1], ARGV[at])
  if not told and (msn > 0 or ARGV[5] == '0' or ARGV[at + 2] ~= '') then
    local place = ARGV[at + 2] ~= '' and ARGV[at + 2] or here
    told = '{"number":' .. ARGV[at] .. ',"tag":' .. ARGV[at + 1] .. ',"added_ms":' .. place .. '}'
    redis.call('HSET', KEYS[1], ARGV[at], told)
    new[#new + 1] = told
  end
  if told then all[#all + 1] = told end
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
if #new > 0 then redis.call('PUBLISH', KEYS[3], ARGV[3] .. ARGV[1] .. '\\n[' .. table.concat(new, ',') .. ']') end
return all
"""
"""KEYS: timeline, event, channel of wake-ups. ARGV: number of the event, how long it is kept (ms), what a wake-up
begins with, what the keys of tails begin with, 1 if there are parts already; then number, tag as JSON and place of
each: "" if it has none. Then it waits while Redis has lost the parts."""

_READ: Final = "return redis.call('HVALS', KEYS[1])"

_TRIM: Final = """
local wanted = {}
for at = 2, #ARGV do wanted[ARGV[at]] = true end
for _, number in ipairs(redis.call('HKEYS', KEYS[1])) do
  if wanted[number] then wanted[number] = nil else redis.call('HDEL', KEYS[1], number) end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
local missing = {}
for number in pairs(wanted) do missing[#missing + 1] = number end
return missing
"""
"""KEYS: timeline. ARGV: how long it is kept (ms), the numbers that stay. Those of them that are not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """When a tag was added, ms since the epoch, and the part in front of which it stands."""

    added_ms: int
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A tag of an event, by its number. `tag` is the line of the playlist."""

    number: int
    tag: str
    added_ms: int
    position: Position

    def entry(self) -> Entry:
        return Entry(tag=parsed(self.tag), added_ms=self.added_ms, position=self.position)


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """The same before Redis knows it; with a `place` if it had one."""

    number: int
    tag: str
    place: Place | None = None


def parsed(line: str) -> DateRange:
    """Raises PlaylistError."""
    name, _, value = line.removeprefix("#").partition(":")
    return date_range.parse(Tag(name=name, value=value, line=1))


def load(message: bytes) -> tuple[int, list[Told]]:
    """What a wake-up says: the number of an event, and tags of it. Raises msgspec.DecodeError."""
    event, _, tags = message.removeprefix(WAKE_UP).partition(b"\n")
    return int(event), msgspec.json.decode(tags, type=list[Told])


class TimelineBoard:
    """Raises CacheUnavailable from every method."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def tell(
        self, channel: ChannelId, event: int, tags: Sequence[Untold], *, kept: timedelta, begun: bool
    ) -> list[Told]:
        """Give each tag its place, unless it has one, and wake who follows the channel: those that have one by now.

        `begun`: parts were told, so that nothing can be placed where Redis knows of none.
        """
        args: list[str | bytes | int] = [event, _ms(kept), WAKE_UP, f"{board.wake_up(channel)}:", int(begun)]
        for each in tags:
            place = "" if each.place is None else f'{each.place.added_ms},"position":{list(each.place.position)}'
            args += [each.number, msgspec.json.encode(each.tag), place]
        keys = [_key(channel, event), board.event_key(channel), board.wake_up(channel)]
        return [msgspec.json.decode(value, type=Told) for value in await self._cache.script(_TELL, keys, args)]

    async def read(self, channel: ChannelId, event: int) -> list[Told]:
        """All tags, in the order in which they were added."""
        values = await self._cache.script(_READ, [_key(channel, event)], [])
        return sorted((msgspec.json.decode(value, type=Told) for value in values), key=lambda told: told.number)

    async def trim(self, channel: ChannelId, event: int, numbers: Iterable[int], *, kept: timedelta) -> set[int]:
        """Let all others go; the numbers of tags that are missing."""
        return {int(each) for each in await self._cache.script(
            _TRIM, [_key(channel, event)], [_ms(kept), *numbers]
        )}  # fmt: skip


def _key(channel: ChannelId, event: int) -> str:
    return f"{board.wake_up(channel)}:{event}:timeline"


def _ms(kept: timedelta) -> int:
    return int(kept.total_seconds() * 1000)

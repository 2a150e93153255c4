"""Claims: who is making which segment now, so that nobody else begins it.

One hash a version: `rendition/number` → holder, kind and the time until which he is believed. A claim is given back
when the object is in the bucket, so what a holder has claimed below a number is what he will make before it: that tells
how far he is. A holder renews every second; one that dies is forgotten after four.

Claims save work and decide nothing: the bucket has what was written first. Without Redis everybody is granted
everything, and once it is back, or was emptied, a holder claims anew what nobody else has taken.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from infra.errors import CacheUnavailable
from infra.ports import Cache
from infra.tasks import end
from manifests.layout import AssetId, RenditionId

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable


log = logging.getLogger(__name__)

Kind: TypeAlias = Literal["run", "window", "opening"]
Name: TypeAlias = tuple[RenditionId, int]
"""A segment of a rendition."""

BELIEVED: Final = timedelta(seconds=4)
_RENEWED_S: Final = 1.0
_HEARD_MS: Final = 2000
_NEAR_RUN: Final = 1
"""Whoever waits for a segment waits for the run that makes it if that has at most so many to make before."""

# live(field): holder and kind of a claim that stands. Times are Redis's own, for the workers' clocks differ.
_PRELUDE: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function live(field)
  local value = redis.call('HGET', KEYS[1], field)
  if not value then return nil end
  local holder, kind, time = string.match(value, '^(%S+) (%S+) (%d+)$')
  if tonumber(time) <= now then return nil end
  return holder, kind
end
local function take(field, holder, kind, ms)
  redis.call('HSET', KEYS[1], field, string.format('%s %s %d', holder, kind, now + ms))
end
"""

# ARGV: holder, kind, ms, fields…; answers the fields that others hold.
_TAKE: Final = (
    _PRELUDE
    + """
local refused = {}
for i = 4, #ARGV do
  local other = live(ARGV[i])
  if other and other ~= ARGV[1] then refused[#refused + 1] = ARGV[i]
  else take(ARGV[i], ARGV[1], ARGV[2], ARGV[3]) end
end
redis.call('PEXPIRE', KEYS[1], 60000)
return refused
"""
)

# ARGV: holder, ms, rendition, first, end, near (run), near (window). Answers how many segments from `first` on are his
# now: 0 if somebody else will be there soon. Of one who will not he takes over what lies ahead.
_RUN: Final = (
    _PRELUDE
    + """
local first, stop = tonumber(ARGV[4]), tonumber(ARGV[5])
local function field(number) return ARGV[3] .. '/' .. number end
local late, kind = live(field(first))
if late then
  local before = 0
  while live(field(first - 1 - before)) == late do before = before + 1 end
  local near = tonumber(kind == 'run' and ARGV[6] or ARGV[7])
  if kind == 'opening' then near = math.max(near, 0) end
  if before <= near then return 0 end
end
local count = 0
for number = first, stop - 1 do
  local other = live(field(number))
  if other and other ~= late then break end
  take(field(number), ARGV[1], 'run', ARGV[2])
  count = count + 1
end
redis.call('PEXPIRE', KEYS[1], 60000)
return count
"""
)

# ARGV: holder, ms, fields… With a time the claim stands for so long as nobody's, so that whoever it was taken from
# hears of it.
_GIVE_BACK: Final = (
    _PRELUDE
    + """
for i = 3, #ARGV do
  local value = redis.call('HGET', KEYS[1], ARGV[i])
  if value and string.match(value, '^%S+') == ARGV[1] then
    if tonumber(ARGV[2]) > 0 then take(ARGV[i], 'landed', 'run', ARGV[2])
    else redis.call('HDEL', KEYS[1], ARGV[i]) end
  end
end
return 1
"""
)


@dataclass(slots=True, kw_only=True)
class Claim:
    """What one holder is making: `mine` is still to come, `lost` is being made by others."""

    cache: Cache
    key: str
    kind: Kind
    holder: str
    mine: set[Name]
    lost: set[Name]

    async def landed(self, name: Name) -> None:
        """The object is in the bucket: nobody has to be kept from it any more."""
        if name in self.mine:
            self.mine.discard(name)
            await self._give_back([name], heard_ms=_HEARD_MS if self.kind == "run" else 0)

    async def renew(self) -> None:
        """Hold on, and hear what others have taken over."""
        if not self.mine:
            return
        refused = await _names(self.cache, _TAKE, self.key, self.holder, self.kind, _MS, *map(_field, self.mine))
        self.lost |= refused
        self.mine -= refused

    async def take(self, names: Iterable[Name]) -> None:
        """Claim more; what others hold is `lost`."""
        wanted = set(names)
        self.lost -= wanted
        self.mine |= wanted
        with suppress(CacheUnavailable):
            await self.renew()

    async def keep(self, names: Iterable[Name]) -> None:
        """Give back all but these: the others turn out to exist."""
        kept = self.mine & set(names)
        given, self.mine = self.mine - kept, kept
        if given:
            await self._give_back(given)

    async def close(self) -> None:
        await self.keep(())

    async def _give_back(self, names: Iterable[Name], *, heard_ms: int = 0) -> None:
        with suppress(CacheUnavailable):  # they run out by themselves
            await self.cache.script(_GIVE_BACK, [self.key], [self.holder, heard_ms, *map(_field, names)])


@asynccontextmanager
async def claimed(
    cache: Cache, asset: AssetId, version: int, names: Iterable[Name], *, opening: bool = False
) -> AsyncIterator[Claim]:
    """Claim the segments of a window; those that others make are in `lost`. Given back in the end.

    `opening`: it makes the first segments, as urgently as a run would, so whoever wants its next one waits for it.
    """
    claim = _new(cache, asset, version, "opening" if opening else "window")
    await claim.take(names)
    async with _kept(claim):
        yield claim


@asynccontextmanager
async def claimed_run(
    cache: Cache, asset: AssetId, version: int, rendition: RenditionId, numbers: range, *, near: int = 0
) -> AsyncIterator[Claim]:
    """Claim a rendition's segments from the first number on, up to the first that somebody else makes.

    Nothing is claimed (`mine` is empty) if the first one will soon be there anyhow: a run makes it, or a window that
    has at most `near` to make before. Given back in the end.
    """
    claim = _new(cache, asset, version, "run")
    count = len(numbers)
    try:
        asked = (claim.holder, _MS, rendition, numbers.start, numbers.stop, _NEAR_RUN, near)
        count = int(await cache.script(_RUN, [claim.key], asked))
    except CacheUnavailable as exc:
        log.warning("nobody knows who makes what", extra={"asset": asset, "cause": str(exc)})
    claim.mine |= {(rendition, number) for number in numbers[:count]}
    async with _kept(claim):
        yield claim


def _new(cache: Cache, asset: AssetId, version: int, kind: Kind) -> Claim:
    return Claim(cache=cache, key=key(asset, version), kind=kind, holder=token_hex(8), mine=set(), lost=set())


@asynccontextmanager
async def _kept(claim: Claim) -> AsyncIterator[None]:
    renewing = asyncio.create_task(_renew(claim))
    try:
        yield
    finally:
        await end(renewing)
        await claim.close()


async def _renew(claim: Claim) -> None:
    while True:
        await asyncio.sleep(_RENEWED_S)
        with suppress(CacheUnavailable):
            await claim.renew()


async def _names(cache: Cache, script: str, key: str, *args: str | int) -> set[Name]:
    return {_name(field) for field in await cache.script(script, [key], args)}


_MS: Final = int(BELIEVED.total_seconds() * 1000)


def key(asset: AssetId, version: int) -> str:
    return f"channel:claims:{asset}/{version}"


def _field(name: Name) -> str:
    return f"{name[0]}/{name[1]}"


def _name(field: bytes) -> Name:
    rendition, _, number = field.decode().rpartition("/")
    return RenditionId(rendition), int(number)

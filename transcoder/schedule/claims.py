"""Claims: who is making which segment now, so that nobody else begins it.

One hash a version: `rendition/number` → holder, kind, whether somebody waits for it, and the time until which he is
believed. A claim is given back when the object is in the bucket, so what a holder has claimed below a number is what he
will make before it: that tells how far he is. A holder renews at least every second, and so hears what others have
taken from him and what they wait for; one that dies is forgotten after four.

Claims save work and decide nothing: the bucket has what was written first. Without Redis everybody is granted
everything, and once it is back, or was emptied, a holder claims anew what nobody else has taken.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_hex
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from infra.errors import CacheUnavailable
from infra.ports import Cache
from infra.tasks import end
from manifests.layout import AssetId, RenditionId

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping


log = logging.getLogger(__name__)

Kind: TypeAlias = Literal["run", "window", "opening"]
Name: TypeAlias = tuple[RenditionId, int]
"""A segment of a rendition."""

BELIEVED: Final = timedelta(seconds=4)
_RENEWED_S: Final[Mapping[Kind, float]] = {"run": 0.25, "opening": 0.25, "window": 1.0}
"""So late at most hears a holder that somebody waits for what he makes; few wait for a window."""
_HEARD_MS: Final = 2000
# live(field): holder, kind and mark of a claim that stands; the mark says that somebody waits for it. Times are Redis's
# own, for the workers' clocks differ.
_PRELUDE: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function live(field)
  local value = redis.call('HGET', KEYS[1], field)
  if not value then return nil end
  local holder, kind, mark, time = string.match(value, '^(%S+) (%S+) (%S+) (%d+)$')
  if tonumber(time) <= now then return nil end
  return holder, kind, mark
end
local function take(field, holder, kind, mark, ms)
  redis.call('HSET', KEYS[1], field, string.format('%s %s %s %d', holder, kind, mark, now + ms))
end
"""

# ARGV: holder, kind, ms, fields…; answers the fields that others hold, and those of the holder's that are waited for.
_TAKE: Final = (
    _PRELUDE
    + """
local refused, wanted = {}, {}
for i = 4, #ARGV do
  local other, _, mark = live(ARGV[i])
  if other and other ~= ARGV[1] then refused[#refused + 1] = ARGV[i]
  else
    if mark == 'wanted' then wanted[#wanted + 1] = ARGV[i] end
    take(ARGV[i], ARGV[1], ARGV[2], mark or '-', ARGV[3])
  end
end
redis.call('PEXPIRE', KEYS[1], 60000)
return {refused, wanted}
"""
)

# ARGV: holder, ms, rendition, first, end, near, mark of the first. Answers how many segments from `first` on are his
# now: 0 if somebody else will be there soon, who hears that he is waited for. Of one who will not he takes over what
# lies ahead. A run is there soon if it makes nothing before, or only what somebody waits for as well: a process of his
# own would take the processor from that one.
_RUN: Final = (
    _PRELUDE
    + """
local first, stop = tonumber(ARGV[4]), tonumber(ARGV[5])
local function field(number) return ARGV[3] .. '/' .. number end
local late, kind = live(field(first))
if late then
  local before = 0
  while live(field(first - 1 - before)) == late do before = before + 1 end
  local _, _, mark = live(field(first - 1))
  local near = tonumber(ARGV[6])
  if kind == 'opening' then near = math.max(near, 0) end
  if kind == 'run' then near = mark == 'wanted' and 1 or 0 end
  if before <= near then
    local claim = redis.call('HGET', KEYS[1], field(first))
    redis.call('HSET', KEYS[1], field(first), (string.gsub(claim, '^(%S+ %S+) %S+', '%1 wanted')))
    return 0
  end
end
local count = 0
for number = first, stop - 1 do
  local other = live(field(number))
  if other and other ~= late then break end
  take(field(number), ARGV[1], 'run', number == first and ARGV[7] or '-', ARGV[2])
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
    if tonumber(ARGV[2]) > 0 then take(ARGV[i], 'landed', 'run', '-', ARGV[2])
    else redis.call('HDEL', KEYS[1], ARGV[i]) end
  end
end
return 1
"""
)


def _nobody() -> None:
    """Nobody listens."""


@dataclass(slots=True, kw_only=True)
class Claim:
    """What one holder is making: `mine` is still to come, `lost` is being made by others; somebody waits for `wanted`.

    `hurried` is called when somebody begins to wait.
    """

    cache: Cache
    key: str
    kind: Kind
    holder: str
    mine: set[Name] = field(default_factory=set)
    lost: set[Name] = field(default_factory=set)
    wanted: set[Name] = field(default_factory=set)
    hurried: Callable[[], None] = _nobody

    async def landed(self, name: Name) -> None:
        """The object is in the bucket: nobody has to be kept from it any more."""
        if name in self.mine:
            self.mine.discard(name)
            self.wanted.discard(name)
            await self._give_back([name], heard_ms=_HEARD_MS if self.kind == "run" else 0)

    async def renew(self) -> None:
        """Hold on, and hear what others have taken over."""
        if not self.mine:
            return
        asked: list[str | int] = [self.holder, self.kind, _MS, *map(_field, self.mine)]
        refused, wanted = map(_names, await self.cache.script(_TAKE, [self.key], asked))
        self.lost |= refused
        self.mine -= refused
        # Something may have landed while Redis answered.
        before, self.wanted = self.wanted, wanted & self.mine
        if self.wanted - before:
            self.hurried()

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
    cache: Cache, asset: AssetId, version: int, rendition: RenditionId, numbers: range, *, near: int = 0,
    waited_for: bool = True,
) -> AsyncIterator[Claim]:  # fmt: skip
    """Claim a rendition's segments from the first number on, up to the first that somebody else makes.

    Nothing is claimed (`mine` is empty) if the first one will soon be there anyhow: a run makes it, or a window that
    has at most `near` to make before; they hear that somebody waits. Given back in the end.
    """
    claim = _new(cache, asset, version, "run")
    count = len(numbers)
    try:
        mark = "wanted" if waited_for else "-"
        asked = (claim.holder, _MS, rendition, numbers.start, numbers.stop, near, mark)
        count = int(await cache.script(_RUN, [claim.key], asked))
    except CacheUnavailable as exc:
        log.warning("nobody knows who makes what", extra={"asset": asset, "cause": str(exc)})
    claim.mine |= {(rendition, number) for number in numbers[:count]}
    async with _kept(claim):
        yield claim


def _new(cache: Cache, asset: AssetId, version: int, kind: Kind) -> Claim:
    return Claim(cache=cache, key=key(asset, version), kind=kind, holder=token_hex(8))


@asynccontextmanager
async def _kept(claim: Claim) -> AsyncIterator[None]:
    over = asyncio.Event()
    renewing = asyncio.create_task(_renew(claim, over))
    try:
        yield
    finally:
        over.set()  # a cancellation may get lost, and who waits for its end be cancelled himself
        await end(renewing)
        await claim.close()


async def _renew(claim: Claim, over: asyncio.Event) -> None:
    pause_s = _RENEWED_S[claim.kind]
    while not over.is_set():
        await asyncio.sleep(pause_s)
        with suppress(CacheUnavailable):
            await claim.renew()


def _names(fields: Iterable[bytes]) -> set[Name]:
    return {_name(field) for field in fields}


_MS: Final = int(BELIEVED.total_seconds() * 1000)


def key(asset: AssetId, version: int) -> str:
    return f"channel:claims:{asset}/{version}"


def _field(name: Name) -> str:
    return f"{name[0]}/{name[1]}"


def _name(field: bytes) -> Name:
    rendition, _, number = field.decode().rpartition("/")
    return RenditionId(rendition), int(number)

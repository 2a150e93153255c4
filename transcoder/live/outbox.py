"""What a broadcast says, to Redis, in order: each write is tried until it is through, and nobody waits for it.

While Redis is away writes pile up here. Bytes that are older than they would be kept there are left out: nobody would
still ask for them. When too much has piled up it is dropped, and all is told from the beginning instead. Each write
that builds on one before names it by its turn: so a write whose answer was lost is not done twice, and a Redis that has
forgotten something (it was emptied, or it died before it had synced) is told all of it again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from enum import IntEnum
from secrets import token_hex
from typing import TYPE_CHECKING, Final

from infra.errors import CacheUnavailable
from infra.tasks import end

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from infra.ports import Cache
    from transcoder.live.fence import Fence

log = logging.getLogger(__name__)

_AGAIN_S: Final = 0.1
_LONGEST_S: Final = 0.5
_HELD: Final = 64 << 20
_WRITTEN_S: Final = 0.1
"""A disk that takes longer is not waited for."""

WRITE: Final = """
if ARGV[7] ~= '' then
  local active = redis.call('GET', KEYS[6])
  if not active then return -1 end
  if active ~= ARGV[7] then return -2 end
end
if KEYS[5] ~= '' then
  local turn = redis.call('GET', KEYS[5]) or ''
  if turn == ARGV[9] then return 1 end
  if ARGV[10] ~= '1' and turn ~= ARGV[8] then return 0 end
  redis.call('SET', KEYS[5], ARGV[9], 'PX', ARGV[2])
end
if KEYS[2] ~= '' and #ARGV[4] > 0 then redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[3]) end
if ARGV[10] == '1' then redis.call('DEL', KEYS[3]) end
for at = 11, #ARGV do redis.call('RPUSH', KEYS[3], ARGV[at]) end
if #ARGV > 10 then
  redis.call('LTRIM', KEYS[3], -tonumber(ARGV[6]), -1)
  redis.call('PEXPIRE', KEYS[3], ARGV[2])
end
if KEYS[1] ~= '' then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
if KEYS[4] ~= '' then redis.call('PUBLISH', KEYS[4], ARGV[5]) end
return 1
"""
"""KEYS: value, bytes, list, channel of wake-ups, turn, fence; "" for none. ARGV: the value, how long it is kept (ms),
how long the bytes are, the bytes, the message, how many entries the list keeps, our token, the turn before, this turn,
1 if it builds on nothing, what the list is to have more."""


class Outcome(IntEnum):
    """What Redis answers. Written; it has not what this builds on; it does not know who is active; somebody else is."""

    WRITTEN = 1
    LOST = 0
    UNFENCED = -1
    SUPERSEDED = -2


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One write, all of it or nothing: a value, perhaps bytes, entries of a list, and whom it wakes. With `turn_key` it
    builds on the letter before it with the same, unless it is `whole`. It goes out behind `written`, if that does not
    take long."""

    key: str = ""
    value: bytes = b""
    body_key: str = ""
    body: bytes = b""
    past_key: str = ""
    past: tuple[bytes, ...] = ()
    kept: int = 1
    wake_up: str = ""
    message: bytes = b""
    turn_key: str = ""
    whole: bool = False
    written: Future[None] | None = None

    @property
    def size(self) -> int:
        """Bytes that it holds, without a few."""
        return len(self.value) + len(self.body) + len(self.message) + sum(map(len, self.past))


class Outbox:
    """`state_ms`: how long values and lists are kept in Redis, `body_ms`: how long bytes are. `again` says all from the
    beginning; `begun` are the turns that somebody before us must have left there. At most `held` bytes wait, besides
    what `again` says."""

    def __init__(
        self, cache: Cache, *, state_ms: int, body_ms: int, fence: Fence | None = None,
        again: Callable[[], Iterable[Letter]] = tuple, begun: Collection[str] = (),
        held: int = _HELD,
    ) -> None:  # fmt: skip
        self._cache, self._state_ms, self._body_ms = cache, state_ms, body_ms
        self._fence, self._again, self._begun = fence, again, begun
        self._letters: deque[tuple[float, Letter]] = deque()
        self._held, self._bytes, self._least = held, 0, 0
        self.token, self._count = token_hex(8), 0
        self._turns: dict[str, str] = {}
        self._unwritten: Future[None] | None = None
        self._filled, self._empty = asyncio.Event(), asyncio.Event()
        self._empty.set()
        self._sending = asyncio.create_task(self._send())

    def post(self, letter: Letter) -> None:
        if self._sending.done():
            return
        self._letters.append((asyncio.get_running_loop().time(), letter))
        self._bytes += letter.size
        self._filled.set()
        self._empty.clear()

    async def drained(self) -> None:
        """Wait until all is through, or somebody else has taken over."""
        await self._empty.wait()

    async def aclose(self) -> None:
        await end(self._sending)

    async def _send(self) -> None:
        pause = _AGAIN_S
        while True:
            if not self._letters:
                self._empty.set()
                self._filled.clear()
                await self._filled.wait()
            posted, letter = self._letters[0]
            await self._noted(letter)
            is_late = (asyncio.get_running_loop().time() - posted) * 1000 > self._body_ms
            try:
                outcome = await self._write(letter, b"" if is_late else letter.body)
            except CacheUnavailable as exc:
                if pause == _AGAIN_S:
                    log.warning("viewers wait: Redis is away", extra={"cause": str(exc)})
                if self._bytes > self._held + self._least:
                    self._begin_again()
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_S)
                continue
            pause = _AGAIN_S
            match outcome:
                case Outcome.WRITTEN:
                    self._letters.popleft()
                    self._bytes -= letter.size
                    self._count += 1
                case Outcome.LOST:
                    log.warning("Redis has forgotten what viewers were told: it is told again")
                    self._begin_again()
                case Outcome.UNFENCED:
                    await asyncio.sleep(_AGAIN_S)
                case Outcome.SUPERSEDED:
                    self._give_up()
                    return

    async def _noted(self, letter: Letter) -> None:
        """Wait for the disk, unless it did not take an earlier one yet."""
        if letter.written is None or (self._unwritten is not None and not self._unwritten.done()):
            return
        if not letter.written.done():
            await asyncio.wait([asyncio.wrap_future(letter.written)], timeout=_WRITTEN_S)
        self._unwritten = letter.written

    async def _write(self, letter: Letter, body: bytes) -> Outcome:
        turn, before = "", ""
        if letter.turn_key:
            before = await self._turn_before(letter.turn_key)
            turn = f"{self.token}.{self._count}"  # the same however often it is tried
        keys = [letter.key, letter.body_key, letter.past_key, letter.wake_up, letter.turn_key]
        outcome = Outcome(
            await self._cache.script(
                WRITE,
                [*keys, "" if self._fence is None else self._fence.key],
                [
                    letter.value, self._state_ms, self._body_ms, body, letter.message, letter.kept,
                    "" if self._fence is None else self._fence.token, before, turn, int(letter.whole), *letter.past,
                ],
            )
        )  # fmt: skip
        if letter.turn_key and outcome is Outcome.WRITTEN:
            self._turns[letter.turn_key] = turn
        return outcome

    async def _turn_before(self, key: str) -> str:
        if key not in self._turns:
            kept = await self._cache.get(key)
            # Without the turn that must be there nothing can be built on what is.
            self._turns[key] = kept.decode() if kept else "?" if key in self._begun else ""
        return self._turns[key]

    def _begin_again(self) -> None:
        now = asyncio.get_running_loop().time()
        self._letters = deque((now, letter) for letter in self._again())
        self._bytes = self._least = sum(letter.size for _, letter in self._letters)

    def _give_up(self) -> None:
        self._letters.clear()
        self._bytes = 0
        self._empty.set()
        if self._fence is not None:
            self._fence.superseded.set()

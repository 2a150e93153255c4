"""What a broadcast says, to Redis, in order: each write is tried until it is through, and nobody waits for it.

While Redis is away writes pile up here. Bytes that are older than they would be kept there are left out: nobody would
still ask for them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from infra.errors import CacheUnavailable
from infra.tasks import end

if TYPE_CHECKING:
    from infra.ports import Cache

log = logging.getLogger(__name__)

_AGAIN_S: Final = 0.1
_LONGEST_S: Final = 2.0

WRITE: Final = """
if KEYS[2] ~= '' and #ARGV[4] > 0 then redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[3]) end
for at = 7, #ARGV do redis.call('RPUSH', KEYS[3], ARGV[at]) end
if #ARGV > 6 then
  redis.call('LTRIM', KEYS[3], -tonumber(ARGV[6]), -1)
  redis.call('PEXPIRE', KEYS[3], ARGV[2])
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if KEYS[4] ~= '' then redis.call('PUBLISH', KEYS[4], ARGV[5]) end
return 1
"""
"""KEYS: value, bytes, list, channel of wake-ups; "" for none. ARGV: the value, how long it is kept (ms), how long the
bytes are, the bytes, the message, how many entries the list keeps, what it is to have more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One write, all of it or nothing: a value, perhaps bytes, entries of a list, and whom it wakes."""

    key: str
    value: bytes
    body_key: str = ""
    body: bytes = b""
    past_key: str = ""
    past: tuple[bytes, ...] = ()
    kept: int = 1
    wake_up: str = ""
    message: bytes = b""


class Outbox:
    """`state_ms`: how long values and lists are kept in Redis, `body_ms`: how long bytes are."""

    def __init__(self, cache: Cache, *, state_ms: int, body_ms: int) -> None:
        self._cache, self._state_ms, self._body_ms = cache, state_ms, body_ms
        self._letters: deque[tuple[float, Letter]] = deque()
        self._filled, self._empty = asyncio.Event(), asyncio.Event()
        self._empty.set()
        self._sending = asyncio.create_task(self._send())

    def post(self, letter: Letter) -> None:
        self._letters.append((asyncio.get_running_loop().time(), letter))
        self._filled.set()
        self._empty.clear()

    async def drained(self) -> None:
        """Wait until all is through."""
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
            is_late = (asyncio.get_running_loop().time() - posted) * 1000 > self._body_ms
            try:
                await self._write(letter, b"" if is_late else letter.body)
            except CacheUnavailable as exc:
                if pause == _AGAIN_S:
                    log.warning("viewers wait: Redis is away", extra={"cause": str(exc)})
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_S)
                continue
            pause = _AGAIN_S
            self._letters.popleft()

    async def _write(self, letter: Letter, body: bytes) -> None:
        await self._cache.script(
            WRITE,
            [letter.key, letter.body_key, letter.past_key, letter.wake_up],
            [letter.value, self._state_ms, self._body_ms, body, letter.message, letter.kept, *letter.past],
        )

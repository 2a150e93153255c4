"""Which live process is active: one of all that run, by a lease in Redis. The others stand by.

The lease is kept twice: a key that runs out says that somebody is alive, and one that does not says who was the last to
be let in; the latter is what every write is compared with (`transcoder.live.fence`). Redis may die, or be emptied: who
is active goes on, and takes both again as soon as it is back.

A process that was killed has a lease for a while yet. Who comes after it on the same machine need not wait: the
kernel gives a lock on a file in the home to nobody while its holder lives, so who gets it knows that he is dead.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import IO, TYPE_CHECKING, Final

from infra.errors import CacheUnavailable
from infra.tasks import end
from transcoder.live.fence import Fence
from transcoder.live.metrics import ACTIVE as ACTIVE_HERE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import timedelta

    from infra.ports import Cache

log: Final = logging.getLogger("channel.live")

ALIVE: Final = "channel:live:alive"
ACTIVE: Final = "channel:live:active"
_ACTIVE_MS: Final = 86_400_000
_LOOK_S: Final = 0.25
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")

_TAKE: Final = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and (ARGV[3] == '' or string.sub(holder, -#ARGV[3]) ~= ARGV[3]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[4])
return 1
"""
_KEEP: Final = """
local active = redis.call('GET', KEYS[2])
if active and active ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[4])
return 1
"""
_LEAVE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
"""


class Lock:
    """A file that one process of a machine holds as long as it lives. `place` names the file as no other machine's."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] | None = None
        self._path = path
        self.place = ""

    def tried(self) -> str:
        """The place if this process holds the lock by now, else ""."""
        if self.place or not _BOOT.exists():
            return self.place
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return ""
        where = self._path.stat()
        self._file, self.place = file, f" {_BOOT.read_text().strip()}:{where.st_dev}:{where.st_ino}"
        return self.place

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


@asynccontextmanager
async def active(
    cache: Cache, *, ttl: timedelta, home: Path, stopped: asyncio.Event
) -> AsyncIterator[Fence | None]:  # fmt: skip
    """Wait until nobody else is active, and be it until the context ends; None if it was stopped before.

    `superseded` of what is yielded is set once somebody else is active; then nothing may be written any more.
    """
    lock, loop = Lock(home / "live.lock"), asyncio.get_running_loop()
    token = token_hex(12)
    ttl_ms = round(ttl.total_seconds() * 1000)
    waiting = False
    try:
        while not stopped.is_set():
            place, asked_at = lock.tried(), loop.time()
            with suppress(CacheUnavailable):
                if await cache.script(_TAKE, [ALIVE, ACTIVE], [token + place, ttl_ms, place, _ACTIVE_MS]):
                    break
            if not waiting:
                log.info("standing by: another live process is active")
            waiting = True
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await stopped.wait()
        else:
            yield None
            return
        log.info("active")
        ACTIVE_HERE.set(1)
        fence = Fence(key=ACTIVE, token=token + place, until=asked_at + ttl.total_seconds(), owns_home=bool(place))
        keeping = asyncio.create_task(_keep(cache, fence, ttl), name="lease of the live process")
        try:
            yield fence
        finally:
            ACTIVE_HERE.set(0)
            await end(keeping)
            with suppress(CacheUnavailable):
                await cache.script(_LEAVE, [ALIVE], [fence.token])
    finally:
        lock.close()


async def _keep(cache: Cache, fence: Fence, ttl: timedelta) -> None:
    loop, lasts_s = asyncio.get_running_loop(), ttl.total_seconds()
    while not fence.superseded.is_set():
        asked_at = loop.time()
        with suppress(CacheUnavailable):
            if await cache.script(_KEEP, [ALIVE, ACTIVE], [fence.token, round(lasts_s * 1000), "", _ACTIVE_MS]):
                fence.until = asked_at + lasts_s
            else:
                fence.superseded.set()
        await asyncio.sleep(min(_LOOK_S, lasts_s / 4))

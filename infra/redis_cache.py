"""The cache over Redis: short-lived values, wake-ups, leases, scripts."""

from __future__ import annotations

import asyncio
import errno
import hashlib
from contextlib import asynccontextmanager, contextmanager, suppress
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final, cast

import anyio
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.exceptions import TimeoutError as SilenceError

from infra.errors import CacheSilent, CacheUnavailable
from infra.redis_pubsub import Hub
from infra.tasks import end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import timedelta

    from infra.ports import Lease

_CONNECTIONS: Final = 64
_LAST_S: Final = 5.0
_RELEASES_S: Final = 2.0
_UNREACHABLE: Final = (errno.EHOSTUNREACH, errno.ENETUNREACH)

# SET NX alone is not safe to repeat: a first answer that got lost would make us wait for our own lease to run out.
_TAKE: Final = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_RENEW: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
_RELEASE: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as exc:
        kind = CacheSilent if _is_silence(exc) else CacheUnavailable
        raise kind(f"Redis: {exc}") from exc


def _is_silence(exc: BaseException) -> bool:
    """Whether nobody has answered; a refusal is an answer, and so is a connection that is closed."""
    said = exc.__context__ if isinstance(exc.__context__, OSError) else exc
    return isinstance(said, TimeoutError | SilenceError) or getattr(said, "errno", None) in _UNREACHABLE


def _milliseconds(ttl: timedelta) -> int:
    return max(1, round(ttl.total_seconds() * 1000))


class _Held:
    """A lease that this process holds: lost once its time ran out without a renewal, or another token stands there."""

    def __init__(self, ttl: timedelta, *, taken_at: float) -> None:
        self._ttl_s = ttl.total_seconds()
        self._until = taken_at + self._ttl_s
        self._taken_away = False

    @property
    def lost(self) -> bool:
        return self._taken_away or asyncio.get_running_loop().time() >= self._until

    def renewed(self, *, asked_at: float) -> None:
        self._until = asked_at + self._ttl_s

    def taken_away(self) -> None:
        self._taken_away = True


class RedisCache:
    """`Cache` on Redis or Valkey."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis(
            connection_pool=BlockingConnectionPool.from_url(
                url,
                max_connections=_CONNECTIONS,
                timeout=5,
                socket_connect_timeout=5,
                socket_timeout=5,
                socket_keepalive=True,
                health_check_interval=30,
                retry=Retry(ExponentialBackoff(base=0.05, cap=1), 3),
            )
        )
        self._hub = Hub(url)
        self._is_closed = False
        self._under_way = 0
        self._idle = asyncio.Event()

    async def aclose(self) -> None:
        """What was asked is answered yet; what is asked later would open a connection that nobody closes."""
        self._is_closed = True
        await self._hub.aclose()
        if self._under_way:
            self._idle.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_S):
                    await self._idle.wait()
        await self._redis.aclose()
        await self._redis.connection_pool.aclose()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        if self._is_closed:
            raise CacheUnavailable("This process has closed its connections to Redis.")
        self._under_way += 1
        try:
            with _translated():
                yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def get(self, key: str) -> bytes | None:
        with self._asking():
            return cast("bytes | None", await self._redis.get(key))

    async def put(self, key: str, value: bytes, *, ttl: timedelta, only_if_absent: bool = False) -> bool:
        with self._asking():
            return bool(await self._redis.set(key, value, px=_milliseconds(ttl), nx=only_if_absent))

    async def delete(self, *keys: str) -> None:
        if keys:
            with self._asking():
                await self._redis.delete(*keys)

    async def publish(self, channel: str, message: bytes) -> None:
        with self._asking():
            await self._redis.publish(channel, message)

    def subscribe(self, *channels: str) -> AbstractAsyncContextManager[AsyncIterator[tuple[str, bytes]]]:
        return self._hub.subscribe(*channels)

    async def script(self, source: str, keys: Sequence[str], args: Sequence[str | bytes | int | float]) -> Any:
        digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
        with self._asking():
            try:
                return await self._redis.evalsha(digest, len(keys), *keys, *args)
            except NoScriptError:
                return await self._redis.eval(source, len(keys), *keys, *args)

    @asynccontextmanager
    async def lease(self, name: str, *, ttl: timedelta) -> AsyncIterator[Lease | None]:
        token = token_hex(16)
        asked_at = asyncio.get_running_loop().time()
        try:
            is_ours = await self.script(_TAKE, [name], [token, _milliseconds(ttl)])
        except asyncio.CancelledError:
            await self._release(name, token)  # the answer may have been on its way
            raise
        if not is_ours:
            yield None
            return
        held = _Held(ttl, taken_at=asked_at)
        renewing = asyncio.create_task(self._renew(name, token, ttl, held))
        try:
            yield held
        finally:
            with anyio.CancelScope(shield=True):
                await end(renewing)
            await self._release(name, token)

    async def _release(self, name: str, token: str) -> None:
        """Also for who is being cancelled: the next one need not wait until it runs out by itself."""
        with anyio.move_on_after(_RELEASES_S, shield=True), suppress(CacheUnavailable):
            await self.script(_RELEASE, [name], [token])

    async def _renew(self, name: str, token: str, ttl: timedelta, held: _Held) -> None:
        loop = asyncio.get_running_loop()
        while not held.lost:
            await asyncio.sleep(ttl.total_seconds() / 3)
            asked_at = loop.time()
            try:
                kept = await self.script(_RENEW, [name], [token, _milliseconds(ttl)])
            except CacheUnavailable:
                continue
            if kept:
                held.renewed(asked_at=asked_at)
            else:
                held.taken_away()

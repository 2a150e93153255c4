"""What the other rooms may ask of the infrastructure: small protocols, no vendor's type in any signature.

Every port has one contract suite in `tests/infra/`, run over each of its adapters.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

# --- object store ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStat:
    """What the store says of one object. `etag` is unquoted; `size` in bytes."""

    key: str
    size: int
    etag: str
    modified: datetime
    content_type: str = "application/octet-stream"
    cache_control: str | None = None


class ByteStream(Protocol):
    """Blocks of bytes; whoever leaves before the end closes it (`contextlib.aclosing`)."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def __anext__(self) -> bytes: ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectBody:
    """An object (or the asked range of it) being read: `stat.size` is the whole object's size, `length` what comes."""

    stat: ObjectStat
    start: int
    length: int
    stream: ByteStream


class ObjectStore(Protocol):
    """A bucket. Keys come from `manifests.layout` alone."""

    async def head(self, key: str) -> ObjectStat | None: ...

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> ObjectBody:
        """Open an object for reading; the stream closes its connection when it is exhausted or closed (aclose).

        Raises ObjectNotFound, RangeUnsatisfiable.
        """
        ...

    async def read(self, key: str) -> bytes:
        """The whole of a small object. Raises ObjectNotFound."""
        ...

    async def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        cache_control: str | None = None,
        only_if_absent: bool = False,
    ) -> ObjectStat:
        """Write one object.

        With `only_if_absent` raises ObjectExists where the store can tell (S3 `If-None-Match: *`).
        """
        ...

    def list(self, prefix: str, *, after: str | None = None) -> AsyncIterator[ObjectStat]:
        """Objects under a prefix in key order."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete any number of objects; keys that do not exist are no error."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a multipart upload; numbers begin at 1."""

    number: int
    etag: str
    size: int


class MultipartStore(Protocol):
    """S3 multipart uploads: every part but the last has at least 5 MiB; at most 10,000 parts."""

    async def begin(self, key: str, *, content_type: str) -> str:
        """Start; returns the store's upload id."""
        ...

    async def put_part(self, key: str, upload_id: str, number: int, body: bytes) -> Part: ...

    async def parts(self, key: str, upload_id: str) -> tuple[Part, ...]:
        """The parts that the store holds, by number. Raises UploadNotFound."""
        ...

    async def complete(self, key: str, upload_id: str, parts: Sequence[Part]) -> ObjectStat: ...

    async def abort(self, key: str, upload_id: str) -> None:
        """Throw the parts away; an unknown upload is no error."""
        ...

    def presign_part(self, key: str, upload_id: str, number: int, *, expires: timedelta) -> str:
        """A URL on the public endpoint under which a browser may PUT this part (signature v4)."""
        ...


# --- cache, wake-ups, leases ----------------------------------------------------------------------------------------


class Lease(Protocol):
    """A held lease; renewed in the background while it is held."""

    @property
    def lost(self) -> bool:
        """True once somebody else may hold it (the store forgot it, or renewal failed for longer than its ttl)."""
        ...


class Cache(Protocol):
    """Redis, for what can be rebuilt: short-lived values, wake-ups, leases, scripts. Bytes in, bytes out."""

    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, value: bytes, *, ttl: timedelta, only_if_absent: bool = False) -> bool:
        """Store; False where `only_if_absent` found a value."""
        ...

    async def delete(self, *keys: str) -> None: ...

    async def publish(self, channel: str, message: bytes) -> None:
        """Wake whoever subscribes now; a message nobody waits for is gone."""
        ...

    def subscribe(self, *channels: str) -> AbstractAsyncContextManager[AsyncIterator[tuple[str, bytes]]]:
        """Messages (channel, payload) from the moment the context is entered. One connection a process serves all
        subscribers; a lost connection is taken up again and yields ("", b"") so that the reader looks for itself."""
        ...

    def lease(self, name: str, *, ttl: timedelta) -> AbstractAsyncContextManager[Lease | None]:
        """Try to take a lease, without waiting: None if somebody holds it. Renewed until the context ends."""
        ...

    async def script(self, source: str, keys: Sequence[str], args: Sequence[str | bytes | int | float]) -> Any:
        """Run one Lua script atomically (EVALSHA, loaded when unknown)."""
        ...


# --- jobs -----------------------------------------------------------------------------------------------------------


class Level(IntEnum):
    """Who goes first: the smaller number.

    ARRIVING: follows an upload while its bytes come, long and cheap; INDEX: what makes an asset playable; FIRST: the
    segments that its first viewers ask for.
    """

    LIVE = 0
    JUST_IN_TIME = 1
    ARRIVING = 2
    INDEX = 3
    FIRST = 4
    BULK = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A short (≤1 min), idempotent piece of work, named by what it makes.

    `name` is unique for what it makes (`{group}/{version}/{what}`); `group` is what is cancelled together (an asset, or
    one version of it);
    `tenant` is who shares the workers with others as one (the asset's owner).
    """

    name: str
    kind: str
    group: str
    tenant: str = ""
    level: Level = Level.BULK
    arguments: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One run of a task: which try it is (from 1), and whether the engine gives it another after this one."""

    task: Task
    number: int
    last: bool


Handler = Callable[[Attempt], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepth:
    queued: int
    running: int
    oldest_s: float


class JobEngine(Protocol):
    """The queue: a hint, never the truth. Anything in it may be lost; the reconciler asks again."""

    async def enqueue(self, *tasks: Task) -> None:
        """Queue; a task whose name is queued at the same or a more urgent level, or is running, is not queued again."""
        ...

    async def cancel(self, group: str, *, version: int | None = None) -> None:
        """Queued tasks of the group, or of one version in it, are gone, running ones are cancelled (asyncio
        cancellation in the worker).

        For a second or two nothing of it may be queued: what is being stopped could ask for what follows it.
        """
        ...

    async def pending(self, group: str) -> frozenset[str]:
        """Names of the group's tasks that are queued or running."""
        ...

    async def depth(self) -> Mapping[Level, QueueDepth]: ...

    async def queued(self, level: Level) -> Sequence[str]:
        """Names of the tasks of a level that wait, in no order."""
        ...

    async def slots(self, level: Level) -> int:
        """How many tasks of a level all workers that are alive can run at a time."""
        ...

    async def close(self) -> None: ...


class JobWorker(Protocol):
    """Runs tasks until it is stopped: one slot at least is kept for LIVE and JUST_IN_TIME, one for ARRIVING, one for
    INDEX and FIRST.

    A handler that raises `RetryLater` runs again after the delay; any other exception runs again (with a growing delay)
    up to `max_tries`; after the last, `on_dead(attempt, exc)` is called once.
    """

    async def run(self) -> None:
        """Work until cancelled or SIGTERM; running tasks are put back into the queue at once."""
        ...


class RetryLater(Exception):
    """A handler asks to be run again after a delay (somebody else holds its lease, say). Not counted as a failure."""

    def __init__(self, delay: timedelta) -> None:
        super().__init__(f"again in {delay.total_seconds():g} s")
        self.delay = delay

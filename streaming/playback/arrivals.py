"""Waiting for an object that is being made: one watch an object and process, however many requests wait for it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from infra.errors import CacheUnavailable, EngineUnavailable
from infra.tasks import end
from manifests.layout import RenditionId
from streaming.playback.errors import AssetFailed, SegmentPending
from transcoder import signals
from transcoder.facts import read_failure
from transcoder.plan import Plan
from transcoder.publish import key_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import timedelta

    from infra.ports import Cache, ObjectStore

log = logging.getLogger(__name__)

_LOOK_AGAIN_S: Final = 2.0
"""A signal may be lost, and so may a task: after this long the bucket is looked at and the object asked for again."""

_LOOKS_AHEAD: Final = 32
"""At a time in one process; while Redis does not answer they would pile up."""


class Wanting(Protocol):
    """`transcoder.demand.Demand`."""

    async def want(self, plan: Plan, rendition: RenditionId, number: int | None) -> None: ...

    async def keep_ahead(self, plan: Plan, rendition: RenditionId, number: int) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A segment of a rendition, or its init section (None)."""

    plan: Plan
    rendition: RenditionId
    number: int | None

    @property
    def key(self) -> str:
        return key_of(self.plan.asset, self.rendition, self.number)

    def answered_by(self, message: bytes) -> bool:
        """Whether a signal is about this object, or about the end of the asset."""
        try:
            signal = signals.load(message)
        except msgspec.DecodeError:
            return True  # also b"", "you may have missed something": look
        if signal.what == "segment":
            return (signal.rendition, signal.number) == (self.rendition, self.number)
        return signal.what in {"failure", "ready"}


@dataclass(slots=True)
class _Watch:
    task: asyncio.Task[None]
    waiting: int = 0


class Arrivals:
    """`patience`: how long one request waits."""

    def __init__(self, *, store: ObjectStore, cache: Cache, demand: Wanting, patience: timedelta) -> None:
        self._store = store
        self._cache = cache
        self._demand = demand
        self._patience_s = patience.total_seconds()
        self._watches: dict[str, _Watch] = {}
        self._looking_ahead: set[asyncio.Task[None]] = set()

    async def wait(self, wanted: Wanted) -> None:
        """Until the object is in the bucket. Raises SegmentPending (patience ends), AssetFailed, CacheUnavailable."""
        key = wanted.key
        watch = self._watches.get(key)
        if watch is None:
            watch = self._watches[key] = _Watch(asyncio.create_task(self._watch(wanted), name=f"watch {key}"))
            watch.task.add_done_callback(lambda done: done.cancelled() or done.exception())  # all may have left
        watch.waiting += 1
        try:
            async with asyncio.timeout(self._patience_s):
                await asyncio.shield(watch.task)
        except TimeoutError:
            raise SegmentPending from None
        finally:
            watch.waiting -= 1
            if watch.waiting == 0:
                watch.task.cancel()
            if (watch.waiting == 0 or watch.task.done()) and self._watches.get(key) is watch:
                del self._watches[key]

    def look_ahead(self, wanted: Wanted) -> None:
        """Somebody has this segment: see, beside the answer, that those behind it will be there when he comes."""
        if wanted.number is None or len(self._looking_ahead) >= _LOOKS_AHEAD:
            return
        looking = asyncio.create_task(self._look_ahead(wanted, wanted.number), name=f"ahead of {wanted.key}")
        self._looking_ahead.add(looking)
        looking.add_done_callback(self._looking_ahead.discard)

    async def _look_ahead(self, wanted: Wanted, number: int) -> None:
        try:
            await self._demand.keep_ahead(wanted.plan, wanted.rendition, number)
        except (CacheUnavailable, EngineUnavailable) as exc:
            # He may have to wait for it, then.
            log.warning("could not look ahead", extra={"key": wanted.key, "cause": str(exc)})

    async def _watch(self, wanted: Wanted) -> None:
        # Subscribed before looking: whatever lands after the look is heard of.
        async with self._cache.subscribe(signals.asset_channel(wanted.plan.asset)) as messages:
            woken = asyncio.Event()
            listening = asyncio.create_task(_listen(messages, wanted, woken))
            try:
                await self._until_there(wanted, woken)
            finally:
                await end(listening)

    async def _until_there(self, wanted: Wanted, woken: asyncio.Event) -> None:
        first = True
        while await self._store.head(wanted.key) is None:
            if not first:
                await self._check_failure(wanted.plan)
            first = False
            try:
                await self._demand.want(wanted.plan, wanted.rendition, wanted.number)
            except (CacheUnavailable, EngineUnavailable) as exc:
                # It may be on its way without us, or the next try gets through.
                log.warning("could not ask for a segment", extra={"key": wanted.key, "cause": str(exc)})
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN_S):
                    await woken.wait()
            woken.clear()

    async def _check_failure(self, plan: Plan) -> None:
        failure = await read_failure(self._store, plan.asset, plan.version)
        if failure is not None:
            raise AssetFailed(failure.message, reason=failure.code)


async def _listen(messages: AsyncIterator[tuple[str, bytes]], wanted: Wanted, woken: asyncio.Event) -> None:
    async for _, message in messages:
        if wanted.answered_by(message):
            woken.set()

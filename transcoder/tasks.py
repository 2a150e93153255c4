"""The kinds of work: index a source, encode a window, finish an asset version.

Each may run twice, at the same time, on two machines, or after the asset is gone, without harm: it looks at the bucket,
takes a lease by its name, makes what is missing, says what it made. What the engine forgets the reconciler asks again.

How a task ends:
    done                    it returns (also when there is nothing to do, or the asset is gone)
    not now                 RetryLater: the lease is held, a store does not answer, the disk is full; not a failure
    failed for good         SourceRefused: failure.json at once
    failed, perhaps not     any other exception: the engine tries again, and calls `dead` after the last time
"""

from __future__ import annotations

import logging
import os
import shlex
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from anyio import to_thread

from infra.errors import InfraError, ObjectNotFound
from infra.ports import Level, RetryLater
from manifests import layout
from manifests.layout import AssetId, RenditionId
from transcoder import metrics, signals
from transcoder.errors import DiskFull, LeaseLost, PlanMissing, SandboxError, SourceRefused
from transcoder.facts import Failure, find_plan, has_failed, is_over, read_plan, write_failure, write_plan
from transcoder.finish import finish
from transcoder.index import index_source
from transcoder.leases import leased
from transcoder.plan import SourceRef
from transcoder.planner import make_plan
from transcoder.publish import announce
from transcoder.remaining import made_by, remaining_tasks
from transcoder.sniff import HEAD, sniff
from transcoder.window_work import existing, make_window, start_of
from transcoder.windows import finish_task, windows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from infra.ports import Attempt, Handler, Lease
    from transcoder.parts import TranscoderParts
    from transcoder.plan import Plan
    from transcoder.windows import Window

log = logging.getLogger(__name__)

_LOST: Final = timedelta(seconds=1)
_OUTAGE: Final = timedelta(seconds=5)
_NO_ROOM: Final = timedelta(seconds=30)

_REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "index": ("index_failed", "The file could not be read. Export it again, then upload the new file."),
    "window": ("encode_failed", "The file could not be encoded. It may be damaged: check it, or export it again."),
    "finish": ("finish_failed", "The encode could not be completed. Ask your operator: the log says why."),
}


def handlers(parts: TranscoderParts) -> Mapping[str, Handler]:
    """The handler of every kind of task."""
    tasks = _Tasks(parts)
    kinds: Mapping[str, Handler] = {"index": tasks.index, "window": tasks.window, "finish": tasks.finish}
    return {kind: partial(tasks.settled, handler) for kind, handler in kinds.items()}


async def dead(parts: TranscoderParts, attempt: Attempt, exc: BaseException) -> None:
    """A task has failed for the last time: so has its asset version."""
    code, message = _REASONS[attempt.task.kind]
    await _fail(parts, *_subject(attempt), Failure(code=code, message=message, cause=_cause(attempt, exc)))


class _Tasks:
    def __init__(self, parts: TranscoderParts) -> None:
        self._parts = parts

    async def settled(self, handler: Handler, attempt: Attempt) -> None:
        """Run a handler, and tell the engine's failures from those that are none."""
        asset, version = _subject(attempt)
        # A window is made of a ready asset too, should an object of it be lost.
        is_done = has_failed if attempt.task.kind == "window" else is_over
        try:
            if not await is_done(self._parts.store, asset, version):
                await handler(attempt)
        except PlanMissing as exc:
            log.info("nothing to do any more", extra={"task": attempt.task.name, "cause": str(exc)})
        except SourceRefused as exc:
            await _fail(self._parts, asset, version, Failure(code=exc.code, message=str(exc), cause=exc.cause))
        except LeaseLost as exc:
            raise RetryLater(_LOST) from exc
        except DiskFull as exc:
            log.error("the disk is full", extra={"task": attempt.task.name, "cause": str(exc)})
            raise RetryLater(_NO_ROOM) from exc
        except InfraError as exc:
            log.warning("a server does not answer", extra={"task": attempt.task.name, "cause": str(exc)})
            raise RetryLater(_OUTAGE) from exc

    async def index(self, attempt: Attempt) -> None:
        """Source → plan.json, and a task for each of its windows."""
        asset, version = _subject(attempt)
        plan = await find_plan(self._parts.store, asset, version)
        if plan is None:
            key = layout.source(asset, version)
            async with self._leased(attempt), self._source(key) as source:
                demuxer, size = await to_thread.run_sync(_sniffed, source)
                limits = self._parts.settings.source
                index = await index_source(source, demuxer=demuxer, limits=limits)
                reference = SourceRef(key=key, size=size, demuxer=demuxer)
                made = make_plan(asset=asset, version=version, source=reference, index=index, limits=limits)
                plan = await write_plan(self._parts.store, made)
        await announce(self._parts.cache, signals.Signal(what="plan", asset=asset, version=version))
        await self._parts.jobs.enqueue(*remaining_tasks(plan, ()))

    async def window(self, attempt: Attempt) -> None:
        """Encode what is missing of one window; whoever makes the plan's last object asks for the finish."""
        parts, (asset, version) = self._parts, _subject(attempt)
        plan = await read_plan(parts.store, asset, version)
        window = _window(plan, attempt)
        if await existing(parts.store, plan, window) != made_by(plan, window):
            # The most urgent has the cores; what nobody waits for yet has what is left of them.
            niceness = {Level.BULK: parts.settings.bulk_nice, Level.FIRST: parts.settings.bulk_nice // 4}
            nice = niceness.get(attempt.task.level, 0)
            async with self._leased(attempt) as lease, self._source(plan.source.key) as source:
                wanted = _wanted(attempt) or start_of(plan, window)
                await make_window(parts, plan, window, source=source, lease=lease, wanted=wanted, nice=nice)
            await announce(parts.cache, signals.Signal(what="window", asset=asset, version=version))
        if (await parts.board.progress(asset, version)).complete:
            await parts.jobs.enqueue(finish_task(asset, version))

    async def finish(self, attempt: Attempt) -> None:
        """Everything is there: sizes, static playlists, ready.json."""
        asset, version = _subject(attempt)
        plan = await read_plan(self._parts.store, asset, version)
        async with self._leased(attempt):
            missing = await finish(self._parts.store, plan)
        if missing:
            await self._parts.board.recount(plan)
            await self._parts.jobs.enqueue(*missing)
        else:
            await announce(self._parts.cache, signals.Signal(what="ready", asset=asset, version=version))

    def _leased(self, attempt: Attempt) -> AbstractAsyncContextManager[Lease]:
        return leased(self._parts.cache, attempt.task.name, ttl=self._parts.settings.lease)

    @asynccontextmanager
    async def _source(self, key: str) -> AsyncIterator[Path]:
        try:
            async with self._parts.sources.open(key) as path:
                yield path
        except ObjectNotFound as exc:
            raise PlanMissing(f"the source {key} is gone") from exc


def _sniffed(source: Path) -> tuple[str, int]:
    """The demuxer that the bytes call for, and how many there are. Raises SourceRefused."""
    with source.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - HEAD, 0))
        tail = file.read()
        file.seek(0)
        return sniff(file.read(HEAD), tail), size


def _window(plan: Plan, attempt: Attempt) -> Window:
    arguments = attempt.task.arguments
    for window in windows(plan):
        if (window.track, window.index) == (arguments["track"], arguments["window"]):
            return window
    raise PlanMissing(f"{attempt.task.name} is not of this plan")


def _wanted(attempt: Attempt) -> tuple[RenditionId, int] | None:
    """The segment that somebody waits for."""
    arguments = attempt.task.arguments
    return (RenditionId(str(arguments["rendition"])), int(arguments["number"])) if "number" in arguments else None


def _subject(attempt: Attempt) -> tuple[AssetId, int]:
    return AssetId(str(attempt.task.arguments["asset"])), int(attempt.task.arguments["version"])


def _cause(attempt: Attempt, exc: BaseException) -> str:
    said = f"{attempt.task.name}, try {attempt.number}: {type(exc).__name__}: {exc}"
    if isinstance(exc, SandboxError):
        said += f"\n{shlex.join(exc.argv)}\n{exc.stderr}"
    return said


async def _fail(parts: TranscoderParts, asset: AssetId, version: int, failure: Failure) -> None:
    log.error("an asset has failed", extra={"asset": asset, "version": version, "code": failure.code})
    if await write_failure(parts.store, asset, version, failure):
        metrics.FAILURES.labels(failure.code).inc()
    await announce(parts.cache, signals.Signal(what="failure", asset=asset, version=version))

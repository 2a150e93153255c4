"""The kinds of work: follow a source that arrives; index, analyse, search, hear it; encode windows; finish a version.

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
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from infra.errors import InfraError
from infra.ports import Attempt, RetryLater
from transcoder import failures, metrics, signals
from transcoder.errors import DiskFull, LeaseLost, PlanMissing, SourceRefused
from transcoder.facts import Failure, find_plan, has_failed, is_over, write_failure
from transcoder.ffmpeg import telling
from transcoder.parts import TranscoderParts
from transcoder.publish import announce
from transcoder.task_analyse import analyse
from transcoder.task_captions import captions, captions_failed
from transcoder.task_context import subject
from transcoder.task_finish import complete
from transcoder.task_grow import grow
from transcoder.task_index import index
from transcoder.task_loudness import give_up, loudness
from transcoder.task_run import run
from transcoder.task_slate import slate
from transcoder.task_stills import poster
from transcoder.task_window import window

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.ports import Handler
    from manifests.layout import AssetId

Work: TypeAlias = Callable[[TranscoderParts, Attempt], Awaitable[None]]

log = logging.getLogger(__name__)

_SEGMENTS: Final = frozenset({"window", "run"})
_PICTURES: Final = frozenset({"poster", "slate"})
_LATER: Final = _SEGMENTS | _PICTURES | {"captions"}
"""Kinds that have work to do on a ready asset too."""
_UNWATCHED: Final = frozenset({"analyse", "captions", "loudness", "finish"})
"""Kinds that nobody waits for: their children stand still while another one makes what a viewer waits for."""
_LOST: Final = timedelta(seconds=1)
_OUTAGE: Final = timedelta(seconds=5)
_NO_ROOM: Final = timedelta(seconds=30)


def handlers(parts: TranscoderParts) -> Mapping[str, Handler]:
    """The handler of every kind of task."""
    kinds: Mapping[str, Work] = {
        "grow": grow, "index": index, "window": window, "run": run, "analyse": analyse, "captions": captions,
        "loudness": loudness, "poster": poster, "slate": slate,
        "finish": complete,
    }  # fmt: skip
    return {kind: partial(_settled, parts, work) for kind, work in kinds.items()}


async def dead(parts: TranscoderParts, attempt: Attempt, exc: BaseException) -> None:
    """A task has failed for the last time: so has its asset version, if it cannot do without."""
    if attempt.task.kind == "analyse":
        log.error("a title keeps the fixed ladder", extra={"task": attempt.task.name}, exc_info=exc)
        return
    if attempt.task.kind == "captions":
        log.error("a source cannot be searched for captions", extra={"task": attempt.task.name}, exc_info=exc)
        await captions_failed(parts, attempt)
        return
    if attempt.task.kind in _PICTURES:
        log.error("a picture cannot be drawn", extra={"task": attempt.task.name}, exc_info=exc)
        return
    asset, version = subject(attempt)
    if attempt.task.kind == "loudness":
        log.error("the sound stays as it is made", extra={"task": attempt.task.name}, exc_info=exc)
        await give_up(parts, attempt, exc)
        return
    if attempt.task.kind == "grow" or (
        attempt.task.kind in _SEGMENTS and await find_plan(parts.store, asset, version) is None
    ):
        # The source still arrives. When it is whole everything that is missing is tried again.
        log.error("an arriving source cannot be made", extra={"task": attempt.task.name}, exc_info=exc)
        return
    await _fail(parts, asset, version, failures.of_task(attempt, exc))


async def _settled(parts: TranscoderParts, work: Work, attempt: Attempt) -> None:
    """Run a handler, and tell the engine's failures from those that are none."""
    asset, version = subject(attempt)
    # Segments are made of a ready asset too, should an object of it be lost; and nobody waits for its captions.
    is_done = has_failed if attempt.task.kind in _LATER else is_over
    try:
        if await is_done(parts.store, asset, version):
            return
        if attempt.task.kind in _UNWATCHED:
            with telling(parts.processor.yielding):
                await work(parts, attempt)
        else:
            await work(parts, attempt)
    except PlanMissing as exc:
        log.info("nothing to do any more", extra={"task": attempt.task.name, "cause": str(exc)})
    except SourceRefused as exc:
        await _fail(parts, asset, version, Failure(code=exc.code, message=str(exc), cause=exc.cause))
    except LeaseLost as exc:
        raise RetryLater(_LOST) from exc
    except DiskFull as exc:
        log.error("the disk is full", extra={"task": attempt.task.name, "cause": str(exc)})
        raise RetryLater(_NO_ROOM) from exc
    except InfraError as exc:
        log.warning("a server does not answer", extra={"task": attempt.task.name, "cause": str(exc)})
        raise RetryLater(_OUTAGE) from exc


async def _fail(parts: TranscoderParts, asset: AssetId, version: int, failure: Failure) -> None:
    log.error("an asset has failed", extra={"asset": asset, "version": version, "code": failure.code})
    if await write_failure(parts.store, asset, version, failure):
        metrics.FAILURES.labels(failure.code).inc()
    await announce(parts.cache, signals.Signal(what="failure", asset=asset, version=version))

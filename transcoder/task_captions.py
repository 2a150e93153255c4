"""The task "captions": look for captions inside a source, once; what is found is a fact in the bucket.

It runs beside the encode, at the lowest priority, and nobody waits for it: an asset is ready without, and its captions
come when they are there. An asset never fails for its captions; what could not be read is a note for the editor.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from transcoder import signals
from transcoder.captions.found import FoundCaptions, find_found, write_found
from transcoder.captions.inside import captions_inside
from transcoder.errors import ChildFailed, ChildTimedOut, PlanMissing
from transcoder.facts import find_plan, read_profile
from transcoder.index import is_crash
from transcoder.publish import announce
from transcoder.task_context import held, subject

if TYPE_CHECKING:
    from infra.ports import Attempt
    from transcoder.parts import TranscoderParts
    from transcoder.plan import Plan

log = logging.getLogger(__name__)

_FAILED = FoundCaptions(notes=("The file could not be searched for captions. Ask your operator: the log says why.",))


async def captions(parts: TranscoderParts, attempt: Attempt) -> None:
    """Raises PlanMissing, LeaseLost, RetryLater, and what the child and the servers raise."""
    asset, version = subject(attempt)
    plan = await find_plan(parts.store, asset, version)
    if plan is None:
        raise PlanMissing(f"there is no plan of {asset} version {version}")
    if await find_found(parts.store, asset, version) is None:
        async with held(parts, attempt):
            found = FoundCaptions()
            if (await read_profile(parts.store, asset, version)).captions:
                found = await _inside(parts, plan)
            await write_found(parts.store, asset, version, found)
    await announce(parts.cache, signals.Signal(what="captions", asset=asset, version=version))


async def _inside(parts: TranscoderParts, plan: Plan) -> FoundCaptions:
    async with parts.sources.open(plan.asset, plan.version) as source:
        try:
            return await captions_inside(source, plan, nice=parts.settings.bulk_nice)
        except (ChildFailed, ChildTimedOut) as exc:
            # What takes too long, or crashes, does so again: the file is to blame.
            if isinstance(exc, ChildFailed) and not is_crash(exc.exit_code):
                raise
            log.warning("a source cannot be searched for captions", extra={"asset": plan.asset, "cause": str(exc)})
            return _FAILED


async def captions_failed(parts: TranscoderParts, attempt: Attempt) -> None:
    """It has failed for the last time: say so, so that nobody tries again."""
    asset, version = subject(attempt)
    await write_found(parts.store, asset, version, _FAILED)
    await announce(parts.cache, signals.Signal(what="captions", asset=asset, version=version))

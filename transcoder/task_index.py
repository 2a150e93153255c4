"""The task "index": source → plan.json, and a task for each of its windows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from anyio import to_thread

from manifests import layout
from transcoder import signals
from transcoder.facts import find_plan, write_plan
from transcoder.index import index_source
from transcoder.plan import SourceRef
from transcoder.planner import make_plan
from transcoder.publish import announce
from transcoder.remaining import remaining_tasks
from transcoder.sniff import HEAD, sniff
from transcoder.task_context import held, opened, subject

if TYPE_CHECKING:
    from pathlib import Path

    from infra.ports import Attempt
    from transcoder.parts import TranscoderParts


async def index(parts: TranscoderParts, attempt: Attempt) -> None:
    """Raises SourceRefused, PlanMissing, and what the index child and the servers raise."""
    asset, version = subject(attempt)
    plan = await find_plan(parts.store, asset, version)
    if plan is None:
        async with held(parts, attempt), opened(parts, asset, version) as source:
            demuxer, size = await to_thread.run_sync(_sniffed, source)
            limits = parts.settings.source
            found = await index_source(source, demuxer=demuxer, limits=limits)
            reference = SourceRef(key=layout.source(asset, version), size=size, demuxer=demuxer)
            made = make_plan(asset=asset, version=version, source=reference, index=found, limits=limits)
            plan = await write_plan(parts.store, made)
    await announce(parts.cache, signals.Signal(what="plan", asset=asset, version=version))
    await parts.jobs.enqueue(*remaining_tasks(plan, ()))


def _sniffed(source: Path) -> tuple[str, int]:
    """The demuxer that the bytes call for, and how many there are. Raises SourceRefused."""
    with source.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - HEAD, 0))
        tail = file.read()
        file.seek(0)
        return sniff(file.read(HEAD), tail), size

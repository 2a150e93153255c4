"""The task "index": source → plan.json, and the first of its windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests import layout
from transcoder.facts import find_fixed_plan, find_growing, read_profile
from transcoder.index import index_source
from transcoder.plan import SourceRef
from transcoder.planned import planned
from transcoder.planner import make_plan
from transcoder.sniff import HEAD, sniff
from transcoder.task_context import held, opened, subject

if TYPE_CHECKING:
    from infra.ports import Attempt
    from transcoder.parts import TranscoderParts
    from transcoder.plan import Plan
    from transcoder.sources.source import OpenSource


async def index(parts: TranscoderParts, attempt: Attempt) -> None:
    """Raises SourceRefused, PlanMissing, and what the index child and the servers raise."""
    asset, version = subject(attempt)
    plan = await find_fixed_plan(parts.store, asset, version)
    if plan is None:
        async with held(parts, attempt), opened(parts, asset, version) as source:
            plan = await indexed(parts, source)
    await planned(parts, plan, tenant=attempt.task.tenant)


async def indexed(parts: TranscoderParts, source: OpenSource) -> Plan:
    """The plan of a whole source, for whoever holds the index's lease. Raises SourceRefused, and as `index` does."""
    demuxer, size = await _sniffed(source)
    limits = parts.settings.source
    return make_plan(
        asset=source.asset,
        version=source.version,
        source=SourceRef(key=layout.source(source.asset, source.version), size=size, demuxer=demuxer),
        index=await index_source(source, demuxer=demuxer, limits=limits),
        profile=await read_profile(parts.store, source.asset, source.version),
        limits=limits,
        grown=await find_growing(parts.store, source.asset, source.version),
    )


async def _sniffed(source: OpenSource) -> tuple[str, int]:
    """The demuxer that the bytes call for, and how many there are. Raises SourceRefused."""
    size = source.source.arrived
    head, tail = await source.read(0, HEAD), await source.read(max(size - HEAD, 0), HEAD)
    return sniff(head, tail), size

"""The task "grow": follow a source while it arrives, and have made of it what can be made.

It holds the lease of the version's index, for it does that work: once the last byte is there it writes the plan itself,
if it has seen all of the source. Whatever it cannot follow, or make out, it leaves to the index.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final, assert_never

import anyio

from infra.ports import RetryLater
from infra.tasks import end
from manifests import layout
from transcoder.errors import SourceRefused
from transcoder.facts import find_fixed_plan, find_growing, read_profile
from transcoder.growing.growth import Growth, Head
from transcoder.growing.openings import Opening, opening
from transcoder.growing.publishing import Publishing
from transcoder.growing.released import released
from transcoder.growing.scan import scan
from transcoder.index import SourceIndex, index_source
from transcoder.leases import leased
from transcoder.plan import SourceRef
from transcoder.planned import planned
from transcoder.planner import make_plan
from transcoder.profile import DEFAULT
from transcoder.reads import source_reads
from transcoder.sniff import HEAD, sniff
from transcoder.sources.arrivals import arrivals
from transcoder.task_context import subject
from transcoder.task_index import indexed
from transcoder.windows import index_task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.ports import Attempt
    from transcoder.growing.growth import Seen
    from transcoder.parts import TranscoderParts
    from transcoder.plan import Plan
    from transcoder.sources.arrivals import Arrivals
    from transcoder.sources.source import OpenSource

log = logging.getLogger(__name__)

_RUN: Final = timedelta(minutes=6)
"""The longest that one run follows an upload; the next one goes on, from the local file. An index may come after it."""
_IDLE_S: Final = 60.0
"""Without a byte for so long an upload is left; the next bytes ask for this task again."""
_FIRST: Final = 1 << 16
"""Bytes of media to wait for where the first pictures of an MP4 are not there yet; then twice as many, and so on."""
_UNKNOWN: Final = 1 << 62
"""As long as nobody says how long a source is, it is long enough."""


async def grow(parts: TranscoderParts, attempt: Attempt) -> None:
    """Raises RetryLater, LeaseLost, PlanMissing when the upload is given up, SourceRefused when it is whole, and what
    children and servers raise."""
    asset, version = subject(attempt)
    name = index_task(asset, version).name
    plan: Plan | None = None
    async with leased(parts.cache, name, ttl=parts.settings.lease), parts.sources.open(asset, version) as source:
        with anyio.move_on_after(_RUN.total_seconds()) as run:
            idle = asyncio.create_task(_leave_when_idle(source, run))
            try:
                plan = await _Follower(parts, attempt, source).follow()
            except SourceRefused as exc:
                # More may come that makes it whole; what it is worth is told when it is.
                log.info("a source cannot be followed", extra={"asset": asset, "code": exc.code, "cause": exc.cause})
            finally:
                await end(idle)
        if run.cancelled_caught and anyio.current_time() >= run.deadline:
            raise RetryLater(timedelta(0))
        if plan is None and source.source.whole and await find_fixed_plan(parts.store, asset, version) is None:
            # The index would wait for the lease.
            plan = await indexed(parts, source)
        if plan is not None:
            await planned(parts, plan, tenant=attempt.task.tenant)


async def _leave_when_idle(source: OpenSource, run: anyio.CancelScope) -> None:
    """An upload that was left lying must not keep those that go on from being followed."""
    arrived = -1
    while source.source.whole or source.source.arrived != arrived:
        arrived = source.source.arrived
        await asyncio.sleep(_IDLE_S)
    run.cancel()


class _Follower:
    def __init__(self, parts: TranscoderParts, attempt: Attempt, source: OpenSource) -> None:
        self._parts, self._attempt, self._source = parts, attempt, source
        self._asset, self._version = source.asset, source.version
        self._limits = parts.settings.source
        self._profile = DEFAULT

    async def follow(self) -> Plan | None:
        """The plan of the whole source, if all of it was seen. Raises SourceRefused."""
        self._profile = await read_profile(self._parts.store, self._asset, self._version)
        if self._source.source.whole or not self._profile.play_early:
            return None
        demuxer, way = await self._opening()
        match way:
            case Opening.STREAM:
                return await self._scanned(demuxer)
            case Opening.TABLES:
                await self._release(demuxer)
            case Opening.NOT:
                pass
            case _:
                assert_never(way)
        return None

    async def _opening(self) -> tuple[str, Opening]:
        """The demuxer, and how the source can be followed, as soon as that can be told. Raises SourceRefused."""
        wanted = HEAD
        async with arrivals(self._source) as arriving:
            while True:
                await arriving.beyond(wanted - 1)
                head = await self._source.read(0, wanted)
                demuxer = sniff(head)
                found = opening(head, demuxer)
                if isinstance(found, Opening):
                    return demuxer, found
                if len(head) < wanted:  # the end
                    return demuxer, Opening.NOT
                wanted = found

    async def _scanned(self, demuxer: str) -> Plan | None:
        """Follow the packets; the plan of the whole source when the last of them has come."""
        grown = await find_growing(self._parts.store, self._asset, self._version)
        growth: Growth | None = None
        early: list[Mapping[int, Seen]] = []
        whole: SourceIndex | None = None
        async with (
            Publishing(self._parts, self._attempt, grown) as publishing,
            scan(self._source, demuxer=demuxer, limits=self._limits, wall_s=2 * _RUN.total_seconds()) as told,
        ):
            async for each in told:
                if isinstance(each, SourceIndex):
                    whole = each
                elif isinstance(each, Head):
                    growth = Growth(
                        each, asset=self._asset, version=self._version, source=self._reference(demuxer),
                        profile=self._profile, limits=self._limits, grown=grown,
                    )  # fmt: skip
                    for seen in early:
                        growth.add(seen)
                elif growth is None:
                    early.append(each)
                else:
                    growth.add(each)
                if growth is not None and growth.plan is not None:
                    publishing.offer(growth.plan)
        if whole is None:
            return None
        return make_plan(
            asset=self._asset, version=self._version, source=self._reference(demuxer), index=whole,
            profile=self._profile, limits=self._limits, grown=None if growth is None else growth.plan,
        )  # fmt: skip

    async def _release(self, demuxer: str) -> None:
        """Release the segments of an MP4 as their bytes come. When all have an index looks at its end too."""
        async with arrivals(self._source) as arriving, Publishing(self._parts, self._attempt, None) as publishing:
            index = await self._tables(demuxer, arriving)
            if index is None:
                return
            plan = make_plan(
                asset=self._asset, version=self._version, source=self._reference(demuxer), index=index,
                profile=self._profile.early(), limits=self._limits,
            )  # fmt: skip
            needs = source_reads(index, plan.video, plan.audio, behind=0)
            while needs is not None and not self._source.source.whole:
                arrived = self._source.source.arrived
                if (part := released(plan, needs, arrived)) is not None:
                    publishing.offer(part)
                await arriving.beyond(arrived)

    async def _tables(self, demuxer: str, arriving: Arrivals) -> SourceIndex | None:
        """The index by the tables, once the first pictures are there; None if the source is whole before."""
        more = _FIRST
        while not self._source.source.whole:
            known = self._source.source
            length = _UNKNOWN if known.length is None else known.length
            try:
                return await index_source(self._source, demuxer=demuxer, limits=self._limits, length=length)
            except SourceRefused as exc:
                if exc.code != "truncated":
                    raise
            await arriving.beyond(known.arrived + more)
            more *= 2
        return None

    def _reference(self, demuxer: str) -> SourceRef:
        source = self._source.source
        return SourceRef(
            key=layout.source(self._asset, self._version), size=source.length or source.arrived, demuxer=demuxer
        )

"""Segments of a clip out of its parent's: whole GOPs are taken over as they are, those that the clip begins or ends
inside of are encoded again, as clips of one GOP.

What the parent lacks (it is still being encoded, was replaced, or deleted) is left to the ordinary encode.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import anyio

from infra.errors import ObjectNotFound
from transcoder.clip_plan import excerpt, renamed
from transcoder.encryption.reading import read_clear
from transcoder.fragments import fragments_of
from transcoder.retiming import Shift, retimed
from transcoder.video import encode_video, unit
from transcoder.windows import Window

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any

    from infra.ports import ObjectStore
    from manifests.layout import RenditionId
    from transcoder.encryption.content_keys import Keys
    from transcoder.plan import Parent, Plan, VideoPlan, VideoRung
    from transcoder.remaining import Sink

_READS_AT_ONCE: Final = 8


class Piece(NamedTuple):
    """Part of a GOP, or all of it: frames [start, stop) of the source's grid."""

    start: int
    stop: int


def pieces(frames: range, gop: int) -> tuple[Piece, ...]:
    """The GOPs that these frames lie in, as far as they do."""
    starts = (frames.start, *range(frames.start - frames.start % gop + gop, frames.stop, gop))
    return tuple(Piece(*ends) for ends in zip(starts, (*starts[1:], frames.stop), strict=True))


def of_parent(body: bytes, video: VideoPlan, rung: VideoRung, *, skip: int) -> dict[Piece, bytes]:
    """The fragments of a parent's segment (of a picture that begins at source frame `skip`) by what they show, where
    the clip puts them. The last sample of a rung of fewer frames may reach beyond the piece."""
    ticks, found = unit(video), {}
    earlier = Shift(ticks=(skip - video.skip) * ticks, fragments=skip // video.gop - video.skip // video.gop)
    for part in fragments_of(body):
        start = part.decode_time // ticks + skip
        piece = Piece(start, start + part.duration // ticks)
        if piece.start >= video.skip:
            found[piece] = retimed(part.body, earlier)
    return found


def taken(piece: Piece, offered: Mapping[Piece, bytes], rung: VideoRung) -> bytes | None:
    """The parent's fragment for a piece, if it has one that shows this and no more."""
    for over in range(rung.divisor):
        found = offered.get(Piece(piece.start, piece.stop + over))
        if found is not None and (over == 0 or (piece.stop + over) % rung.divisor == 0):
            return found
    return None


class Above(Protocol):
    """What segments may be taken over from."""

    async def init(self, rung: VideoRung) -> bytes | None:
        """The init section of a rung of the clip."""
        ...

    async def fragments(self, rung: VideoRung, wanted: Sequence[Piece]) -> dict[Piece, bytes] | None:
        """Those of the pieces of one segment that can be taken, where the clip puts them; None: nothing is known of the
        segment. Raises what the store raises."""
        ...


class OfParent:
    """The segments of the asset that a clip was cut from; without a `parent_plan` none."""

    def __init__(
        self, *, store: ObjectStore, video: VideoPlan, parent: Parent, parent_plan: Plan | None,
        parent_keys: Keys | None = None,
    ) -> None:  # fmt: skip
        """`video`: of the clip. `parent_keys`: those of the parent's plan."""
        self._store, self._video, self._parent = store, video, parent
        self._plan, self._keys = parent_plan, parent_keys
        above = None if parent_plan is None else parent_plan.video
        self._skip = 0 if above is None else above.skip
        self._head = 0 if above is None else above.head
        self._known = {} if parent_plan is None else parent_plan.renditions()

    async def init(self, rung: VideoRung) -> bytes | None:
        return await self._find(renamed(rung.id, self._parent.version), None)

    async def fragments(self, rung: VideoRung, wanted: Sequence[Piece]) -> dict[Piece, bytes] | None:
        rendition = renamed(rung.id, self._parent.version)
        number = (wanted[0].start - self._skip + self._head) // self._video.segment
        body = await self._find(rendition, number) if number < self._known.get(rendition, 0) else None
        if body is None:
            return None
        offered = of_parent(body, self._video, rung, skip=self._skip)
        found = ((piece, taken(piece, offered, rung)) for piece in wanted)
        return {piece: part for piece, part in found if part is not None}

    async def _find(self, rendition: RenditionId, number: int | None) -> bytes | None:
        if self._plan is None:
            return None
        try:
            return await read_clear(self._store, self._plan, self._keys, rendition, number)
        except ObjectNotFound:
            return None


class ClipSegments:
    """Makes segments of one plan; what is taken over is encrypted again, with the plan's own keys."""

    def __init__(self, *, plan: Plan, above: Above) -> None:
        self._plan, self._above = plan, above
        self._encoding, self._beginning = anyio.Lock(), anyio.Lock()
        self._begun: set[RenditionId] = set()

    async def make(
        self, number: int, renditions: Collection[RenditionId], sink: Sink, *, track: str, encoding: Mapping[str, Any]
    ) -> None:
        """Hand a segment to `sink` in each of these rungs of a track that there is something of above; with the first
        one of a rung its init section, before it. Several may be made at a time: one process encodes.

        `encoding` are arguments of `encode_video`. Raises what the store, the encoder and `sink` raise.
        """
        if (video := self._plan.video) is None:
            raise ValueError("the plan has no picture")
        rungs = [rung for rung in video.rungs if rung.id in renditions]
        wanted = pieces(video.source_frames_of(number), video.gop)
        parts = await self._offered(rungs, wanted)
        for piece in wanted:
            lacking = [rung for rung in rungs if rung.id in parts and piece not in parts[rung.id]]
            if lacking:
                async with self._encoding:
                    made = await self._encoded(video, piece, track, lacking, encoding)
                for rendition, body in made.items():
                    parts[rendition][piece] = body
        for rung in rungs:
            if rung.id in parts:
                await self._begin(rung, sink)
                await sink(rung.id, number, b"".join(parts[rung.id][piece] for piece in wanted))

    async def _begin(self, rung: VideoRung, sink: Sink) -> None:
        """Hand out the init section, once."""
        async with self._beginning:
            if rung.id not in self._begun and (init := await self._above.init(rung)) is not None:
                await sink(rung.id, None, init)
                self._begun.add(rung.id)

    async def _encoded(
        self, video: VideoPlan, piece: Piece, track: str, rungs: Sequence[VideoRung], encoding: Mapping[str, Any]
    ) -> dict[RenditionId, bytes]:
        """One part of a GOP in some rungs, where the clip puts it."""
        made = excerpt(video, range(piece.start - video.skip, piece.stop - video.skip))
        plan = replace(self._plan, video=replace(made, rungs=tuple(rungs)), audio=(), reads=None)
        there = Shift(
            ticks=(piece.start - video.skip) * unit(video), fragments=piece.start // video.gop - video.skip // video.gop
        )
        found: dict[RenditionId, bytes] = {}

        async def keep(rendition: RenditionId, number: int | None, body: bytes) -> None:
            if number is not None:
                found[rendition] = b"".join(retimed(part.body, there) for part in fragments_of(body))

        await encode_video(plan, Window(track=track, first=0, count=1), sink=keep, **encoding)
        return found

    async def _offered(
        self, rungs: Sequence[VideoRung], wanted: Sequence[Piece]
    ) -> dict[RenditionId, dict[Piece, bytes]]:  # fmt: skip
        """Of the rungs that there is something of."""
        found: dict[RenditionId, dict[Piece, bytes]] = {}
        limiter = anyio.CapacityLimiter(_READS_AT_ONCE)

        async def look(rung: VideoRung) -> None:
            async with limiter:
                offered = await self._above.fragments(rung, wanted)
            if offered is not None:
                found[rung.id] = offered

        try:
            async with anyio.create_task_group() as reads:
                for rung in rungs:
                    reads.start_soon(look, rung)
        except ExceptionGroup as exc:
            raise exc.exceptions[0] from exc
        return found

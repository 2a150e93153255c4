"""Segments of a clip out of its parent's: whole GOPs are taken over as they are, those that the clip begins or ends
inside of are encoded again, as clips of one GOP.

What the parent lacks (it is still being encoded, was replaced, or deleted) is left to the ordinary encode.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

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


class ClipSegments:
    """Makes segments of one clip; without a `parent_plan` none."""

    def __init__(
        self, *, store: ObjectStore, plan: Plan, parent: Parent, parent_plan: Plan | None,
        parent_keys: Keys | None = None,
    ) -> None:  # fmt: skip
        """`parent_keys`: those of the parent's plan. What is taken over is encrypted again, with the clip's own."""
        self._store, self._plan, self._parent = store, plan, parent
        self._parent_plan, self._parent_keys = parent_plan, parent_keys
        video = None if parent_plan is None else parent_plan.video
        self._skip = 0 if video is None else video.skip
        self._head = 0 if video is None else video.head
        self._known = {} if parent_plan is None else parent_plan.renditions()

    async def make(
        self, number: int, renditions: Collection[RenditionId], sink: Sink, *, track: str, encoding: Mapping[str, Any]
    ) -> None:
        """Hand a segment to `sink` in each of these rungs of a track that the parent has it in, init section first.

        `encoding` are arguments of `encode_video`. Raises what the store, the encoder and `sink` raise.
        """
        if (video := self._plan.video) is None:
            raise ValueError("the plan has no picture")
        rungs = [rung for rung in video.rungs if rung.id in renditions]
        frames = video.source_frames_of(number)
        wanted = pieces(frames, video.gop)
        above = (frames.start - self._skip + self._head) // video.segment
        bodies = await self._read([(renamed(rung.id, self._parent.version), above) for rung in rungs])
        offered = {
            rung.id: of_parent(body, video, rung, skip=self._skip)
            for rung, body in zip(rungs, bodies, strict=True)
            if body is not None
        }
        parts: dict[RenditionId, dict[Piece, bytes]] = {rendition: {} for rendition in offered}
        for piece in wanted:
            lacking = []
            for rung in rungs:
                if rung.id in offered:
                    found = taken(piece, offered[rung.id], rung)
                    if found is None:
                        lacking.append(rung)
                    else:
                        parts[rung.id][piece] = found
            if lacking:
                for rendition, body in (await self._encoded(video, piece, track, lacking, encoding)).items():
                    parts[rendition][piece] = body
        for rung in rungs:
            if rung.id in parts:
                await self._init(rung.id, sink)
                await sink(rung.id, number, b"".join(parts[rung.id][piece] for piece in wanted))

    async def _init(self, rendition: RenditionId, sink: Sink) -> None:
        body = await self._find(renamed(rendition, self._parent.version), None)
        if body is not None:
            await sink(rendition, None, body)

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

    async def _read(self, names: Sequence[tuple[RenditionId, int]]) -> list[bytes | None]:
        """Segments of the parent; None for what it has not."""
        found: list[bytes | None] = [None] * len(names)
        limiter = anyio.CapacityLimiter(_READS_AT_ONCE)

        async def read(place: int, rendition: RenditionId, number: int) -> None:
            if number < self._known.get(rendition, 0):
                async with limiter:
                    found[place] = await self._find(rendition, number)

        try:
            async with anyio.create_task_group() as reads:
                for place, name in enumerate(names):
                    reads.start_soon(read, place, *name)
        except ExceptionGroup as exc:
            raise exc.exceptions[0] from exc
        return found

    async def _find(self, rendition: RenditionId, number: int | None) -> bytes | None:
        if self._parent_plan is None:
            return None
        try:
            return await read_clear(self._store, self._parent_plan, self._parent_keys, rendition, number)
        except ObjectNotFound:
            return None

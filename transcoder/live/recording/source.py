"""A recording's source: a head of its own, and live objects as they lie in the bucket. No byte of media is copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from manifests import layout
from transcoder.live.recording.head import head
from transcoder.publish import put_once
from transcoder.sources.pieces import Piece, SourceBytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.ports import ObjectStore
    from manifests.layout import AssetId
    from transcoder.live.recording.model import Stretch
    from transcoder.plan import Plan

_BEFORE: Final = 2
_BEHIND: Final = 1
"""Segments beside those of a clip: what its sound is decoded from (audio_window.py)."""


async def write_head(store: ObjectStore, stretch: Stretch, *, asset: AssetId, version: int) -> Piece:
    """The first piece, written once. Raises ObjectNotFound, OutputBroken, and what the
    store raises."""
    event = stretch.event
    picture, sound = [
        await store.read(layout.live_init(event.channel, rendition, stretch.inits[rendition]))
        for rendition in (stretch.top.id, event.sound.id)
    ]
    body = head(picture, sound)
    key = layout.source_piece(asset, version)
    await put_once(store, key, body, content_type="video/mp4")
    return Piece(key=key, start=0, size=len(body))


def narrowed(source: SourceBytes, plan: Plan) -> SourceBytes:
    """What a clip of a recording reads of its source: time stamps tell where all of it belongs, and whoever opens it
    goes through all that there is."""
    video, recorded = plan.video, plan.recorded
    named = [layout.parse_live_segment(piece.key) for piece in source.pieces[1:]]
    if video is None or recorded is None or None in named:
        return source
    first = recorded.first + video.source_frames_of(0).start // video.segment - _BEFORE
    last = recorded.first + (video.source_frames_of(video.segments - 1).stop - 1) // video.segment + _BEHIND
    kept = [
        (piece.key, piece.size)
        for piece, each in zip(source.pieces[1:], named, strict=True)
        if each is not None and first <= each.number <= last
    ]
    return _joined(source.pieces[0], kept)


def recorded_source(stretch: Stretch, first: Piece) -> SourceBytes:
    """All pieces, in their order. `first` holds the head."""
    return _joined(first, stretch.objects())


def _joined(first: Piece, objects: Iterable[tuple[str, int]]) -> SourceBytes:
    pieces = [first]
    for key, size in objects:
        pieces.append(Piece(key=key, start=pieces[-1].end, size=size))
    return SourceBytes(pieces=tuple(pieces), length=pieces[-1].end, whole=True)

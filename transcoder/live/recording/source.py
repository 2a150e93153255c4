"""A recording's source: a head of its own, and live objects as they lie in the bucket. No byte of media is copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests import layout
from transcoder.live.recording.head import head
from transcoder.publish import put_once
from transcoder.sources.pieces import Piece, SourceBytes

if TYPE_CHECKING:
    from infra.ports import ObjectStore
    from manifests.layout import AssetId
    from transcoder.live.recording.model import Stretch


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


def recorded_source(stretch: Stretch, first: Piece) -> SourceBytes:
    """All pieces, in their order. `first` holds the head."""
    pieces = [first]
    for key, size in stretch.objects():
        pieces.append(Piece(key=key, start=pieces[-1].end, size=size))
    return SourceBytes(pieces=tuple(pieces), length=pieces[-1].end, whole=True)

"""The slate: what viewers see while nobody publishes. A still picture and silence, encoded once and put where needed.

One part of it is kept, as frames that begin with a key picture. It stands at any position of the grid once it has
other times: no encoder runs while it is shown. It comes of the encoder of the feeds, so it has their init sections, and
can end a segment that a feed has begun.

Two key pictures that follow each other need different `idr_pic_id` (ITU-T H.264 §7.4.3). These never do: a part has
several pictures, and one of them is a key picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from manifests.layout import RenditionId
from transcoder.boxes import read_boxes, read_moof
from transcoder.errors import OutputBroken
from transcoder.live.part import Frame, part_of
from transcoder.live.silence import silence

if TYPE_CHECKING:
    from manifests.live.state import Position
    from transcoder.live.event import LiveEvent
    from transcoder.live.part import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Slate:
    """`inits`: the init section of every rendition. `pictures`: the frames of one part, of every rung. `picture`: which
    of the channel's own it shows (layout.slate); "": the built-in one."""

    inits: dict[RenditionId, bytes]
    pictures: dict[RenditionId, tuple[Frame, ...]]
    picture: str = ""

    def part(self, event: LiveEvent, rendition: RenditionId, position: Position) -> Part:
        """Part `position` of a rendition."""
        track, (number, index) = event.track(rendition), position
        start = number * track.segment + index * track.part
        if rendition == event.sound.id:
            (part,) = silence(rendition, track, start=start, stop=start + track.part)
            return part
        return part_of(rendition, track, self.pictures[rendition], start=start)


def frames_of(part: Part) -> tuple[Frame, ...]:
    """The frames of a part."""
    told = read_moof(part.body)
    (mdat,) = (box for box in read_boxes(part.body) if box.kind == b"mdat")
    frames, at = [], mdat.body
    for sample in told.samples:
        frames.append(Frame(body=part.body[at : at + sample.size], sync=sample.sync))
        at += sample.size
    if at != mdat.end:
        raise OutputBroken("a part that does not describe its frames")
    return tuple(frames)


def dump(slate: Slate) -> bytes:
    return msgspec.msgpack.encode(slate)


def load(body: bytes) -> Slate:
    """Raises msgspec.DecodeError on anything else than what `dump` wrote."""
    return msgspec.msgpack.decode(body, type=Slate)

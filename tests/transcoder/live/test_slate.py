from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.transcoder.live import feeds
from transcoder.boxes import read_moof
from transcoder.live.part import Frame, fragment
from transcoder.live.slate import Slate, dump, frames_of, load

if TYPE_CHECKING:
    from manifests.layout import RenditionId

EVENT = feeds.event()
NUMBER = 935_070_981
FRAMES = tuple(Frame(body=b"picture %d" % n, sync=n == 0) for n in range(EVENT.grid.part))


def slate() -> Slate:
    return Slate(
        inits={rendition: b"init of " + rendition.encode() for rendition in EVENT.renditions},
        pictures={rung.id: FRAMES for rung in EVENT.rungs},
    )


@pytest.mark.parametrize("rendition", EVENT.renditions)
@pytest.mark.parametrize("index", range(EVENT.grid.parts))
def test_it_stands_anywhere_on_the_grid(rendition: RenditionId, index: int) -> None:
    track = EVENT.track(rendition)
    part = slate().part(EVENT, rendition, (NUMBER, index))
    assert (part.msn, part.start) == (NUMBER, NUMBER * track.segment + index * track.part)
    assert (part.duration, part.independent, part.last) == (track.part, True, index == EVENT.grid.parts - 1)
    told = read_moof(part.body)
    assert (told.decode_time, told.sequence) == (part.start, part.start // track.part % 2**32)
    assert sum(sample.duration for sample in told.samples) == track.part


def test_frames_of_a_part() -> None:
    part = slate().part(EVENT, EVENT.rungs[0].id, (NUMBER, 2))
    assert frames_of(part) == FRAMES
    assert part.body == fragment(FRAMES, sequence=NUMBER * 6 + 2 & 0xFFFFFFFF, start=part.start, duration=3600)


def test_it_is_kept_as_bytes() -> None:
    assert load(dump(slate())) == slate()
    with pytest.raises(msgspec.DecodeError):
        load(b"anything else")

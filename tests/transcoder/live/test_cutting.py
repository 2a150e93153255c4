from __future__ import annotations

import pytest

from manifests.layout import RenditionId
from tests.transcoder.live import feeds
from transcoder.audio_boxes import init_section
from transcoder.boxes import read_moof
from transcoder.errors import OutputBroken
from transcoder.live.cutting import Cutter
from transcoder.live.grid import AAC_FRAME
from transcoder.live.part import Frame, Part, fragment

EVENT = feeds.event()
SOUND, TRACK = EVENT.sound.id, EVENT.grid.audio()
ORIGIN = 935_070_981
START = ORIGIN * TRACK.segment


def cutter() -> Cutter:
    return Cutter(SOUND, TRACK, origin=ORIGIN)


def stream(*times: int, init: bool = True) -> bytes:
    """AAC frames at these places of the run's clock, as the encoder writes them."""
    body = init_section(EVENT.sound) if init else b""
    for time in times:
        frame = Frame(body=b"f%d" % time, sync=True)
        body += fragment([frame], sequence=1, start=time % 2**64, duration=AAC_FRAME)
    return body


def cut(*times: int) -> list[Part]:
    return list(cutter().feed(stream(*times)))


def test_parts_have_exactly_their_frames_and_segments_their_parts() -> None:
    parts = cut(*range(0, 2 * TRACK.segment, AAC_FRAME))
    assert [part.duration for part in parts] == [TRACK.part] * 12
    assert [part.msn for part in parts] == [ORIGIN] * 6 + [ORIGIN + 1] * 6
    assert [part.last for part in parts] == ([False] * 5 + [True]) * 2
    assert [part.start for part in parts] == [START + n * TRACK.part for n in range(12)]
    told = read_moof(parts[7].body)
    assert (len(told.samples), told.decode_time) == (15, parts[7].start)


def test_a_part_is_there_with_its_last_frame() -> None:
    each = cutter()
    frames = [stream(time, init=not time) for time in range(0, TRACK.part, AAC_FRAME)]
    assert [len(list(each.feed(frame))) for frame in frames] == [0] * 14 + [1]


def test_priming_is_left_out() -> None:
    (part,) = cut(*range(-AAC_FRAME, TRACK.part, AAC_FRAME))
    assert (part.start, part.duration) == (START, TRACK.part)


def test_what_is_left_at_the_end_and_is_no_whole_part_is_left_out() -> None:
    assert cut(0, AAC_FRAME) == []


@pytest.mark.parametrize(
    ("times", "why"),
    [((0, 2 * AAC_FRAME), "not"), ((0, 0), "not"), ((7,), "grid"), ((0, AAC_FRAME, 0), "not"), ((AAC_FRAME,), "not")],
    ids=["hole", "twice", "between", "back", "late"],
)
def test_what_does_not_follow_is_an_error(times: tuple[int, ...], why: str) -> None:
    with pytest.raises(OutputBroken, match=why):
        cut(*times)


def test_another_timescale_is_an_error() -> None:
    picture = Cutter(RenditionId("v90-1"), EVENT.grid.video(), origin=ORIGIN)
    with pytest.raises(OutputBroken, match="48000 ticks, not 90000"):
        list(picture.feed(stream(0)))

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.layout import RenditionId
from tests.transcoder.live import feeds
from transcoder.boxes import read_moof
from transcoder.fragments import fragments_of
from transcoder.live.part import Frame, fragment, part_of

FRAMES = st.lists(st.builds(Frame, body=st.binary(min_size=1, max_size=40), sync=st.booleans()), min_size=1, max_size=9)


@given(FRAMES, st.integers(0, 2**32 - 1), st.integers(0, 2**62), st.integers(1, 10**6))
def test_what_is_written_is_what_is_read(frames: list[Frame], sequence: int, start: int, duration: int) -> None:
    body = fragment(frames, sequence=sequence, start=start, duration=duration)
    told = read_moof(body)
    assert (told.sequence, told.decode_time) == (sequence, start)
    assert [sample.size for sample in told.samples] == [len(frame.body) for frame in frames]
    assert [sample.sync for sample in told.samples] == [frame.sync for frame in frames]
    assert {sample.duration for sample in told.samples} == {duration}
    assert body[told.data_offset :] == b"".join(frame.body for frame in frames)


@given(FRAMES, st.integers(0, 2**40))
def test_a_part_knows_where_its_first_frame_ends(frames: list[Frame], position: int) -> None:
    track = feeds.event().grid.video()
    part = part_of(RenditionId("v90-1"), track, frames, start=position * track.part)
    assert (part.msn, part.independent) == (position // track.parts, frames[0].sync)
    moof = read_moof(part.body)
    assert part.body[moof.data_offset : part.first] == frames[0].body
    assert fragments_of(part.body)


@pytest.mark.parametrize("count", [1, 8])
def test_a_part_is_one_fragment(count: int) -> None:
    frames = [Frame(body=b"x", sync=not place) for place in range(count)]
    (found,) = fragments_of(fragment(frames, sequence=1, start=7, duration=3600))
    assert (found.samples, found.duration, found.sync) == (count, 3600 * count, True)

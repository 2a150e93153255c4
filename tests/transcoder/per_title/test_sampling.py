from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transcoder.per_title.sampling import affordable, on_screen, sampling

if TYPE_CHECKING:
    from tests.transcoder.per_title.conftest import MakeVideo


@pytest.mark.parametrize(
    ("width", "height", "seconds", "pieces"),
    [
        (1920, 1080, 30, 0), (1920, 1080, 60, 0), (1920, 1080, 90, 2), (1920, 1080, 600, 12), (1920, 1080, 7200, 12),
        (1280, 720, 60, 0), (1280, 720, 120, 2), (640, 360, 120, 0), (640, 360, 600, 5),
    ],
)  # fmt: skip
def test_a_title_is_looked_into_as_far_as_it_can_afford(
    make_video: MakeVideo, width: int, height: int, seconds: int, pieces: int
) -> None:
    picked = sampling(make_video(width, height, 25, seconds))
    assert (0 if picked is None else len(picked.segments)) == pieces


def test_pieces_are_spread_and_neither_at_the_beginning_nor_at_the_end(make_video: MakeVideo) -> None:
    picked = sampling(make_video(seconds=600))
    assert picked is not None
    assert picked.segments == (6, 18, 31, 43, 56, 68, 81, 93, 106, 118, 131, 143)
    assert picked.frames == 25
    assert [rung.id for rung in picked.probed] == ["v234-1", "v540-1", "v1080-1"]


@pytest.mark.parametrize(
    ("size", "screen"),
    [
        ((1920, 1080), (1920, 1080)), ((1280, 720), (1920, 1080)), ((3840, 2160), (1920, 1080)),
        ((1080, 1920), (1080, 1920)), ((1088, 1920), (1080, 1906)), ((798, 332), (1920, 798)),
        ((640, 640), (1080, 1080)),
    ],
)  # fmt: skip
def test_the_screen_has_1080_lines(size: tuple[int, int], screen: tuple[int, int]) -> None:
    assert on_screen(*size) == screen


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keep=st.data())
def test_whatever_the_title_its_pieces_can_be_encoded(make_video: MakeVideo, keep: st.DataObject) -> None:
    width, height = (2 * keep.draw(st.integers(8, 1100)) for _ in range(2))
    video = make_video(
        width, height, keep.draw(st.sampled_from([24, 25, 30, 49, 50, 60])), keep.draw(st.integers(1, 3000))
    )
    picked = sampling(video)
    if picked is None:
        return
    assert 2 <= len(picked.segments) <= affordable(video)
    assert len(set(picked.segments)) == len(picked.segments)
    assert video.segment % picked.frames == 0
    for segment in picked.segments:
        assert len(video.frames_of(segment)) >= picked.frames
    for rung in picked.probed:
        assert picked.frames % rung.divisor == 0
        for frame in picked.scored:
            assert frame % 2 == 0
            assert 0 < frame // rung.divisor < picked.frames // rung.divisor
    assert {video.rungs[0].id, video.rungs[-1].id} <= {rung.id for rung in picked.probed}

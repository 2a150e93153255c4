from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcoder.growing.test_growth import ASSET, SOURCE, check_is_beginning, make_source
from transcoder.growing.released import released
from transcoder.plan import SourceReads
from transcoder.planner import make_plan
from transcoder.profile import DEFAULT

PLAN = make_plan(asset=ASSET, version=1, source=SOURCE, index=make_source().index, profile=DEFAULT.early())
"""Ten segments."""


def reads(*ends: int, sound: tuple[int, ...] | None = None) -> SourceReads:
    """The spans of ten segments, by where they end."""
    assert len(ends) == 10
    return SourceReads(
        head=((0, 10),),
        video=tuple((0, end) for end in ends),
        audio={PLAN.audio[0].id: tuple((0, end) for end in sound or ends)},
    )


EVEN = reads(*range(100, 1100, 100))


@pytest.mark.parametrize(
    ("arrived", "segments"), [(0, 0), (99, 0), (100, 1), (199, 1), (200, 2), (999, 9), (1000, 9), (5000, 9)]
)
def test_a_segment_is_released_with_its_last_byte_and_the_last_one_never(arrived: int, segments: int) -> None:
    part = released(replace(PLAN, reads=EVEN), EVEN, arrived)
    assert (0 if part is None or part.video is None else part.video.segments) == segments


def test_sound_that_lies_at_the_end_of_the_file_holds_the_release_up() -> None:
    late = reads(*range(100, 1100, 100), sound=(1000,) * 10)
    assert released(replace(PLAN, reads=late), late, 999) is None


def test_a_segment_whose_bytes_lie_behind_those_of_later_ones_holds_them_up() -> None:
    odd = reads(100, 900, 200, 300, 400, 500, 600, 700, 800, 1000)
    part = released(replace(PLAN, reads=odd), odd, 850)
    assert part is not None
    assert part.video is not None
    assert part.video.segments == 1


def test_a_picture_and_the_bytes_of_its_segments_must_be_known() -> None:
    assert released(PLAN, EVEN, 5000) is None
    assert released(replace(PLAN, video=None, reads=EVEN), EVEN, 5000) is None


@given(arrivals=st.lists(st.integers(min_value=0, max_value=1200), min_size=1).map(sorted))
def test_all_that_was_released_is_a_part_of_the_whole(arrivals: list[int]) -> None:
    plan = replace(PLAN, reads=EVEN)
    final = make_plan(
        asset=ASSET, version=1, source=SOURCE, index=make_source().index, profile=DEFAULT.early(), grown=None
    )  # fmt: skip
    parts = [part for arrived in arrivals if (part := released(plan, EVEN, arrived)) is not None]
    for earlier, later in zip(parts, [*parts[1:], replace(final, grown=True)], strict=True) if parts else ():
        check_is_beginning(earlier, later)
        assert earlier.reads is not None
        assert earlier.video is not None
        assert len(earlier.reads.video) == earlier.video.segments

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from manifests.layout import RenditionId
from transcoder.passes import Pass, passes
from transcoder.windows import Window

V90 = RenditionId("v90-1")
A1 = RenditionId("a1-1")


def part(first: int, count: int, track: str = "video") -> Window:
    return Window(track=track, index=5, first=first, count=count)


def test_nobody_waits() -> None:
    assert passes(part(8, 6), None) == (Pass(window=part(8, 6)),)


def test_what_is_waited_for_comes_first_then_what_follows_then_the_rest() -> None:
    assert passes(part(8, 6), (V90, 10)) == (
        Pass(window=part(10, 1), only=V90),
        Pass(window=part(11, 3)),
        Pass(window=part(8, 3)),
    )


def test_the_last_segment_has_nothing_behind_it() -> None:
    assert passes(part(8, 6), (V90, 13)) == (Pass(window=part(13, 1), only=V90), Pass(window=part(8, 6)))


def test_audio_only_turns_the_order() -> None:
    assert passes(part(0, 75, "a1-1"), (A1, 30)) == (
        Pass(window=part(30, 45, "a1-1")),
        Pass(window=part(0, 30, "a1-1")),
    )
    assert passes(part(0, 75, "a1-1"), (A1, 0)) == (Pass(window=part(0, 75, "a1-1")),)


@given(
    first=st.integers(0, 100),
    count=st.integers(1, 20),
    number=st.integers(0, 130),
    track=st.sampled_from(["video", A1]),
)
def test_all_of_the_window_is_made(first: int, count: int, number: int, track: str) -> None:
    made: set[int] = set()
    for each in passes(part(first, count, track), (V90, number)):
        assert each.window.count > 0
        if each.only is None:
            made |= set(range(each.window.first, each.window.first + each.window.count))
    assert made == set(range(first, first + count))

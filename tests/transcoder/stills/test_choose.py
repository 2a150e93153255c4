from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from transcoder.stills.choose import Look, choose


def look(frame: int, **measures: float) -> Look:
    return Look(frame=frame, **{"luma": 115.0, "saturation": 15.0, "entropy": 0.88, "blur": 4.5} | measures)


def test_a_picture_to_see_something_on_is_better() -> None:
    good = look(0).score
    assert good > look(0, entropy=0.5).score
    assert good > look(0, blur=9).score, "moved"
    assert good > look(0, luma=30).score, "dark"
    assert good > look(0, luma=220).score, "washed out"
    assert good > look(0, saturation=2).score
    assert look(0, luma=16, saturation=0, entropy=0, blur=0).score < 0, "black"


def test_the_best_comes_first_and_the_next_are_of_other_moments() -> None:
    looks = [look(frame, entropy=0.8 + frame / 10_000) for frame in range(0, 1000, 50)]
    chosen = choose(looks, frames=1000, count=4)
    assert [each.frame for each in chosen] == [950, 800, 650, 500]


def test_fades_at_the_ends_come_last() -> None:
    looks = [look(0, entropy=0.99), look(500, entropy=0.3), look(995, entropy=0.99)]
    assert [each.frame for each in choose(looks, frames=1000, count=3)] == [500, 0, 995]


def test_a_single_picture_is_chosen_whatever_it_is() -> None:
    assert choose([look(0, luma=16, entropy=0)], frames=1, count=1) == (look(0, luma=16, entropy=0),)


@given(
    frames=st.lists(st.integers(0, 999), unique=True, max_size=40), count=st.integers(1, 6),
    seen=st.lists(st.floats(0, 1), min_size=40, max_size=40),
)  # fmt: skip
def test_candidates_keep_apart(frames: list[int], count: int, seen: list[float]) -> None:
    looks = [look(frame, entropy=entropy) for frame, entropy in zip(frames, seen, strict=False)]
    chosen = choose(looks, frames=1000, count=count)
    assert len(chosen) <= count
    assert bool(chosen) == bool(looks)
    places = sorted(each.frame for each in chosen)
    assert all(after - before >= 1000 // (2 * count) for before, after in pairwise(places))

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from transcoder.live.restarts import MOST, WINDOW_MS, Restarts


def test_three_in_a_minute_and_no_fourth_until_the_first_is_over() -> None:
    restarts = Restarts()
    assert [restarts.allowed(now) for now in (0, 1000, 2000, 3000, WINDOW_MS - 1)] == [True, True, True, False, False]
    assert [restarts.allowed(now) for now in (WINDOW_MS, WINDOW_MS + 1)] == [True, False]
    assert (restarts.count, restarts.lately(WINDOW_MS + 2000)) == (4, 1)


@given(steps=st.lists(st.integers(0, 40_000), max_size=40))
def test_there_are_never_more_in_any_minute(steps: list[int]) -> None:
    restarts, now, noted = Restarts(), 0, list[int]()
    for step in steps:
        now += step
        before = len([at for at in noted if at > now - WINDOW_MS])
        assert restarts.lately(now) == before
        if restarts.allowed(now):
            noted.append(now)
        assert restarts.lately(now) == min(MOST, before + 1)
    assert restarts.count == len(noted)

from __future__ import annotations

from datetime import timedelta

import pytest

from infra.jobs.tries import Tried

FIRST = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("deaths", "pauses", "seconds"),
    [
        (0, 0, None),
        (4, 0, None),
        (5, 0, 1),  # suspect
        (5, 1, None),  # it has waited
        (6, 1, 2),
        (9, 4, 16),
        (9, 5, None),
    ],
)
def test_a_suspect_waits_twice_as_long_each_time(deaths: int, pauses: int, seconds: int | None) -> None:
    pause = Tried(failures=0, deaths=deaths, pauses=pauses).pause(5, FIRST)
    assert pause == (None if seconds is None else timedelta(seconds=seconds))


def test_no_pause_is_longer_than_a_minute() -> None:
    assert Tried(failures=0, deaths=18, pauses=0).pause(10, FIRST) == timedelta(minutes=1)


def test_deaths_end_a_task_late_and_failures_have_no_part_in_it() -> None:
    assert not Tried(failures=4, deaths=9, pauses=5).is_hopeless(5)
    assert Tried(failures=0, deaths=10, pauses=5).is_hopeless(5)

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.machines import Lane, Machines


def ends(machines: Machines[str]) -> dict[str, float]:
    found = {}
    while machines.next_end() < inf:
        end, item = machines.finish()
        found[item] = end
    return found


def test_what_runs_alone_takes_its_time() -> None:
    machines = Machines[str](1)
    machines.start(Lane.BULK, "bulk", seconds=10, now=5)
    assert ends(machines) == {"bulk": 15}


def test_what_is_more_urgent_takes_the_core_and_nothing_is_lost() -> None:
    machines = Machines[str](1)
    machines.start(Lane.BULK, "bulk", seconds=10, now=0)
    machines.start(Lane.FIRST, "first", seconds=6.55, now=2)
    assert ends(machines) == pytest.approx({"first": 2 + 6.55 + 1.1, "bulk": 16.55})


def test_workers_do_not_disturb_each_other() -> None:
    machines = Machines[str](2)
    machines.start(Lane.BULK, "one", seconds=10, now=0)
    machines.start(Lane.FIRST, "two", seconds=3, now=0)
    assert ends(machines) == {"two": 3, "one": 10}


def test_slots_are_kept_for_their_lane() -> None:
    machines = Machines[str](1)
    machines.start(Lane.INDEX, "one", seconds=1, now=0)
    assert machines.free(Lane.INDEX)
    machines.start(Lane.INDEX, "two", seconds=1, now=0)
    assert [machines.free(lane) for lane in Lane] == [False, True, True]
    machines.finish()
    assert machines.free(Lane.INDEX)


@given(
    st.integers(1, 3),
    st.lists(st.tuples(st.sampled_from(list(Lane)), st.floats(0.1, 100), st.floats(0, 10)), max_size=12),
)
def test_a_core_gives_a_second_of_work_a_second(workers: int, work: list[tuple[Lane, float, float]]) -> None:
    machines = Machines[str](workers)
    now, begun, last = 0.0, 0.0, 0.0
    for number, (lane, seconds, pause) in enumerate(work):
        if not machines.free(lane):
            continue
        now += pause
        while machines.next_end() <= now:
            last, _ = machines.finish()
        machines.start(lane, str(number), seconds=seconds, now=now)
        begun += seconds
    last = max([last, *ends(machines).values()])
    assert begun / workers <= last + 1e-6
    assert last <= now + begun + 1e-6

from __future__ import annotations

import pytest

from streaming.sessions.pace import Pace, backoff


@pytest.mark.parametrize(("rate", "factor"), [(0, 1), (1000, 1), (1500, 1.5), (4000, 4), (100_000, 4)])
def test_intervals_stretch_with_the_load(rate: float, factor: float) -> None:
    assert backoff(rate, 1000) == factor


def test_a_busy_process_slows_players_down_and_then_lets_go() -> None:
    pace = Pace(100)
    now = 1_000_000
    quiet = [pace.hit(now + 20 * n) for n in range(2000)]  # 50 a second
    assert max(quiet) == 1
    now += 40_000
    busy = [pace.hit(now + 4 * n) for n in range(10_000)]  # 250 a second
    assert busy[-1] == pytest.approx(2.5, rel=0.02)
    assert pace.hit(now + 80_000) == 1

from __future__ import annotations

import pytest

from benchmarks.scaling import Measured


def made(*, workers: int, length: float, wall: float) -> Measured:
    return Measured(workers=workers, length=length, wall=wall, cpu=wall * workers, service=1.0)


@pytest.mark.parametrize(
    ("workers", "length", "wall", "efficiency"),
    [
        pytest.param(1, 60, 80, 1.0, id="itself"),
        pytest.param(2, 120, 80, 1.0, id="twice the work in the same time"),
        pytest.param(2, 60, 40, 1.0, id="the same work in half the time"),
        pytest.param(4, 240, 100, 0.8, id="a quarter longer"),
    ],
)
def test_efficiency(workers: int, length: float, wall: float, efficiency: float) -> None:
    one = made(workers=1, length=60, wall=80)
    assert made(workers=workers, length=length, wall=wall).efficiency(one) == pytest.approx(efficiency)

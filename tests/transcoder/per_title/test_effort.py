from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from transcoder.per_title.curves import fit
from transcoder.per_title.effort import fixed_point, fixed_second, own_second, second
from transcoder.per_title.ladder import Chosen, Curve, Point

if TYPE_CHECKING:
    from tests.transcoder.per_title.conftest import MakeProbes, MakeVideo


def test_effort_and_bits_and_pixels_cost(make_video: MakeVideo) -> None:
    video = make_video()
    small, large = video.rungs[0], video.rungs[-1]
    plain = second(video, large, rate=3_000_000, effort=False)
    assert second(video, large, rate=3_000_000, effort=True) == pytest.approx(1.12 * plain, rel=0.05)
    assert second(video, large, rate=1_000_000, effort=False) < plain
    assert second(video, small, rate=3_000_000, effort=False) < plain


def test_a_rung_of_half_the_rate_has_half_the_pixels(make_video: MakeVideo) -> None:
    slow, fast = make_video(rate=30), make_video(rate=60)
    assert fast.rungs[0].divisor == 2
    assert second(fast, fast.rungs[0], rate=0, effort=False) == second(slow, slow.rungs[0], rate=0, effort=False)


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ({22: 5_000_000, 25: 3_000_000, 30: 1_000_000}, (22, 5_000_000, 96)),
        ({22: 9_000_000, 25: 5_000_000, 30: 1_000_000}, (25, 5_000_000, 93)),
        ({22: 9_000_000, 25: 8_000_000, 30: 7_000_000}, (30, 6_000_000, 88)),
        ({18: 5_000_000, 22: 2_000_000, 25: 1_000_000}, (22, 2_000_000, 96)),
    ],
    ids=["its CRF", "as much as it may", "held by its caps", "no more than its CRF asks for"],
)  # fmt: skip
def test_what_the_fixed_ladder_gives(
    make_video: MakeVideo, rates: dict[int, int], expected: tuple[int, int, float]
) -> None:
    rung = make_video().rungs[-1]
    points = tuple(Point(crf=crf, rate=rate, vmaf=118 - crf) for crf, rate in rates.items())
    curve = Curve(rendition=rung.id, width=rung.width, height=rung.height, points=points)
    found = fixed_point(rung, curve)
    assert (found.crf, found.rate, found.vmaf) == expected


def test_the_fixed_ladder_chosen_again_costs_the_same(make_video: MakeVideo, make_probes: MakeProbes) -> None:
    video = make_video()
    curves = fit(video, make_probes(video, 50))
    same = [
        Chosen(
            rendition=rung.id, crf=point.crf, maxrate=rung.maxrate, bufsize=rung.bufsize, bandwidth=rung.bandwidth,
            rate=point.rate, vmaf=point.vmaf,
        )
        for rung, curve in zip(video.rungs, curves, strict=True)
        if (point := fixed_point(rung, curve))
    ]  # fmt: skip
    assert own_second(video, same) == pytest.approx(fixed_second(video, curves))
    assert own_second(video, same[1:]) < own_second(video, same)

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcoder.ladder import LEVELS, LadderSettings, average_rate, level_for, rungs, upright


def _made(width: int, height: int, rate: int | Fraction = 25) -> list[str]:
    return [
        f"{rung.width}x{rung.height}" + "/2" * (rung.divisor == 2)
        for rung in rungs(width, height, rate=Fraction(rate), version=1)
    ]


LADDERS = {
    "hd": (1920, 1080, 25, ["416x234", "640x360", "768x432", "960x540", "1280x720", "1920x1080"]),
    "uhd ends at 1080": (3840, 2160, 25, ["416x234", "640x360", "768x432", "960x540", "1280x720", "1920x1080"]),
    "fast halves below": (1280, 720, 50, ["416x234/2", "640x360/2", "768x432/2", "960x540", "1280x720"]),
    "30.12 does not": (640, 360, Fraction(2500, 83), ["416x234", "640x360"]),
    "portrait": (1080, 1920, 25, ["234x416", "360x640", "432x768", "540x960", "720x1280", "1080x1920"]),
    "portrait camera": (1088, 1920, 25, ["234x412", "360x636", "432x762", "540x952", "720x1270", "1088x1920"]),
    "square": (642, 642, 25, ["234x234", "360x360", "432x432", "540x540", "642x642"]),
    "scope": (1920, 800, 25, ["416x174", "640x266", "768x320", "960x400", "1280x534", "1920x800"]),
    "between two steps": (854, 480, 25, ["416x234", "640x360", "854x480"]),
    "near a step": (720, 404, 25, ["416x234", "720x404"]),
    "tiny": (16, 16, 25, ["16x16"]),
    "slot": (1152, 64, 25, ["1152x64"]),
    "tower": (16, 4000, 30, ["16x4000"]),
    "smallest step": (416, 234, 25, ["416x234"]),
}


@pytest.mark.parametrize(("width", "height", "rate", "expected"), LADDERS.values(), ids=LADDERS)
def test_ladder(width: int, height: int, rate: int | Fraction, expected: list[str]) -> None:
    assert _made(width, height, rate) == expected


def test_a_rung_is_named_by_its_shorter_side_and_the_version() -> None:
    names = [rung.id for rung in rungs(1080, 1920, rate=Fraction(25), version=3)]
    assert names == ["v234-3", "v360-3", "v432-3", "v540-3", "v720-3", "v1080-3"]


def test_rates_are_apples() -> None:
    settings = LadderSettings()
    sizes = [(416, 234), (640, 360), (768, 432), (960, 540), (1280, 720), (1920, 1080)]
    found = [average_rate(width * height, Fraction(30), settings) // 1000 for width, height in sizes]
    assert found == pytest.approx([145, 365, 730, 2000, 3000, 6000], rel=0.01)
    assert average_rate(1280 * 720, Fraction(60), settings) == pytest.approx(4_200_000, rel=0.01)


@pytest.mark.parametrize(
    ("width", "height", "rate", "level"),
    [
        (416, 234, 30, "1.3"), (640, 360, 30, "3.0"), (1280, 720, 30, "3.1"), (1280, 720, 60, "3.2"),
        (1920, 1080, 30, "4.0"), (1920, 1080, 60, "4.2"), (1088, 1920, 60, "4.2"), (3840, 2160, 60, "5.2"),
        (16, 4000, 30, "4.0"), (7680, 4320, 60, "6.1"),
    ],
)  # fmt: skip
def test_levels(width: int, height: int, rate: int, level: str) -> None:
    assert level_for(width, height, rate=Fraction(rate), maxrate=700_000, bufsize=700_000, profile="high").name == level


def test_a_bit_rate_calls_for_a_level_too() -> None:
    # Table A-2: High may have 1.25 times as many bits.
    size = {"width": 640, "height": 360, "rate": Fraction(30)}
    assert level_for(**size, maxrate=12_500_000, bufsize=1, profile="high").name == "3.0"  # type: ignore[arg-type]
    assert level_for(**size, maxrate=12_500_000, bufsize=1, profile="main").name == "3.1"  # type: ignore[arg-type]
    assert level_for(**size, maxrate=1, bufsize=13_000_000, profile="high").name == "3.1"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("size", "sar", "rotation", "expected"),
    [
        ((720, 576), Fraction(64, 45), 0, (1024, 576)),
        ((720, 480), Fraction(32, 27), 90, (480, 852)),
        ((3840, 64), Fraction(3, 10), 0, (1152, 64)),
        ((16, 16), Fraction(16, 9), 0, (28, 16)),
        ((800, 332), Fraction(399, 400), 0, (800, 332)),
        ((853, 481), Fraction(1), 270, (480, 852)),
        ((1, 1), Fraction(1), 0, (2, 2)),
        ((640, 360), Fraction(10**6), 180, (640, 360)),
    ],
)
def test_upright(size: tuple[int, int], sar: Fraction, rotation: int, expected: tuple[int, int]) -> None:
    assert upright(*size, sar=sar, rotation=rotation) == expected


EVEN = st.integers(1, 4096).map(lambda half: 2 * half)
RATES = st.sampled_from([Fraction(1), Fraction(24000, 1001), Fraction(25), Fraction(50), Fraction(60)])


@given(EVEN, EVEN, RATES)
@settings(deadline=None)
def test_any_picture_has_a_legal_ladder(width: int, height: int, rate: Fraction) -> None:
    made = rungs(width, height, rate=rate, version=1)
    assert made
    assert len({rung.id for rung in made}) == len({(rung.width, rung.height) for rung in made}) == len(made)
    for rung in made:
        assert rung.width % 2 == rung.height % 2 == 0
        assert rung.width <= width
        assert rung.height <= height
        # One aspect ratio (Apple 1.33), to the even pixel.
        scale = Fraction(rung.width, width)
        assert abs(rung.height - height * scale) <= 1 + Fraction(height, width)
        assert rung.codecs.startswith("avc1.")
        level = next(level for level in LEVELS if level.name == rung.level)
        across, down = -(-rung.width // 16), -(-rung.height // 16)
        assert across * down <= level.frame
        assert across * down * rate / rung.divisor <= level.rate
        # Apple 1.30: whatever a segment of 4 s may hold is at most twice the average.
        assert rung.maxrate * 4 + rung.bufsize <= 2 * 4 * average_rate(
            rung.width * rung.height, rate / rung.divisor, LadderSettings()
        )
        assert rung.bandwidth >= rung.maxrate
    sizes = [rung.width * rung.height for rung in made]
    assert sizes == sorted(sizes)

from __future__ import annotations

from fractions import Fraction

import pytest

from transcoder.levels import level_for
from transcoder.profile import Codec


@pytest.mark.parametrize(
    ("width", "height", "rate", "level"),
    [
        (416, 234, 30, "1.3"), (640, 360, 30, "3.0"), (1280, 720, 30, "3.1"), (1280, 720, 60, "3.2"),
        (1920, 1080, 30, "4.0"), (1920, 1080, 60, "4.2"), (1088, 1920, 60, "4.2"), (3840, 2160, 60, "5.2"),
        (16, 4000, 30, "4.0"), (7680, 4320, 60, "6.1"),
    ],
)  # fmt: skip
def test_levels(width: int, height: int, rate: int, level: str) -> None:
    assert level_for(width, height, rate=Fraction(rate), maxrate=700_000, bufsize=700_000, profile="high") == level


def test_a_bit_rate_calls_for_a_level_too() -> None:
    # Table A-2: High may have 1.25 times as many bits.
    size = {"width": 640, "height": 360, "rate": Fraction(30)}
    assert level_for(**size, maxrate=12_500_000, bufsize=1, profile="high") == "3.0"  # type: ignore[arg-type]
    assert level_for(**size, maxrate=12_500_000, bufsize=1, profile="main") == "3.1"  # type: ignore[arg-type]
    assert level_for(**size, maxrate=1, bufsize=13_000_000, profile="high") == "3.1"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("width", "height", "rate", "hevc", "av1"),
    [
        (416, 234, 30, "2.1", "2.0"), (640, 360, 30, "2.1", "2.1"), (960, 540, 30, "3.0", "3.0"),
        (1280, 720, 30, "3.1", "3.1"), (1280, 720, 60, "4.0", "4.0"), (1920, 1080, 30, "4.0", "4.0"),
        (1920, 1080, 60, "4.1", "4.1"), (1080, 1920, 60, "4.1", "4.1"), (3840, 2160, 60, "5.1", "5.1"),
        (64, 8192, 25, "5.0", "5.0"),
    ],
)  # fmt: skip
def test_levels_of_other_codecs(width: int, height: int, rate: int, hevc: str, av1: str) -> None:
    for codec, level in ((Codec.HEVC, hevc), (Codec.AV1, av1)):
        found = level_for(
            width, height, rate=Fraction(rate), maxrate=700_000, bufsize=700_000, profile="main", codec=codec
        )
        assert found == level


def test_a_bit_rate_calls_for_a_level_of_other_codecs_too() -> None:
    for codec in (Codec.HEVC, Codec.AV1):
        found = level_for(
            640, 360, rate=Fraction(30), maxrate=11_000_000, bufsize=1, profile="main", codec=codec
        )  # fmt: skip
        assert found == "4.0"

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcoder.ladder import LadderSettings, average_rate, rungs, settings_of, upright
from transcoder.levels import LEVELS
from transcoder.profile import DEFAULT, Codec, Row


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


def test_other_codecs_stand_beside_the_rungs_of_h264() -> None:
    steps = tuple(replace(step, codecs=tuple(Codec)) for step in DEFAULT.ladder[-2:])
    found = rungs(1920, 1080, rate=Fraction(50), version=2, settings=LadderSettings(steps=steps))
    assert [rung.id for rung in found] == [
        "v720-2", "v1080-2", "v720-hevc-2", "v1080-hevc-2", "v720-av1-2", "v1080-av1-2",
    ]  # fmt: skip
    assert [rung.codecs for rung in found] == [
        "avc1.640020", "avc1.64002a", "hvc1.1.6.L120.90", "hvc1.1.6.L123.90", "av01.0.08M.08", "av01.0.09M.08",
    ]  # fmt: skip
    plain, *others = (rung for rung in found if rung.height == 1080)
    for other in others:
        assert (other.width, other.divisor) == (plain.width, plain.divisor)
        assert 1.2 * other.average < plain.average
        assert other.maxrate / other.average == pytest.approx(plain.maxrate / plain.average, rel=0.001)


def test_a_step_may_be_in_another_codec_alone() -> None:
    steps = (*DEFAULT.ladder[:-1], replace(DEFAULT.ladder[-1], codecs=(Codec.AV1,)))
    found = rungs(1920, 1080, rate=Fraction(25), version=1, settings=LadderSettings(steps=steps))
    assert [rung.id for rung in found][-2:] == ["v720-1", "v1080-av1-1"]
    # H.264 there is, however small the picture.
    steps = (replace(DEFAULT.ladder[0], codecs=(Codec.AV1,)), *DEFAULT.ladder[1:])
    found = rungs(416, 234, rate=Fraction(25), version=1, settings=LadderSettings(steps=steps))
    assert [rung.id for rung in found] == ["v234-1", "v234-av1-1"]


def test_steps_of_another_shape_hold_the_picture() -> None:
    cinema = Row(width=1280, height=536, average=2_500_000, maxrate=3_000_000, crf=23)
    found = rungs(1920, 1080, rate=Fraction(25), version=1, settings=LadderSettings(steps=(cinema,)))
    assert [(rung.width, rung.height) for rung in found] == [(952, 536)]
    found = rungs(1920, 804, rate=Fraction(25), version=1, settings=LadderSettings(steps=(cinema,)))
    assert [(rung.width, rung.height, rung.crf) for rung in found] == [(1280, 536, 23)]
    assert found[0].maxrate / found[0].average == pytest.approx(1.2, rel=0.001)


def test_a_short_segment_gets_a_small_buffer() -> None:
    # Apple 1.30: the peak of any segment is at most twice the average.
    for length in (2, 4, 6, 10):
        made = settings_of(replace(DEFAULT, segment=length))
        (rung,) = rungs(416, 234, rate=Fraction(25), version=1, settings=made)
        assert rung.maxrate * length + rung.bufsize <= 2 * length * rung.average


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

from __future__ import annotations

from fractions import Fraction

import pytest

from manifests.captions import ttml_time, xml_tree
from manifests.errors import CaptionError


def clock(parameters: str) -> ttml_time.Clock:
    return ttml_time.clock(xml_tree.parse(f'<tt xmlns:ttp="http://www.w3.org/ns/ttml#parameter" {parameters}/>'))


NTSC = 'ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001"'


@pytest.mark.parametrize(
    ("parameters", "expression", "seconds"),
    [
        ("", "00:00:01.5", Fraction(3, 2)),
        ("", "100:00:00", Fraction(360_000)),
        ("", "00:00:01:15", Fraction(3, 2)),
        ("", "1.5s", Fraction(3, 2)),
        ("", "250ms", Fraction(1, 4)),
        ("", "0.25m", Fraction(15)),
        ("", "0.004h", Fraction(72, 5)),
        ("", "7t", Fraction(7)),
        (NTSC, "30f", Fraction(1001, 1000)),
        (NTSC, "3000t", Fraction(1001, 10)),
        (NTSC + ' ttp:tickRate="10000000"', "15000000t", Fraction(3, 2)),
        (NTSC, "00:00:10:15", Fraction(10) + Fraction(1001, 2000)),
        ('ttp:frameRate="25" ttp:timeBase="smpte"', "00:00:10:05", Fraction(51, 5)),
        (NTSC + ' ttp:timeBase="smpte"', "00:01:00:00", Fraction(60 * 1001, 1000)),
        (NTSC + ' ttp:timeBase="smpte" ttp:dropMode="dropNTSC"', "00:01:00:02", Fraction(1800 * 1001, 30_000)),
        (NTSC + ' ttp:timeBase="smpte" ttp:dropMode="dropNTSC"', "00:10:00:00", Fraction(17_982 * 1001, 30_000)),
    ],
)
def test_seconds(parameters: str, expression: str, seconds: Fraction) -> None:
    assert clock(parameters).seconds(expression) == seconds


@pytest.mark.parametrize(
    "expression", ["", "5", "1:00:00", "00:60:00", "00:00:00:30", "-1s", "1e3s", "1 s", "٣s", "9" * 20]
)
def test_no_time(expression: str) -> None:
    with pytest.raises(ValueError, match="no time"):
        clock("").seconds(expression)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ('ttp:timeBase="clock"', "time-base"),
        ('ttp:frameRate="0"', "bad-parameter"),
        ('ttp:frameRate="x"', "bad-parameter"),
        ('ttp:frameRateMultiplier="1000 0"', "bad-parameter"),
        ('ttp:frameRateMultiplier="1.001"', "bad-parameter"),
        ('ttp:tickRate="99999999999"', "bad-parameter"),
    ],
)
def test_parameters_that_cannot_be(parameters: str, code: str) -> None:
    with pytest.raises(CaptionError) as caught:
        clock(parameters)
    assert caught.value.code == code

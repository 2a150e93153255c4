from __future__ import annotations

import pytest

from manifests.captions import srt
from manifests.errors import CaptionError


@pytest.mark.parametrize(
    ("line", "times"),
    [
        ("00:00:01,500 --> 00:00:02,000", (1500, 2000)),
        ("00:00:01.500 --> 00:00:02.000", (1500, 2000)),
        ("00:01,500 --> 00:02,000", (1500, 2000)),
        ("00:00:01 --> 00:00:02", (1000, 2000)),
        ("0:0:1,500->0:0:2,000", (1500, 2000)),
        ("00:00:013,567 --> 00:00:14,901", (13_567, 14_901)),
        ("00:00:01,500 --> 00:00:02,000  X1:10 X2:20 Y1:1 Y2:2", (1500, 2000)),
        (" 00 : 00 : 01 , 500 --> 00:00:02,000 ", (1500, 2000)),
    ],
)
def test_timings(line: str, times: tuple[int, int]) -> None:
    (cue,) = srt.parse(f"1\n{line}\nx\n").cues
    assert (cue.start, cue.end) == times


@pytest.mark.parametrize(
    "line",
    [
        "00:00:01,5 --> 00:00:02,000",
        "00:00:01,5000 --> 00:00:02,000",
        "-00:00:01,500 --> 00:00:02,000",
        "00:00:03,000 --> 00:00:02,000",
        "one --> two",
    ],
)
def test_what_can_be_read_in_two_ways_is_left_out_and_said(line: str) -> None:
    track = srt.parse(f"1\n{line}\nlost\n\n2\n00:00:05,000 --> 00:00:06,000\nx\n")
    assert [cue.text for cue in track.cues] == ["x"]
    assert track.warnings[0].startswith("Line 2: ")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_numbers_are_not_text(newline: str) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\n42\nis it\n\n2\n00:00:03,000 --> 00:00:04,000\nb\n3\n\n"
    text += "00:00:05,000 --> 00:00:06,000\nc\n"
    assert [cue.text for cue in srt.parse(text.replace("\n", newline)).cues] == ["42\nis it", "b\n3", "c"]


@pytest.mark.parametrize(
    ("text", "expected", "settings"),
    [
        ("<i>a</i> <b>b</b> <u>c</u>", "<i>a</i> <b>b</b> <u>c</u>", ""),
        ('<font color="#FF0000">red</font>', "<c.red>red</c>", ""),
        ("<font color=yellow face='x'>y</font>", "<c.yellow>y</c>", ""),
        ("<font size=2><font color=lime>l</font> m</font>", "<c.lime>l</c> m", ""),
        ("<font color='#123456'>other</font>", "other", ""),
        (r"{\an8}top", "top", "line:0"),
        (r"{\an1}{\an9}the first counts", "the first counts", "align:left"),
        (r"{\a6}old", "old", "line:0"),
        (r"{\i1}slanted{\i0} not", "<i>slanted</i> not", ""),
        (r"{\pos(1,2)\k50}gone", "gone", ""),
        ("I <3 you, a < b > c", "I &lt;3 you, a &lt; b &gt; c", ""),
        ("<script>alert(1)</script>x", "x", ""),
        ("a\n\nb", "a\nb", ""),
    ],
)
def test_markup(text: str, expected: str, settings: str) -> None:
    (cue,) = srt.parse(f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n").cues
    assert (cue.text, cue.settings) == (expected, settings)


def test_zero_bytes_are_left_out_and_said() -> None:
    track = srt.parse("1\n00:00:01,000 --> 00:00:02,000\na\0b\n")
    assert (track.cues[0].text, track.warnings) == ("ab", ("Zero bytes were left out.",))


def test_nothing_to_show_is_refused() -> None:
    with pytest.raises(CaptionError) as caught:
        srt.parse("1\n00:00:01,000 --> 00:00:02,000\n<b></b>\n")
    assert caught.value.code == "no-cues"

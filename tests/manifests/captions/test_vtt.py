from __future__ import annotations

import pytest

from manifests.captions import vtt
from manifests.errors import CaptionError

CUE = "00:01.000 --> 00:02.000\nx\n"


@pytest.mark.parametrize("header", ["WEBVTT", "WEBVTT words", "WEBVTT\twords", "WEBVTT\nX: y", "WEBVTT\n\t"])
def test_headers(header: str) -> None:
    assert len(vtt.parse(f"{header}\n\n{CUE}").cues) == 1


@pytest.mark.parametrize("header", ["", "WEBVTTx", "webvtt", " WEBVTT", "\nWEBVTT", "vtt"])
def test_no_header_no_cues(header: str) -> None:
    with pytest.raises(CaptionError) as caught:
        vtt.parse(f"{header}\n\n{CUE}")
    assert (caught.value.code, caught.value.line) == ("no-webvtt-header", 1)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends(newline: str) -> None:
    (cue,) = vtt.parse(f"WEBVTT\n\nid\n{CUE}more\n\nNOTE\nx\n".replace("\n", newline)).cues
    assert (cue.identifier, cue.text) == ("id", "x\nmore")


TIMES = [
    ("00:00.000 --> 00:01.000", (0, 1000)),
    ("00:00.000-->00:01.000", (0, 1000)),
    (" \t00:00.000 --> 100:00:01.000align:left", (0, 360_001_000)),
    ("59:59.999 --> 01:00:00.000", (3_599_999, 3_600_000)),
    ("00:00,000 --> 00:01.000", (0, 1000)),
]


@pytest.mark.parametrize(("line", "times"), TIMES)
def test_timings(line: str, times: tuple[int, int]) -> None:
    (cue,) = vtt.parse(f"WEBVTT\n\n{line}\nx").cues
    assert (cue.start, cue.end) == times


@pytest.mark.parametrize(
    "line",
    [
        "00:00 --> 00:01.000",
        "0:00.000 --> 00:01.000",
        "00:00.000 -> 00:01.000",
        "00:00.00 --> 00:01.000",
        "00:00.0000 --> 00:01.000",
        "00:60.000 --> 02:01.000",
        "60:00.000 --> 70:01.000",
        "-00:01.000 --> 00:01.000",
        "00:02.000 --> 00:01.000",
        "00:01.000 --> 00:01.000",
        "٠٠:٠٠.٠٠٠ --> 00:01.000",
        "00:00.000 --> 99999:00:01.000",
    ],
)
def test_what_is_no_timing_is_left_out_and_said(line: str) -> None:
    track = vtt.parse(f"WEBVTT\n\n{line}\nlost\n\n{CUE}")
    assert [cue.text for cue in track.cues] == ["x"]
    assert track.warnings[0].startswith("Line 3: ")


def test_an_arrow_ends_a_cue() -> None:
    track = vtt.parse(f"WEBVTT\n\n{CUE}{CUE}")
    assert len(track.cues) == 2


def test_an_arrow_ends_the_header() -> None:
    assert len(vtt.parse(f"WEBVTT\n{CUE}").cues) == 1


def test_styles_and_regions_are_not_kept() -> None:
    text = "WEBVTT\n\nSTYLE\n::cue { background: url(//evil) }\n\nREGION\nid:a\n\n00:00.000 --> 00:01.000 region:a\nx\n"
    track = vtt.parse(text)
    assert [cue.settings for cue in track.cues] == [""]
    assert track.warnings == ("Line 3: STYLE blocks are not kept.", "Line 6: REGION blocks are not kept.")


def test_settings_of_the_line_are_kept() -> None:
    (cue,) = vtt.parse("WEBVTT\n\n00:00.000 --> 00:01.000 align:left line:0\nx").cues
    assert cue.settings == "line:0 align:left"


def test_zero_bytes_do_not_end_a_text() -> None:
    (cue,) = vtt.parse("WEBVTT\n\n00:00.000 --> 00:01.000\na\0b").cues
    assert cue.text == "a\ufffdb"


@pytest.mark.parametrize(
    ("line", "warnings"),
    [
        ("X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000", 0),
        ("X-TIMESTAMP-MAP=LOCAL:00:00:10.000,MPEGTS:900000", 0),
        ("X-TIMESTAMP-MAP=MPEGTS:900000, LOCAL:00:00.000", 1),
    ],
)
def test_a_map_to_the_same_clock_or_from_zero_is_heeded(line: str, warnings: int) -> None:
    track = vtt.parse(f"WEBVTT\n{line}\n\n{CUE}")
    assert (track.cues[0].start, len(track.warnings)) == (1000, warnings)


@pytest.mark.parametrize(
    "line",
    [
        "X-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:20.000",
        "X-TIMESTAMP-MAP=MPEGTS:x,LOCAL:00:00:20.000",
        "X-TIMESTAMP-MAP",
    ],
)
def test_a_map_to_another_clock_is_refused(line: str) -> None:
    with pytest.raises(CaptionError) as caught:
        vtt.parse(f"WEBVTT\n{line}\n\n{CUE}")
    assert (caught.value.code, caught.value.line) == ("timestamp-map", 2)


def test_cues_come_in_order_of_their_beginnings() -> None:
    track = vtt.parse("WEBVTT\n\n00:05.000 --> 00:06.000\nlate\n\n00:01.000 --> 00:02.000\nearly\n")
    assert [cue.text for cue in track.cues] == ["early", "late"]

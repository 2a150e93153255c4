from __future__ import annotations

import io

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.captions import cue_settings, cue_text, read, segments, webvtt
from manifests.captions.model import Cue, identifier
from manifests.captions.write import MAX_REPEATS, timestamp
from manifests.errors import CaptionError
from tests.manifests.captions.strategies import CUES, cue

HEADER = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n"


def test_a_file() -> None:
    cues = [
        cue(0, 1500, "Hello <b>you</b>\nthere"),
        Cue(start=3_600_000, end=360_000_001, text="x", settings="line:0", identifier="a"),
    ]
    assert webvtt(cues) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nHello <b>you</b>\nthere\n\n"
        "a\n01:00:00.000 --> 100:00:00.001 line:0\nx\n"
    )


@given(CUES)
def test_reading_gives_back_what_was_written(cues: tuple[Cue, ...]) -> None:
    assert read(webvtt(cues).encode()).cues == cues


def test_a_cue_stands_whole_in_every_segment_that_shows_it() -> None:
    cues = [cue(0, 999, "a"), cue(500, 2500, "b"), cue(1000, 2000, "c"), cue(3000, 9000, "d"), cue(9000, 9500, "e")]
    files = segments(cues, 3500, 1000)
    assert [[letter for letter in "abcde" if f"\n{letter}\n" in text] for text in files] == [
        ["a", "b"],
        ["b", "c"],
        ["b"],
        ["d"],
    ]
    assert all("00:00:00.500 --> 00:00:02.500\nb\n" in text for text in files[:3])


def test_a_segment_without_a_cue_is_its_header() -> None:
    assert segments([], 61_000, 60_000) == (HEADER, HEADER)


@given(CUES, st.integers(1, 40_000), st.integers(500, 20_000))
def test_segments_hold_every_cue_that_shows_in_them_and_no_other(
    cues: tuple[Cue, ...], length: int, segment: int
) -> None:
    files = segments(cues, length, segment)
    assert len(files) == -(-length // segment)
    for number, text in enumerate(files):
        assert text.startswith(HEADER)
        begin, end = number * segment, (number + 1) * segment
        shown = tuple(one for one in cues if one.start < end and one.end > begin)
        assert (read(text.encode()).cues if shown else ()) == shown


def test_cues_that_last_for_hours_are_not_multiplied_without_end() -> None:
    cues = [cue(0, 36_000_000, "x")] * (MAX_REPEATS // 600 + 1)
    with pytest.raises(CaptionError) as caught:
        segments(cues, 36_000_000, 60_000)
    assert caught.value.code == "cues-too-long"


@pytest.mark.parametrize(("length", "segment"), [(0, 1000), (1000, 0)])
def test_no_segments_of_nothing(length: int, segment: int) -> None:
    with pytest.raises(ValueError, match="no segments"):
        segments([], length, segment)


@given(st.integers(0, 10**10))
def test_a_timestamp_is_its_milliseconds(ms: int) -> None:
    hours, minutes, rest = timestamp(ms).split(":")
    seconds, thousandths = rest.split(".")
    assert ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(thousandths) == ms
    assert len(hours) >= 2


def test_ffmpeg_reads_the_same_cues() -> None:
    """A parser that knows nothing of ours."""
    cues = [
        cue(0, 1500, "one"),
        cue(1000, 2500, "two\nlines &amp; more"),
        Cue(start=60_000, end=61_001, text="<i>three</i>", settings="line:0 align:left", identifier="id"),
    ]
    with av.open(io.BytesIO(webvtt(cues).encode()), format="webvtt") as file:
        packets = [packet for packet in file.demux() if packet.size]
    assert [(packet.pts, packet.pts + packet.duration, bytes(packet).decode()) for packet in packets] == [
        (one.start, one.end, one.text) for one in cues
    ]


@given(st.text(max_size=40), st.text(max_size=20))
def test_any_words_can_become_a_cue(words: str, name: str) -> None:
    """What an editor types: cleaned, it is either nothing or a cue."""
    text = cue_text.clean(cue_text.escape(words))
    if cue_text.plain(text).strip():
        made = Cue(start=0, end=1, text=text, settings=cue_settings.parse(name), identifier=identifier(name))
        assert read(webvtt([made]).encode()).cues == (made,)

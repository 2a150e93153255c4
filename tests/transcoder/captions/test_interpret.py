"""Names, kinds, defaults and notes of what a child says that it found; times and text are in test_inside.py."""

from __future__ import annotations

from typing import Any

import pytest

from manifests.layout import AssetId
from tests.streaming.playback.conftest import make_plan
from transcoder.captions.interpret import Answer, Marks, Stream, interpret

PLAN = make_plan(AssetId("asset"))
"""Ten seconds, its zero at zero."""


def stream(codec: str = "webvtt", *cues: tuple[Any, ...], **facts: Any) -> Stream:
    return Stream(
        stream=facts.pop("number", 2),
        codec=codec,
        time_base="1/1000",
        cues=cues or ((0, 1000, "One", "", ""),),
        **facts,
    )


def texts(*streams: Stream) -> list[tuple[int, int, str]]:
    found = interpret(Answer(texts=streams), PLAN)
    return [(cue.start, cue.end, cue.text) for track in found.tracks for cue in track.cues]


@pytest.mark.parametrize(
    ("marks", "kind"),
    [
        (Marks(), "subtitles"),
        (Marks(hearing_impaired=True), "captions"),
        (Marks(forced=True, hearing_impaired=True), "forced"),
        (Marks(visual_impaired=True), "descriptions"),
    ],
)
def test_what_a_stream_is_marked_as_says_its_kind(marks: Marks, kind: str) -> None:
    (track,) = interpret(Answer(texts=(stream(marks=marks),)), PLAN).tracks
    assert track.kind == kind


def test_a_mark_that_all_have_makes_no_default() -> None:
    marked = Marks(default=True)
    for marks, defaults in (
        ((marked,), [False]),
        ((marked, marked), [False, False]),
        ((marked, marked, Marks()), [True, False, False]),
        ((Marks(), Marks(default=True, forced=True)), [False, False]),
    ):
        found = interpret(Answer(texts=tuple(stream(marks=each) for each in marks)), PLAN)
        assert [track.default for track in found.tracks] == defaults


def test_no_two_tracks_have_one_name() -> None:
    found = interpret(Answer(texts=(stream(language="fre"), stream(language="fra"), stream(title="Le chœur\n"))), PLAN)
    assert [track.name for track in found.tracks] == ["Français", "Français 2", "Le chœur"]


def test_what_lies_outside_of_the_asset_is_left_out_and_what_hangs_over_is_cut() -> None:
    cues = ((-900, -100, "before", "", ""), (-500, 500, "into", "", ""), (11_000, 12_000, "behind", "", ""))
    assert texts(stream("webvtt", *cues)) == [(0, 500, "into")]


def test_a_text_without_an_end_stays_until_the_next_or_for_a_while() -> None:
    cues = ((0, None, "a", "", ""), (0, None, "b", "", ""), (2000, None, "c", "", ""))
    assert texts(stream("webvtt", *cues)) == [(0, 2000, "a"), (0, 2000, "b"), (2000, 7000, "c")]


def test_lines_of_dialogue_keep_their_milliseconds() -> None:
    header = "[Script Info]\n[V4+ Styles]\nFormat: Name, Alignment\nStyle: Default,2\n\n[Events]\n"
    cues = (
        (1003, 2007, "1,0,Default,,0,0,0,,{\\i1}Slanted{\\i0}\\Nsecond line, with a comma", "", ""),
        (17, 40, "0,0,Default,,0,0,0,,First", "", ""),
        (50, 60, "damaged", "", ""),
    )
    said = texts(stream("ass", *sorted(cues), header=header))
    assert said == [(17, 40, "First"), (1003, 2007, "<i>Slanted</i>\nsecond line, with a comma")]


def test_markup_of_strangers_is_cleaned() -> None:
    cue = (0, 1000, "<script>alert(1)</script><b>Go</b>\r\n\r\n<img src=x>", "", "")
    assert texts(stream("webvtt", cue)) == [(0, 1000, "<b>Go</b>")]
    assert texts(stream("subrip", cue)) == [(0, 1000, "<b>Go</b>")]
    assert texts(stream("text", (0, 1000, "1 < 2", "", ""))) == [(0, 1000, "1 &lt; 2")]


def test_what_cannot_be_read_is_a_note_and_no_failure() -> None:
    answer = Answer(
        texts=(
            stream("dvd_subtitle", number=3, language="ger"), stream("unknown", number=4),
            stream("webvtt", (0, 10, " ", "", ""), number=5), stream("ttml", (0, 10, "<tt", "", ""), number=6),
        ),
        dtvcc=True, error="damaged",
    )  # fmt: skip
    found = interpret(answer, PLAN)
    assert found.tracks == ()
    assert [note.partition(":")[0] for note in found.notes[:4]] == [
        "Stream 3 (Deutsch)", "Stream 4", "Stream 5", "Stream 6",
    ]  # fmt: skip
    assert "CEA-708" in found.notes[4]
    assert "damaged" in found.notes[5]
    assert "could not be searched" in interpret(Answer(refused="no"), PLAN).notes[0]


def test_a_channel_has_the_language_of_the_sound_and_is_for_who_does_not_hear() -> None:
    closed = (stream("cea-608", channel="CC1"), stream("cea-608", channel="CC3"))
    found = interpret(Answer(closed=closed), PLAN)
    assert [(track.name, track.language, track.kind) for track in found.tracks] == [
        ("CC1", "en", "captions"), ("CC3", "und", "captions"),
    ]  # fmt: skip

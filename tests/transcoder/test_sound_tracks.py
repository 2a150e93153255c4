from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from transcoder.index import AudioStream
from transcoder.plan import AudioEntry, SoundKind
from transcoder.sound_tracks import SoundTrack, kind_of, sound_tracks

STEREO = AudioStream(
    index=1, codec="aac", time_base=Fraction(1, 48000), start=0, end=480_000, sample_rate=48000, channels=2,
    language="eng", title="", default=False, layout="stereo",
)  # fmt: skip
MONO = replace(STEREO, channels=1, layout="mono", language="und")


def _streams(*streams: AudioStream) -> tuple[AudioStream, ...]:
    return tuple(replace(stream, index=index) for index, stream in enumerate(streams, 1))


def _pairs(tracks: tuple[SoundTrack, ...]) -> list[tuple[int, int | None]]:
    return [(track.stream.index, None if track.right is None else track.right.index) for track in tracks]


@pytest.mark.parametrize(
    ("dispositions", "title", "kind"),
    [
        ((), "", SoundKind.MAIN),
        (("original",), "Original", SoundKind.MAIN),
        (("dub",), "", SoundKind.DUB),
        (("comment",), "", SoundKind.COMMENTARY),
        ((), "Director's commentary", SoundKind.COMMENTARY),
        ((), "Comentario del director", SoundKind.COMMENTARY),
        ((), "Kommentar des Regisseurs", SoundKind.COMMENTARY),
        (("visual_impaired",), "", SoundKind.DESCRIPTION),
        (("descriptions",), "", SoundKind.DESCRIPTION),
        ((), "English Audio Description", SoundKind.DESCRIPTION),
        ((), "AD (stereo)", SoundKind.DESCRIPTION),
        ((), "Audiodeskription", SoundKind.DESCRIPTION),
        ((), "Adam's mix", SoundKind.MAIN),
        (("visual_impaired", "comment"), "", SoundKind.DESCRIPTION),
    ],
)
def test_what_a_track_is(dispositions: tuple[str, ...], title: str, kind: SoundKind) -> None:
    assert kind_of(replace(STEREO, dispositions=frozenset(dispositions), title=title)) is kind


def test_the_default_is_what_the_container_says_but_no_description_or_commentary() -> None:
    described = replace(STEREO, dispositions=frozenset({"visual_impaired"}), default=True)
    comments = replace(STEREO, title="Commentary", default=True)
    tracks = sound_tracks(_streams(described, comments, STEREO, replace(STEREO, default=True)), demuxer="matroska")
    assert [track.default for track in tracks] == [False, False, False, True]
    assert [track.automatic for track in tracks] == [True, False, False, True]


def test_one_of_each_language_may_be_chosen_by_it() -> None:
    german = replace(STEREO, language="ger")
    described = replace(german, dispositions=frozenset({"visual_impaired"}))
    tracks = sound_tracks(_streams(STEREO, german, german, described, described), demuxer="matroska")
    assert [track.automatic for track in tracks] == [True, True, False, True, False]
    assert [track.name for track in tracks] == [
        "English", "Deutsch", "Deutsch (3)", "Deutsch (audio description)", "Deutsch (audio description) (5)",
    ]  # fmt: skip


def test_where_all_is_commentary_the_first_is_heard() -> None:
    (track,) = sound_tracks(_streams(replace(STEREO, title="Commentary")), demuxer="mov")
    assert track.default


def test_nameless_mono_tracks_are_pairs() -> None:
    eight = sound_tracks(_streams(*[MONO] * 8), demuxer="mov")
    assert _pairs(eight) == [(1, 2), (3, 4), (5, 6), (7, 8)]
    assert [track.channels for track in eight] == [2] * 4
    assert [track.default for track in eight] == [True, False, False, False]
    assert _pairs(sound_tracks(_streams(*[MONO] * 3), demuxer="mxf")) == [(1, 2), (3, None)]
    assert _pairs(sound_tracks(_streams(MONO), demuxer="mov")) == [(1, None)]


def test_sixteen_mono_tracks_are_eight() -> None:
    assert len(sound_tracks(_streams(*[MONO] * 20), demuxer="mov")) == 8


@pytest.mark.parametrize(
    "streams",
    [
        pytest.param((MONO, replace(MONO, language="ger")), id="two languages"),
        pytest.param((MONO, replace(MONO, start=1)), id="one begins later"),
        pytest.param((MONO, replace(MONO, sample_rate=44100)), id="two rates"),
        pytest.param((MONO, replace(MONO, entries=(AudioEntry(1, 1),))), id="other packets"),
        pytest.param((replace(MONO, title="Mic"), replace(MONO, title="Ambience")), id="names"),
        pytest.param((MONO, MONO, STEREO), id="a stereo track is there"),
        pytest.param((replace(MONO, layout="FC"), replace(MONO, layout="LFE")), id="other places"),
        pytest.param((replace(MONO, layout="FR"), replace(MONO, layout="FL")), id="the wrong way round"),
    ],
)
def test_what_is_no_pair(streams: tuple[AudioStream, ...]) -> None:
    assert all(track.right is None for track in sound_tracks(_streams(*streams), demuxer="mov"))


def test_sides_that_the_file_tells_are_a_pair_beside_any_other_track() -> None:
    left, right = replace(MONO, layout="FL", title="Main"), replace(MONO, layout="FR", title="Main")
    assert _pairs(sound_tracks(_streams(STEREO, left, right), demuxer="mov")) == [(1, None), (2, 3)]


def test_other_containers_have_no_pairs() -> None:
    assert _pairs(sound_tracks(_streams(MONO, MONO), demuxer="matroska")) == [(1, None), (2, None)]


def test_pairs_that_were_settled_before_stay() -> None:
    streams = _streams(MONO, MONO, replace(MONO, start=5))
    assert _pairs(sound_tracks(streams, demuxer="mov", pairs=[(2, 1), (3, None)])) == [(2, 1), (3, None)]


def test_no_sound_is_no_track() -> None:
    assert sound_tracks((), demuxer="mov") == ()

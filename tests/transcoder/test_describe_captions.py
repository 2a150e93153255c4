"""Captions in playlists (rules 4.x and 5.x of docs/hls-rules.md)."""

from __future__ import annotations

from fractions import Fraction

import pytest

from manifests import hls
from manifests.hls import MediaPlaylist, MultivariantPlaylist
from manifests.layout import RenditionId
from tests.transcoder.test_describe import ASSET, RELATIVE, WHOLE
from transcoder.captions.listed import CaptionKind, ListedTrack
from transcoder.describe import caption_playlist, multivariant
from transcoder.describe.captions import length_of


def track(number: int, language: str, kind: CaptionKind, *, name: str = "", default: bool = False) -> ListedTrack:
    return ListedTrack(
        rendition=RenditionId(f"t{number}-1"), language=language, name=name or language, kind=kind, default=default
    )


TRACKS = (
    track(1, "en", "subtitles", name="English"),
    track(2, "en", "captions", name="English"),
    track(3, "de", "subtitles", name='Kurt "live"', default=True),
    track(4, "de", "subtitles", name="Deutsch"),
    track(5, "en", "forced"),
    track(6, "en", "descriptions"),
)


def described(*tracks: ListedTrack) -> MultivariantPlaylist:
    return multivariant(WHOLE, None, captions=tracks, uri_of=RELATIVE)


def test_every_variant_has_the_group() -> None:
    found = described(*TRACKS)
    assert {variant.subtitles for variant in found.variants} == {"subtitles"}
    assert [each.uri for each in found.renditions if each.type == "SUBTITLES"] == [
        f"t{number}-1/index.m3u8" for number in range(1, 7)
    ]
    assert hls.parse(found.render()) == found
    assert {variant.subtitles for variant in described().variants} == {None}


def test_every_track_has_a_language_and_a_name_of_its_own() -> None:
    found = [each for each in described(*TRACKS).renditions if each.type == "SUBTITLES"]
    assert [each.language for each in found] == ["en", "en", "de", "de", "en", "en"]
    assert [each.name for each in found] == ["English", "English 2", "Kurt 'live'", "Deutsch", "en", "en 2"]


def test_captions_for_who_does_not_hear_say_so() -> None:
    found = {each.uri: each for each in described(*TRACKS).renditions}
    assert found["t2-1/index.m3u8"].characteristics == (
        "public.accessibility.transcribes-spoken-dialog",
        "public.accessibility.describes-music-and-sound",
    )
    assert found["t6-1/index.m3u8"].characteristics == ("public.accessibility.describes-video",)
    assert found["t1-1/index.m3u8"].characteristics == ()
    assert [uri for uri, each in found.items() if each.forced] == ["t5-1/index.m3u8"]


def test_one_is_the_default_and_a_player_that_chooses_finds_one_of_a_kind() -> None:
    found = [each for each in described(*TRACKS).renditions if each.type == "SUBTITLES"]
    assert [each.uri for each in found if each.default] == ["t3-1/index.m3u8"]
    automatic = [(each.language, each.forced, each.characteristics) for each in found if each.autoselect]
    assert len(automatic) == len(set(automatic)), "RFC 8216bis §4.4.6.1.1"
    assert [each.autoselect for each in found] == [True, True, True, False, True, False]


@pytest.mark.parametrize("seconds", [Fraction(1, 25), Fraction(60), Fraction(60060, 1001), Fraction(7199, 2)])
def test_the_playlist_spans_the_whole_content_whatever_its_cues(seconds: Fraction) -> None:
    length = length_of(seconds)
    playlist = hls.parse(caption_playlist(ASSET, RenditionId("t1-1"), length, uri_of=RELATIVE).render())
    assert isinstance(playlist, MediaPlaylist)
    assert abs(sum(each.duration for each in playlist.segments) - seconds) <= Fraction(1, 1000)
    assert playlist.ended
    assert playlist.playlist_type == "VOD"
    assert [each.uri for each in playlist.segments] == [
        f"t1-1/{number}.vtt" for number in range(len(playlist.segments))
    ]

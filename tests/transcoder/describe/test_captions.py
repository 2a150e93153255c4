"""The SUBTITLES group, rule by rule, and the playlist of a track."""

from __future__ import annotations

from fractions import Fraction

import pytest

from manifests.layout import AssetId, RenditionId
from transcoder.captions.listed import CaptionKind, ListedTrack
from transcoder.describe.captions import SEGMENT_MS, caption_playlist, caption_renditions, length_of

ASSET = AssetId("asset")


def track(number: int, language: str, kind: CaptionKind = "subtitles", *, default: bool = False) -> ListedTrack:
    return ListedTrack(
        rendition=RenditionId(f"t{number}-1"), language=language, name=language.upper(), kind=kind, default=default
    )


def group(*tracks: ListedTrack) -> list[str]:
    return [rendition.render() for rendition in caption_renditions(ASSET, tracks, str)]


def test_one_member_at_most_is_the_default_and_it_is_chosen_by_itself_too() -> None:
    lines = group(track(1, "en"), track(2, "en", default=True), track(3, "es", default=True))
    assert ["DEFAULT=YES" in line for line in lines] == [False, True, False]
    # One of each language.
    assert ["AUTOSELECT=YES" in line for line in lines] == [False, True, True]


def test_forced_ones_are_forced_and_never_the_default() -> None:
    (line,) = group(track(1, "en", "forced", default=True))
    assert "FORCED=YES" in line
    assert "DEFAULT=NO,AUTOSELECT=YES" in line


def test_a_description_is_never_chosen_by_itself() -> None:
    (line,) = group(track(1, "en", "descriptions", default=True))
    assert "DEFAULT=NO,AUTOSELECT=NO" in line
    assert 'CHARACTERISTICS="public.accessibility.describes-video"' in line


def test_captions_and_subtitles_of_a_language_are_both_chosen_for_who_needs_them() -> None:
    lines = group(track(1, "en"), track(2, "en", "captions"))
    assert all("AUTOSELECT=YES" in line for line in lines)
    assert "describes-music-and-sound" in lines[1]
    assert "CHARACTERISTICS" not in lines[0]


def test_names_differ_and_a_language_stands_everywhere() -> None:
    lines = group(track(1, "en"), track(2, "en"), track(3, "und"))
    assert ['NAME="EN"' in lines[0], 'NAME="EN 2"' in lines[1], 'LANGUAGE="und"' in lines[2]] == [True] * 3


@pytest.mark.parametrize("length", [1, 59_999, 60_000, 60_001, 7_200_123])
def test_a_playlist_spans_the_whole_content(length: int) -> None:
    playlist = caption_playlist(ASSET, RenditionId("t1-1"), length, uri_of=str)
    assert sum(segment.duration for segment in playlist.segments) == Fraction(length, 1000)
    assert len(playlist.segments) == -(-length // SEGMENT_MS)
    assert (playlist.playlist_type, playlist.ended, playlist.map) == ("VOD", True, None)
    assert playlist.render().count(".vtt") == len(playlist.segments)


def test_the_length_is_that_of_the_content_to_a_millisecond() -> None:
    assert [length_of(Fraction(10_005_333, 1_000_000)), length_of(Fraction(1, 9000))] == [10_005, 1]

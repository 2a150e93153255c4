"""Captions as HLS: the SUBTITLES group of a multivariant playlist, and the playlist of a track. Pure.

Apple's HLS authoring specification: LANGUAGE on every rendition, the two characteristics on captions for who does not
hear, and a subtitle playlist that spans the whole content, whatever its cues.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from manifests import layout
from manifests.hls import MediaPlaylist, MediaRendition, Segment
from manifests.hls.attributes import quotable
from manifests.hls.media import target_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.layout import AssetId, RenditionId
    from transcoder.captions.listed import CaptionKind, ListedTrack
    from transcoder.describe.uris import UriOf

CAPTION_GROUP: Final = "subtitles"
SEGMENT_MS: Final = 60_000
"""Length of a segment of captions. Subtitle renditions may have a target duration of their own where they are VOD
(RFC 8216bis §6.2.4)."""

_VERSION: Final = 3  # decimal durations (RFC 8216bis §8)
_CHARACTERISTICS: Final[dict[CaptionKind, tuple[str, ...]]] = {
    "captions": (
        "public.accessibility.transcribes-spoken-dialog",
        "public.accessibility.describes-music-and-sound",
    ),
    "descriptions": ("public.accessibility.describes-video",),
}


def caption_renditions(asset: AssetId, tracks: Sequence[ListedTrack], uri_of: UriOf) -> tuple[MediaRendition, ...]:
    """The group. At most one member is DEFAULT: the first that says so and is words to read. AUTOSELECT is one of each
    language and kind, so that a player that chooses by itself finds one and no more (RFC 8216bis §4.4.6.1.1); never a
    description, which is for a screen reader and nobody's language. FORCED ones are always chosen by the player."""
    default = next((track for track in tracks if track.default and track.kind in {"subtitles", "captions"}), None)
    first = {(track.language, track.kind): track for track in (*reversed(tracks), *((default,) if default else ()))}
    taken: set[str] = set()
    return tuple(
        MediaRendition(
            type="SUBTITLES",
            group=CAPTION_GROUP,
            name=_unique(quotable(track.name) or track.language, taken),
            language=quotable(track.language) or "und",
            default=track is default,
            autoselect=track.kind != "descriptions" and first[track.language, track.kind] is track,
            forced=track.kind == "forced",
            characteristics=_CHARACTERISTICS.get(track.kind, ()),
            uri=uri_of(layout.media_playlist(asset, track.rendition)),
        )
        for track in tracks
    )


def _unique(name: str, taken: set[str]) -> str:
    """NAME must differ within a group (RFC 8216bis §4.4.6.1.1)."""
    found, count = name, 1
    while found in taken:
        count += 1
        found = f"{name} {count}"
    taken.add(found)
    return found


def length_of(duration: Fraction) -> int:
    """Milliseconds that captions span beside content of so many seconds."""
    return max(1, round(duration * 1000))


def caption_playlist(asset: AssetId, rendition: RenditionId, length: int, *, uri_of: UriOf) -> MediaPlaylist:
    """The media playlist of a track beside content that lasts `length` ms."""
    begins = range(0, length, SEGMENT_MS)
    durations = [Fraction(min(SEGMENT_MS, length - begin), 1000) for begin in begins]
    return MediaPlaylist(
        version=_VERSION,
        target_duration=target_duration(durations),
        playlist_type="VOD",
        segments=tuple(
            Segment(uri=uri_of(layout.caption_segment(asset, rendition, number)), duration=duration)
            for number, duration in enumerate(durations)
        ),
        ended=True,
    )

"""The audio group of the multivariant playlist (Apple's rule 9.5: demuxed audio)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from manifests import layout
from manifests.hls import MediaRendition
from manifests.hls.attributes import quotable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcoder.describe.uris import UriOf
    from transcoder.plan import AudioPlan, Plan

AUDIO_GROUP: Final = "audio"


def default_track(tracks: Sequence[AudioPlan]) -> AudioPlan:
    return next((track for track in tracks if track.default), tracks[0])


def audio_renditions(plan: Plan, uri_of: UriOf) -> tuple[MediaRendition, ...]:
    """The audio group. Exactly one member is DEFAULT; AUTOSELECT is one of each language, so that a player that chooses
    by language finds one and no more (RFC 8216bis §4.4.6.1.1)."""
    if not plan.audio:
        return ()
    default = default_track(plan.audio)
    automatic = {track.language: track for track in (*reversed(plan.audio), default)}
    taken: set[str] = set()
    return tuple(
        MediaRendition(
            type="AUDIO",
            group=AUDIO_GROUP,
            name=_unique_name(track, taken),
            language=quotable(track.language) or None,
            default=track is default,
            autoselect=automatic[track.language] is track,
            channels=str(track.channels),
            uri=uri_of(layout.media_playlist(plan.asset, track.id)),
        )
        for track in plan.audio
    )


def _unique_name(track: AudioPlan, taken: set[str]) -> str:
    """NAME must differ within a group; it is shown to viewers, so a second "English" becomes "English 2"."""
    base = quotable(track.name) or quotable(track.language) or "Audio"
    name, count = base, 1
    while name in taken:
        count += 1
        name = f"{base} {count}"
    taken.add(name)
    return name

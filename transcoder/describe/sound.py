"""The audio groups of the multivariant playlist (Apple's rule 9.5: demuxed audio).

Every track is in the stereo group. Where one is made in 5.1 too there is a second group, in which that takes its place:
players choose a group by what they can play, and find all languages in each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from manifests import layout
from manifests.hls import MediaRendition
from manifests.hls.attributes import quotable
from transcoder.plan import SoundKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transcoder.describe.uris import UriOf
    from transcoder.plan import AudioPlan, Plan

STEREO: Final = "audio"
SURROUND: Final = "surround"
_CHARACTERISTICS: Final = {SoundKind.DESCRIPTION: ("public.accessibility.describes-video",)}


def default_track(tracks: Sequence[AudioPlan]) -> AudioPlan:
    return next((track for track in tracks if track.default), tracks[0])


def audio_groups(plan: Plan) -> Mapping[str, Sequence[AudioPlan]]:
    """The members of each group, in the same order: stereo first; none without sound."""
    stereo = [track for track in plan.audio if not track.is_surround]
    surround = {track.streams: track for track in plan.audio if track.is_surround}
    found = {STEREO: stereo} if stereo else {}
    return found | ({SURROUND: [surround.get(track.streams, track) for track in stereo]} if surround else {})


def audio_renditions(plan: Plan, uri_of: UriOf) -> tuple[MediaRendition, ...]:
    """All members of all groups. One of each group is DEFAULT; AUTOSELECT is one of each language, and one that
    describes the picture and says so, for no two may be alike in all that players choose by (RFC 8216bis §4.4.6.1.1).
    """
    found: list[MediaRendition] = []
    for group, tracks in audio_groups(plan).items():
        default, taken = default_track(tracks), set[str]()
        found += (
            MediaRendition(
                type="AUDIO",
                group=group,
                name=_unique_name(track, taken),
                language=quotable(track.language) or None,
                default=track is default,
                autoselect=track.automatic or track is default,
                characteristics=_CHARACTERISTICS.get(track.kind, ()),
                channels=str(track.channels),
                uri=uri_of(layout.media_playlist(plan.asset, track.id)),
            )
            for track in tracks
        )
    return tuple(found)


def _unique_name(track: AudioPlan, taken: set[str]) -> str:
    """NAME must differ within a group; it is shown to viewers, so a second "English" becomes "English 2"."""
    base = quotable(track.name) or quotable(track.language) or "Audio"
    name, count = base, 1
    while name in taken:
        count += 1
        name = f"{base} {count}"
    taken.add(name)
    return name

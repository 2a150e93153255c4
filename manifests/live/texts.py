"""A live rendition as text: with its parts, and for players that know none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests.live import playlist
from manifests.live.timeline import EMPTY, Timeline
from manifests.live.updates import Updates

if TYPE_CHECKING:
    from manifests.hls import MediaPlaylist, Segment
    from manifests.live.playlist import At, Placed, Reported
    from manifests.live.state import LiveRendition, LiveSegment


class Texts(Updates):
    """The texts of the media playlist."""

    with_parts = True

    def plain(self, state: LiveRendition, *, timeline: Timeline = EMPTY) -> str:
        """What players see that know no parts: whole segments, and nothing to ask the server for."""
        placed = playlist.place(state, timeline.entries, with_parts=False)
        return self._past.before(playlist.build(state, placed, with_parts=False), state, placed)

    def _recent(self, state: LiveRendition, placed: Placed, others: Reported) -> MediaPlaylist:
        return playlist.low_latency(state, placed, others)

    def _old(self, state: LiveRendition, segment: LiveSegment, at: At) -> Segment:
        return playlist.segment_of(state, segment, at, with_parts=False)

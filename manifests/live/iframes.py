"""The key pictures of a live rendition as an I-frame playlist, for scrubbing (RFC 8216bis §4.4.3.6).

One for each whole segment: the range of its bytes from its first `moof` to the end of the picture behind it. So the
playlist has the numbers, dates and init sections of the media playlist, and costs no storage. Segments may have further
key pictures, one for each part, while a backup or the slate is on air; only the first one is always there.

It has no parts (§4.4.4.9): it changes when a segment is whole, and blocks by `_HLS_msn` (§6.2.5.2).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from manifests.hls import ByteRange
from manifests.live import playlist
from manifests.live.updates import Updates

if TYPE_CHECKING:
    from manifests.hls import MediaPlaylist, Segment
    from manifests.live.playlist import At, Placed, Reported
    from manifests.live.state import LiveRendition, LiveSegment


class IFrameTexts(Updates):
    """The texts of the I-frame playlist. It reports on all other playlists, also on the media playlist of its own."""

    with_parts = False

    def _recent(self, state: LiveRendition, placed: Placed, others: Reported) -> MediaPlaylist:
        found = playlist.build(state, placed, with_parts=False)
        listed = state.segments[playlist.skipped(state) :]
        return replace(
            found,
            iframes_only=True,
            server_control=playlist.control(state, others),
            segments=tuple(_only_picture(segment, each) for segment, each in zip(found.segments, listed, strict=True)),
            rendition_reports=others.reports(),
        )

    def _old(self, state: LiveRendition, segment: LiveSegment, at: At) -> Segment:
        return _only_picture(playlist.segment_of(state, segment, at, with_parts=False), segment)


def _only_picture(listed: Segment, segment: LiveSegment) -> Segment:
    """A segment without a picture of its own has nothing to load, though it keeps its time and its number."""
    if segment.gap or not segment.picture:
        return replace(listed, gap=True)
    return replace(listed, byte_range=ByteRange(start=0, length=segment.picture))

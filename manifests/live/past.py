"""What lies behind the skip boundary, as text (RFC 8216bis §6.2.5.1).

A playlist of hours has thousands of segments, and is asked for at every part. So each segment that is older than the
skip boundary is written once and remembered; what is younger is built, checked and written anew.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from manifests.hls import Skip, lines
from manifests.live import playlist

if TYPE_CHECKING:
    from collections.abc import Callable

    from manifests.hls import MediaPlaylist, Segment
    from manifests.live.playlist import At, Placed
    from manifests.live.state import LiveRendition, LiveSegment


class Past:
    """Of one playlist of one rendition, and for one thread at a time. `write`: how a segment stands in it."""

    def __init__(self, write: Callable[[LiveRendition, LiveSegment, At], Segment]) -> None:
        self._write = write
        self._written: dict[int, tuple[At, str]] = {}

    def before(self, recent: MediaPlaylist, state: LiveRendition, placed: Placed) -> str:
        """All of a playlist: the older segments of `state`, in front of a playlist of the recent ones."""
        count = playlist.skipped(state)
        for number in [number for number in self._written if number < state.media_sequence]:
            del self._written[number]
        if not count:
            return recent.render()
        replace(recent, skip=Skip(segments=count), version=9).check()
        head = replace(recent, map=playlist.map_of(state.segments[0])).head()
        past = [self._old(state, place, placed) for place in range(count)]
        return lines.write([*head, *past, *recent.body()])

    def _old(self, state: LiveRendition, place: int, placed: Placed) -> str:
        segment, at = state.segments[place], placed.get(place, playlist.NOTHING)
        known = self._written.get(segment.number)
        if known is None or known[0] != at:
            known = self._written[segment.number] = (at, self._write(state, segment, at).render())
        return known[1]

"""A live rendition as text: whole, as a delta update (RFC 8216bis §6.2.5.1), and for players that know no parts.

A playlist of hours has thousands of segments, and is asked for at every part. So each segment that is older than the
skip boundary is written once and remembered; what is younger is built, checked and written anew.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from manifests.hls import Skip, lines
from manifests.live import playlist
from manifests.live.timeline import EMPTY, Timeline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manifests.hls import MediaPlaylist
    from manifests.live.playlist import At, Placed
    from manifests.live.state import LiveRendition


class Skipping(Enum):
    """What a delta update leaves out, as `_HLS_skip` says it."""

    SEGMENTS = "YES"
    DATE_RANGES = "v2"


class Texts:
    """The texts of one rendition. Remembers segments, so it belongs to one rendition, and to one thread at a time."""

    def __init__(self) -> None:
        self._written: dict[int, tuple[At, str]] = {}

    def full(
        self, state: LiveRendition, *, timeline: Timeline = EMPTY, others: Mapping[str, LiveRendition]
    ) -> str:  # fmt: skip
        """All of it. `others`: the other renditions of the channel, by the URI of their playlist seen from this one."""
        placed = playlist.place(state, timeline.entries, with_parts=True)
        return self._whole(state, playlist.low_latency(state, placed, others), placed)

    def delta(
        self,
        state: LiveRendition,
        skipping: Skipping,
        *,
        now_ms: int,
        timeline: Timeline = EMPTY,
        others: Mapping[str, LiveRendition],
    ) -> str:
        """Without segments behind the skip boundary; where no segment is, all of it: EXT-X-SKIP must skip something."""
        left = playlist.skipped(state)
        if not left:
            return self.full(state, timeline=timeline, others=others)
        boundary_ms = 1000 * playlist.SKIP_UNTIL * state.pace.target_duration
        entries, removed = timeline.entries, None
        if skipping is Skipping.DATE_RANGES:
            entries = tuple(entry for entry in entries if now_ms - entry.added_ms <= boundary_ms)
            removed = tuple(each.id for each in timeline.removed if now_ms - each.removed_ms <= boundary_ms)
        skip = Skip(segments=left, removed_date_ranges=removed)
        placed = playlist.kept(playlist.place(state, entries, with_parts=True), left)
        return replace(playlist.low_latency(state, placed, others), skip=skip, version=skip.version()).render()

    def plain(self, state: LiveRendition, *, timeline: Timeline = EMPTY) -> str:
        """What players see that know no parts: whole segments, and nothing to ask the server for."""
        placed = playlist.place(state, timeline.entries, with_parts=False)
        return self._whole(state, playlist.build(state, placed, with_parts=False), placed)

    def _whole(self, state: LiveRendition, recent: MediaPlaylist, placed: Placed) -> str:
        """The older segments in front of a playlist of the recent ones."""
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
            text = playlist.segment_of(state, segment, at, with_parts=False).render()
            known = self._written[segment.number] = (at, text)
        return known[1]

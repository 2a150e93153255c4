"""A live rendition as text: whole, as a delta update (RFC 8216bis §6.2.5.1), and for players that know no parts."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from manifests.hls import Skip
from manifests.live import playlist
from manifests.live.past import Past
from manifests.live.playlist import ALONE
from manifests.live.timeline import EMPTY, Timeline

if TYPE_CHECKING:
    from manifests.hls import Segment
    from manifests.live.playlist import At, Reported
    from manifests.live.state import LiveRendition, LiveSegment
    from manifests.live.timeline import Entry


class Skipping(Enum):
    """What a delta update leaves out, as `_HLS_skip` says it."""

    SEGMENTS = "YES"
    DATE_RANGES = "v2"


class Texts:
    """The texts of one rendition. Remembers segments, so it belongs to one rendition, and to one thread at a time."""

    def __init__(self) -> None:
        self._past = Past(_whole_segment)

    def full(self, state: LiveRendition, *, timeline: Timeline = EMPTY, others: Reported = ALONE) -> str:
        """All of it. `others`: the other playlists of the channel."""
        placed = playlist.place(state, timeline.entries, with_parts=True)
        return self._past.before(playlist.low_latency(state, placed, others), state, placed)

    def delta(
        self,
        state: LiveRendition,
        skipping: Skipping,
        *,
        now_ms: int,
        timeline: Timeline = EMPTY,
        others: Reported = ALONE,
    ) -> str:
        """Without segments behind the skip boundary; where no segment is, all of it: EXT-X-SKIP must skip something."""
        left = playlist.skipped(state)
        if not left:
            return self.full(state, timeline=timeline, others=others)
        skip, entries = left_out(state, skipping, timeline, now_ms=now_ms)
        placed = playlist.kept(playlist.place(state, entries, with_parts=True), left)
        return replace(playlist.low_latency(state, placed, others), skip=skip, version=skip.version()).render()

    def plain(self, state: LiveRendition, *, timeline: Timeline = EMPTY) -> str:
        """What players see that know no parts: whole segments, and nothing to ask the server for."""
        placed = playlist.place(state, timeline.entries, with_parts=False)
        return self._past.before(playlist.build(state, placed, with_parts=False), state, placed)


def left_out(
    state: LiveRendition, skipping: Skipping, timeline: Timeline, *, now_ms: int
) -> tuple[Skip, tuple[Entry, ...]]:
    """What a delta update says of what it leaves out, and the date ranges that stay in it."""
    boundary_ms = 1000 * playlist.SKIP_UNTIL * state.pace.target_duration
    entries, removed = timeline.entries, None
    if skipping is Skipping.DATE_RANGES:
        entries = tuple(entry for entry in entries if now_ms - entry.added_ms <= boundary_ms)
        removed = tuple(each.id for each in timeline.removed if now_ms - each.removed_ms <= boundary_ms)
    return Skip(segments=playlist.skipped(state), removed_date_ranges=removed), entries


def _whole_segment(state: LiveRendition, segment: LiveSegment, at: At) -> Segment:
    return playlist.segment_of(state, segment, at, with_parts=False)

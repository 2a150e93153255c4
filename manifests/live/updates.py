"""A playlist that is loaded again and again: all of it, or as a delta update (RFC 8216bis §6.2.5.1)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from manifests.hls import Skip
from manifests.live import playlist
from manifests.live.past import Past
from manifests.live.playlist import ALONE
from manifests.live.timeline import EMPTY, Timeline

if TYPE_CHECKING:
    from manifests.hls import MediaPlaylist, Segment
    from manifests.live.playlist import At, Placed, Reported
    from manifests.live.state import LiveRendition, LiveSegment
    from manifests.live.timeline import Entry


class Skipping(Enum):
    """What a delta update leaves out, as `_HLS_skip` says it."""

    SEGMENTS = "YES"
    DATE_RANGES = "v2"


class Updates(ABC):
    """One kind of playlist of one rendition. It remembers segments: for one rendition, and one thread at a time."""

    with_parts: ClassVar[bool]

    def __init__(self) -> None:
        self._past = Past(self._old)

    @abstractmethod
    def _recent(self, state: LiveRendition, placed: Placed, others: Reported) -> MediaPlaylist:
        """What is not behind the skip boundary."""

    @abstractmethod
    def _old(self, state: LiveRendition, segment: LiveSegment, at: At) -> Segment:
        """One that is."""

    def full(self, state: LiveRendition, *, timeline: Timeline = EMPTY, others: Reported = ALONE) -> str:
        """All of it. `others`: the other playlists of the channel."""
        placed = playlist.place(state, timeline.entries, with_parts=self.with_parts)
        return self._past.before(self._recent(state, placed, others), state, placed)

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
        skip, entries = _left_out(state, skipping, timeline, now_ms=now_ms)
        placed = playlist.kept(playlist.place(state, entries, with_parts=self.with_parts), left)
        return replace(self._recent(state, placed, others), skip=skip, version=skip.version()).render()


def _left_out(
    state: LiveRendition, skipping: Skipping, timeline: Timeline, *, now_ms: int
) -> tuple[Skip, tuple[Entry, ...]]:
    """What a delta update says of what it leaves out, and the date ranges that stay in it."""
    boundary_ms = 1000 * playlist.SKIP_UNTIL * state.pace.target_duration
    entries, removed = timeline.entries, None
    if skipping is Skipping.DATE_RANGES:
        entries = tuple(entry for entry in entries if now_ms - entry.added_ms <= boundary_ms)
        removed = tuple(each.id for each in timeline.removed if now_ms - each.removed_ms <= boundary_ms)
    return Skip(segments=playlist.skipped(state), removed_date_ranges=removed), entries

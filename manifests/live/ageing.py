"""What leaves a live playlist with time, and until when it has to be there still (RFC 8216bis §6.2.2)."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from manifests.live.state import LiveRendition, LiveSegment

PARTS: Final = 3
"""Target durations from the end at which parts leave the playlist, and for which they can be downloaded afterwards."""


def age(state: LiveRendition, now_ms: int) -> LiveRendition:
    """The state at `now_ms`: what is due has left. Every change ends with it; alone it is for one that stands still."""
    return _evict(_unlist(state, now_ms))


def _unlist(state: LiveRendition, now_ms: int) -> LiveRendition:
    """Parts go all at once: a player counts them by where they stand. They go a part early, not to be too old ever."""
    reach = state.pace.ticks(PARTS * state.pace.target_duration) - state.pace.part
    keep_ms = 1000 * PARTS * state.pace.target_duration
    recent = tuple(takewhile(lambda segment: segment.parts, reversed(state.segments)))[::-1]
    aged = tuple(_aged(segment, state.end - segment.start > reach, keep_ms, now_ms) for segment in recent)
    if all(new is old for new, old in zip(aged, recent, strict=True)):
        return state
    return replace(state, segments=(*state.segments[: len(state.segments) - len(recent)], *aged))


def _aged(segment: LiveSegment, is_old: bool, keep_ms: int, now_ms: int) -> LiveSegment:
    if segment.unlisted_ms is not None:
        return replace(segment, parts=()) if now_ms >= segment.unlisted_ms + keep_ms else segment
    return replace(segment, unlisted_ms=now_ms) if is_old else segment


def _evict(state: LiveRendition) -> LiveRendition:
    """Whole segments leave from the front as soon as the window is full without them."""
    if state.window is None or state.ended:
        return state
    first = 0
    end = state.segments[-1].end if state.segments else 0
    while first + 1 < len(state.segments) and end - state.segments[first + 1].start >= state.window:
        first += 1
    if not first:
        return state
    left = sum(segment.discontinuity for segment in state.segments[:first])
    return replace(
        state,
        segments=state.segments[first:],
        discontinuity_sequence=state.discontinuity_sequence + left,
    )

"""How what is left of a track is cut into windows. Pure; the simulation in `benchmarks/scaling.py` runs the same.

Every window costs the start of a process, so windows are long; but the last of them must not keep one worker busy while
the others stand idle, so they get shorter as the rest does (guided self-scheduling: a share of what is left), and never
take much longer than a task may. Where slots outnumber segments a segment is made by two: its largest rungs by one, all
others by the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import merge
from typing import TYPE_CHECKING, Final

from transcoder.windows import AUDIO_WINDOW, VIDEO, VIDEO_WINDOW, Window, codec_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from manifests.layout import RenditionId

_TASK_S: Final = 40.0
"""Seconds of work in a window: less than the minute that a task may take, for no estimate is exact."""
_MOST_VIDEO: Final = 24
_MOST_AUDIO: Final = 150
_LEAST_AUDIO: Final = 10
_PER_SLOT: Final = 2
"""Windows that a slot is to get of what is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a track may count on: slots that work for its asset, and the seconds that a segment took lately (None: none
    is made yet)."""

    slots: int
    seconds: float | None = None


def length(left: int, room: Room, *, track: str) -> int:
    """Segments of the next window, where `left` of the track have no worker."""
    usual, most, least = (
        (VIDEO_WINDOW, _MOST_VIDEO, 1) if codec_of(track) else (AUDIO_WINDOW, _MOST_AUDIO, _LEAST_AUDIO)
    )
    in_time = usual if room.seconds is None else int(_TASK_S / max(room.seconds, 1e-6))
    share = -(-left // (_PER_SLOT * max(1, room.slots))) if room.slots > 1 else left
    return max(1, min(max(share, least), max(in_time, 1), most, left))


def divide(
    track: str, left: Sequence[int], room: Room, *, groups: Sequence[tuple[RenditionId, ...]] = ()
) -> Iterator[Window]:
    """Windows over the segments `left` (ascending; with gaps where somebody works), in order: each segment in exactly
    one, or in one of each of the `groups` of rungs where idle slots outnumber the segments."""
    split = len(groups) > 1 and room.slots >= len(groups) * len(left)
    place = 0
    while place < len(left):
        count = 1 if split else length(len(left) - place, room, track=track)
        end = place + 1
        while end < len(left) and end - place < count and left[end] == left[end - 1] + 1:
            end += 1
        for rungs in groups if split else (None,):
            yield Window(track=track, first=left[place], count=end - place, rungs=rungs)
        place = end


def estimate(window: Window | None, seconds: float | None) -> float:
    """Seconds of work in a window, where a segment of its track took so many lately; of what is not known (None), as
    many as a task may take."""
    if window is None or seconds is None:
        return _TASK_S
    return window.count * seconds * (1.0 if window.rungs is None else 0.5)  # groups of rungs cost about the same


def rung_groups(prices: Mapping[RenditionId, int]) -> tuple[tuple[RenditionId, ...], ...]:
    """Two groups of rungs that cost about the same: the largest, and the others; one where nothing can be shared."""
    ordered = sorted(prices, key=lambda rung: prices[rung], reverse=True)
    total = sum(prices.values())

    def difference(count: int) -> int:
        return abs(2 * sum(prices[rung] for rung in ordered[:count]) - total)

    large = min(range(1, max(2, len(ordered))), key=difference)
    return tuple(group for group in (tuple(ordered[:large]), tuple(ordered[large:])) if group)


def merged(tracks: Iterable[Iterator[Window]]) -> Iterator[Window]:
    """The windows of several tracks, in the order in which they are wanted."""
    return merge(*tracks, key=lambda window: (window.first, window.track != VIDEO))

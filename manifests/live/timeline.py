"""Date ranges of a channel: one list for all its renditions (RFC 8216bis §6.2.4), each where it was added.

What was said of a range stays said: later tags of its ID add to it. It leaves when no date of it is in any playlist.

A playlist changes at its end only (§6.2.1), so a tag stands behind all that any player may have read when it was added:
in front of the part that came next. That is a position, not a time: clocks of several machines differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from manifests.errors import LiveError, PlaylistError
from manifests.hls import date_range, date_time
from manifests.hls.date_range import DateRange
from manifests.live.state import START, Position

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One tag. `position`: of the part in front of which it stands, in all renditions."""

    tag: DateRange
    added_ms: int
    position: Position = START


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A range that left."""

    id: str
    removed_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    entries: tuple[Entry, ...] = ()
    """in the order in which they were added"""
    removed: tuple[Removed, ...] = ()
    """of late, oldest first"""

    def tags(self) -> tuple[DateRange, ...]:
        return tuple(entry.tag for entry in self.entries)


EMPTY: Final = Timeline()


def add(timeline: Timeline, tag: DateRange, *, now_ms: int, position: Position = START) -> Timeline:
    """A tag of a new range, or one that says more of a known one. `position`: the edge of the foremost rendition.

    Raises LiveError for what contradicts what was said: an attribute that changes, an ID that was used before, a range
    of a CLASS with END-ON-NEXT between two that follow each other (§6.2.1), and for a tag that breaks a rule itself.
    """
    if any(gone.id == tag.id for gone in timeline.removed):
        raise LiveError(f"the date range {tag.id!r} has been there before")
    try:
        tag.render()
        known = date_range.consolidate(timeline.tags())
        together = date_range.consolidate((*timeline.tags(), tag))
    except PlaylistError as exc:
        raise LiveError(str(exc)) from exc
    if len(together) > len(known):
        _check_between(known, tag)
    latest = timeline.entries[-1] if timeline.entries else Entry(tag=tag, added_ms=now_ms)
    entry = Entry(tag=tag, added_ms=max(now_ms, latest.added_ms), position=max(position, latest.position))
    return replace(timeline, entries=(*timeline.entries, entry))


def prune(timeline: Timeline, *, first_ms: int, now_ms: int, remembered_ms: int) -> Timeline:
    """Without the ranges that end before `first_ms`, the earliest date in any playlist of the channel.

    A range whose end is not known stays. Those that left are remembered for `remembered_ms`.
    """
    ranges = date_range.consolidate(timeline.tags())
    first = date_time.from_ms(first_ms)
    over = {each.id for each in ranges if (end := _end(each, ranges)) is not None and end < first}
    forgotten = [each for each in timeline.removed if now_ms - each.removed_ms > remembered_ms]
    if not over and not forgotten:
        return timeline
    gone = (Removed(id=each.id, removed_ms=now_ms) for each in ranges if each.id in over)
    return Timeline(
        entries=tuple(entry for entry in timeline.entries if entry.tag.id not in over),
        removed=(*(each for each in timeline.removed if each not in forgotten), *gone),
    )


def _check_between(known: Iterable[DateRange], tag: DateRange) -> None:
    of_class = [each for each in known if tag.class_ is not None and each.class_ == tag.class_]
    for each in of_class:
        following = _following(each, of_class) if each.end_on_next else None
        if following is None or each.start is None or tag.start is None:
            continue
        if each.start < tag.start < following:
            raise LiveError(f"{each.id!r} has ended with the one that follows it: none comes between them any more")


def _following(one: DateRange, ranges: Iterable[DateRange]) -> datetime | None:
    """Where the range of the same CLASS begins that comes next."""
    starts = [each.start for each in ranges if each.class_ == one.class_ and each.start is not None]
    return min((start for start in starts if one.start is not None and start > one.start), default=None)


def _end(one: DateRange, ranges: Iterable[DateRange]) -> datetime | None:
    return _following(one, ranges) if one.end_on_next else one.ends()

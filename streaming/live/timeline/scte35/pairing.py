"""Which splice becomes which date range (RFC 8216bis §4.4.5.1.1). Pure: moments are ms since the epoch.

Out and in of one break are one range: SCTE35-OUT when it is announced, SCTE35-IN and DURATION when it is over. What is
no way out (programmes, chapters, credits) is a range with SCTE35-CMD. Announcements are repeated, and both publishers
of a channel make them: what has the same event, the same type and, within seconds, the same moment is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final, TypeAlias

from manifests.hls import DateRange, date_time
from streaming.live.timeline.model import Kind, Mark, more_of
from streaming.live.timeline.scte35.splice import Command

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from streaming.live.timeline.scte35.splice import Break, Segmentation, Splice

_SAME_MS: Final = 5_000
_OVERDUE_MS: Final = 60_000
"""A break that says no way back ends so long after it should have."""
_ENDLESS_MS: Final = 86_400_000
_REMEMBERED: Final = 256
_TICKS: Final = 90
"""Of the stream's clock in a millisecond."""
_INSERT: Final = 0
"""In the place of a segmentation_type_id, for breaks of splice_insert."""

_OUT: Final = frozenset({0x22, *range(0x30, 0x40, 2), 0x40, *range(0x42, 0x48, 2)})
"""segmentation_type_id of what is spliced in: breaks, advertisements, placement opportunities (SCTE 35 table 23)."""
_STARTS: Final = _OUT | {0x10, 0x20, 0x24, 0x26, 0x50}
"""An odd number ends what the even one before it has begun."""
_PROGRAM: Final = frozenset({*range(0x10, 0x1A), 0x50, 0x51})
_TERMINATED: Final = 0x12
"""Program early termination: ends 0x10."""

Key: TypeAlias = tuple[int, int]
"""Id of an event, and segmentation_type_id of its beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A new range: a mark, and the attributes of SCTE 35 that its tag has besides."""

    mark: Mark
    splice: DateRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """More of a range that there is."""

    mark: str
    more: DateRange


Change: TypeAlias = Begun | Said


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    mark: str
    at_ms: int
    due_ms: int
    """when it is over, if nobody says so before"""
    planned_ms: int


class Pairing:
    """Of one event of a channel. `open_marks`: those of its ranges that have no end yet, from the process before."""

    def __init__(self, open_marks: Iterable[Mark] = ()) -> None:
        self._open: dict[Key, _Open] = {}
        self._begun: dict[Key, int] = {}
        for mark in open_marks:
            event, kind, at_ms = (int(each) for each in mark.id.split("-")[1:])
            self._note((event, kind), at_ms, None if mark.planned is None else int(mark.planned * 1000))

    def take(self, splice: Splice, at_ms: int) -> list[Change]:
        """What a section says of the moment `at_ms`. Nothing, where it was said before."""
        if splice.insert is not None:
            return list(self._insert(splice.insert, splice.body, at_ms))
        if splice.segmentations:
            return [
                change for each in splice.segmentations for change in self._segmentation(each, splice.body, at_ms)
            ]  # fmt: skip
        if splice.command in {Command.NULL, Command.BANDWIDTH_RESERVATION}:
            return []
        return list(self._command((0, 0x100 | splice.command), splice.body, at_ms, Kind.MARKER))

    def due(self, now_ms: int) -> list[Change]:
        """Ranges that are over by now, and whose end nobody has told."""
        over = [key for key, found in self._open.items() if found.due_ms <= now_ms]
        return [self._end(key, self._open[key].at_ms + self._open[key].planned_ms, None) for key in over]

    def _insert(self, found: Break, body: bytes, at_ms: int) -> Iterator[Change]:
        key = (found.event, _INSERT)
        if found.cancelled:
            yield from self._cancel([key])
        elif found.out:
            if self._is_new(key, at_ms):
                yield self._begin(
                    key, at_ms, found.duration, Kind.AD, DateRange(id="", scte35_out=body), auto=found.auto_return
                )
        elif key in self._open:
            yield self._end(key, at_ms, body)

    def _segmentation(self, found: Segmentation, body: bytes, at_ms: int) -> Iterator[Change]:
        if found.cancelled:
            yield from self._cancel([key for key in self._open if key[0] == found.event and key[1] != _INSERT])
            return
        kind = Kind.AD if found.type & ~1 in _OUT else Kind.PROGRAM if found.type in _PROGRAM else Kind.MARKER
        key = (found.event, found.type)
        ended = (found.event, 0x10 if found.type == _TERMINATED else found.type - 1)
        if found.type in _OUT:
            if self._is_new(key, at_ms):
                yield self._begin(key, at_ms, found.duration, kind, DateRange(id="", scte35_out=body))
        elif found.type in _STARTS:
            if self._is_new(key, at_ms):
                yield self._begin(key, at_ms, found.duration, kind, DateRange(id="", scte35_cmd=body))
        elif ended in self._open:
            yield self._end(ended, at_ms, body if ended[1] in _OUT else None)
            if ended[1] not in _OUT:
                yield from self._command(key, body, at_ms, kind)
        elif ended[1] not in _STARTS:
            yield from self._command(key, body, at_ms, kind)

    def _command(self, key: Key, body: bytes, at_ms: int, kind: Kind) -> Iterator[Change]:
        """An instant: neither a way out nor one in."""
        if self._is_new(key, at_ms):
            self._remember(key, at_ms)
            mark = Mark(id=_name(key, at_ms), kind=kind, at=date_time.from_ms(at_ms), duration=Fraction(0))
            yield Begun(mark=mark, splice=DateRange(id="", scte35_cmd=body))

    def _begin(
        self, key: Key, at_ms: int, ticks: int | None, kind: Kind, splice: DateRange, *, auto: bool = False
    ) -> Change:
        planned_ms = None if ticks is None else ticks // _TICKS
        self._note(key, at_ms, planned_ms, auto=auto)
        planned = None if planned_ms is None else Fraction(planned_ms, 1000)
        mark = Mark(id=_name(key, at_ms), kind=kind, at=date_time.from_ms(at_ms), planned=planned)
        return Begun(mark=mark, splice=splice)

    def _end(self, key: Key, at_ms: int, body: bytes | None) -> Change:
        found = self._open.pop(key)
        lasted = Fraction(max(0, at_ms - found.at_ms), 1000)
        tag = more_of(duration=lasted)
        return Said(mark=found.mark, more=tag if body is None else _with_in(tag, body))

    def _cancel(self, keys: Iterable[Key]) -> Iterator[Change]:
        """A range that players were told of cannot be taken back: it lasts for no time."""
        for key in keys:
            found = self._open.pop(key, None)
            if found is not None:
                yield Said(mark=found.mark, more=more_of(duration=Fraction(0)))

    def _note(self, key: Key, at_ms: int, planned_ms: int | None, *, auto: bool = False) -> None:
        lasts_ms = _ENDLESS_MS if planned_ms is None else planned_ms
        late_ms = 0 if auto else _OVERDUE_MS
        self._open[key] = _Open(
            mark=_name(key, at_ms), at_ms=at_ms, due_ms=at_ms + lasts_ms + late_ms, planned_ms=lasts_ms
        )  # fmt: skip
        self._remember(key, at_ms)

    def _remember(self, key: Key, at_ms: int) -> None:
        self._begun.pop(key, None)
        self._begun[key] = at_ms
        if len(self._begun) > _REMEMBERED:
            del self._begun[next(iter(self._begun))]

    def _is_new(self, key: Key, at_ms: int) -> bool:
        return abs(at_ms - self._begun.get(key, at_ms + 2 * _SAME_MS)) > _SAME_MS


def _with_in(tag: DateRange, body: bytes) -> DateRange:
    return DateRange(id=tag.id, duration=tag.duration, scte35_in=body)


def _name(key: Key, at_ms: int) -> str:
    return f"scte35-{key[0]}-{key[1]}-{at_ms}"

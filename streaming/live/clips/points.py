"""Where a clip of a running event begins and ends: from moments to pictures of the event's grid. Pure, in integers.

2026-11-22T18:03:07.480Z   the picture that is shown at this moment: PROGRAM-DATE-TIME, as players tell it
now                        behind the last picture that is published
-30s, -1.5s                so long before that; as `in` no longer than the event lasts

Pictures are counted from the epoch, as everything on the grid: picture k of 25 a second is the one of the moment k/25 s
after 1970. Players cut dates to whole milliseconds, so a picture is shown from its date, cut likewise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Final, TypeAlias

from manifests.hls import date_time
from streaming.clips.errors import CutOutOfRange
from streaming.http.body import InvalidField
from streaming.live.clips.errors import NotShown, NotYet
from transcoder.live.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manifests.layout import RenditionId
    from manifests.live.state import LiveRendition
    from transcoder.live.event import LiveEvent

LONGEST: Final = timedelta(hours=1)
"""Of a clip: what is longer is cut from the recording, which is there at once when the event ends."""

_BACK: Final = re.compile(r"-([0-9]{1,6}(?:\.[0-9]{1,3})?)s")
_NOW: Final = "now"
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """So many milliseconds before the end of what is published."""

    ms: int


Moment: TypeAlias = int | Back
"""Milliseconds since the epoch, or counted back from the live edge."""


def moment(text: str, *, pointer: str) -> Moment:
    """What an editor wrote. Raises InvalidField."""
    word = text.strip()
    if word == _NOW:
        return Back(ms=0)
    if (back := _BACK.fullmatch(word)) is not None:
        return Back(ms=int(Fraction(back[1]) * 1000))
    try:
        found = datetime.fromisoformat(word)
        if found.tzinfo is None or not date_time.from_ms(0) <= found < _LATEST:
            raise ValueError(word)
    except (ValueError, OverflowError) as exc:
        raise InvalidField(
            f"{word[:40]!r} is no moment: write one like 2026-11-22T18:03:07.480Z, or -30s, or now.", pointer=pointer
        ) from exc
    return (found - date_time.from_ms(0)) // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What an event has shown so far: pictures [first, stop) of its grid, in all renditions. `is_over`: it ended."""

    grid: Grid
    first: int
    stop: int
    is_over: bool

    def picture_at(self, at: Moment) -> int:
        """The picture that is shown at a moment; of one that is counted back, the one that many pictures before the
        end."""
        if isinstance(at, Back):
            return self.stop - (2 * at.ms * self.grid.rate + 1000) // 2000
        return -(-(at + 1) * self.grid.rate // 1000) - 1

    def date_of(self, picture: int) -> datetime:
        """Cut to the millisecond."""
        return date_time.from_ms(picture * 1000 // self.grid.rate)


def shown(event: LiveEvent, states: Mapping[RenditionId, LiveRendition]) -> Shown:
    """From the states of all renditions. Raises NotShown if one of them has nothing yet."""
    firsts, stops = [], []
    for rendition in event.renditions:
        state, track = states.get(rendition), event.track(rendition)
        latest = None if state is None else (state.growing or (state.segments[-1] if state.segments else None))
        if state is None or latest is None:
            raise NotShown("Nothing has been shown yet.")
        firsts.append(state.first)
        stops.append(
            Fraction(latest.number * track.segment + latest.duration, track.timescale) * event.grid.rate
        )  # fmt: skip
    return Shown(
        grid=event.grid,
        first=max(firsts) * event.grid.part * event.grid.parts,
        stop=int(min(stops)),
        is_over=all(state.ended for state in states.values()),
    )


def cut(there: Shown, begin: Moment, end: Moment) -> range:
    """The pictures [first, stop) between two moments. Raises CutOutOfRange, NotShown, NotYet."""
    first, stop = there.picture_at(begin), there.picture_at(end)
    if isinstance(begin, Back):
        first = max(first, there.first)
    rate = there.grid.rate
    if first >= stop:
        raise CutOutOfRange("The first picture comes before the one that is no more shown.")
    if stop - first > LONGEST.total_seconds() * rate:
        raise CutOutOfRange(f"A clip of a channel lasts {LONGEST} at the most: cut longer ones from the recording.")
    if first < there.first:
        raise NotShown(f"The event began at {date_time.render(there.date_of(there.first))}.")
    if stop > there.stop:
        if there.is_over:
            raise NotShown(f"The event ended at {date_time.render(there.date_of(there.stop))}.")
        # On the grid time runs as on the wall: what is behind the last part comes that much later than that did.
        part = there.grid.part
        left = Fraction(-(-stop // part) * part - there.stop, rate)
        raise NotYet(retry_after=max(1, -(-left.numerator // left.denominator)), available_in_s=float(round(left, 3)))
    return range(first, stop)


def whole(there: Shown, pictures: range) -> range:
    """The same as far as it needs no encoder: from the key picture before on, to the end of the last part."""
    grid = there.grid
    begin = pictures.start - pictures.start % grid.gop
    return range(max(begin, there.first), min(-(-pictures.stop // grid.part) * grid.part, there.stop))


def segments(grid: Grid, pictures: range) -> range:
    """The numbers of the segments that these lie in."""
    length = grid.part * grid.parts
    return range(pictures.start // length, -(-pictures.stop // length))

"""Date ranges of SCTE 35 as events of an MPD's periods."""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from manifests.dash.events import Event
from manifests.hls import date_range

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from manifests.dash.live_mpd import LiveMpd
    from manifests.hls import DateRange


def with_splices(mpd: LiveMpd, tags: Iterable[DateRange]) -> LiveMpd:
    """Each splice in the period in which it is; what lies in front of all of them is left out."""
    starts = [mpd.origin + timedelta(seconds=float(period.start)) for period in mpd.periods]
    found: defaultdict[int, list[Event]] = defaultdict(list)
    for name, at, duration, section in _moments(tags):
        place = bisect_right(starts, at) - 1
        if place >= 0:
            at_ms = round((at - starts[place]) / timedelta(milliseconds=1))
            lasts = None if duration is None else round(duration * 1000)
            found[place].append(Event(id=zlib.crc32(name.encode()), at_ms=at_ms, duration_ms=lasts, section=section))
    if not found:
        return mpd
    periods = (
        replace(period, events=tuple(sorted(found[place], key=lambda event: (event.at_ms, event.id))))
        for place, period in enumerate(mpd.periods)
    )  # fmt: skip
    return replace(mpd, periods=tuple(periods))


def _moments(tags: Iterable[DateRange]) -> Iterator[tuple[str, datetime, Fraction | None, bytes]]:
    """What a player is to act on: name, when, how long (s), and the section that says so."""
    for each in date_range.consolidate(tags):
        begins = each.scte35_out or each.scte35_cmd
        if each.start is not None and begins is not None:
            lasts = each.planned_duration if each.duration is None else each.duration
            yield each.id, each.start, lasts, begins
        end = each.ends()
        if end is not None and each.scte35_in is not None:
            yield f"{each.id} in", end, Fraction(0), each.scte35_in

"""What a feed of MPEG-TS says by SCTE 35, at the moments at which its pictures are shown."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from streaming.live.ingest.publisher import Container, Way
from streaming.live.timeline.metrics import SECTIONS
from streaming.live.timeline.scte35.sections import SectionScanner
from streaming.live.timeline.scte35.splice import WRAP, BrokenSection, Splice, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from streaming.live.ingest.publisher import Publisher
    from transcoder.live.opening import Opening

log: Final = logging.getLogger("channel.live")

_TICKS: Final = 90
_PENDING: Final = 64
_ROOM: Final = 32
"""Sections that are taken at once, and one a second behind them: a feed of nothing else does no harm."""
_JUMP_MS: Final = 10_000
"""What the stream's clock may run ahead or behind: more is a new beginning, which is put where the last one ended."""
_SEGMENT_MS: Final = 30_000
"""The same where whole segments come at once."""
_SOON_MS: Final = 3_600_000
_LATE_MS: Final = 60_000


class SpliceTap:
    """`hear`: takes each splice, and its moment (ms since the epoch). `clock`: ms since the epoch. Raises nothing: a
    feed is not harmed by what it says."""

    def __init__(self, publisher: Publisher, hear: Callable[[Splice, int], None], clock: Callable[[], int]) -> None:
        self._scanner = SectionScanner() if publisher.container is Container.MPEG_TS else None
        self._hear, self._clock = hear, clock
        self._jump_ms = _SEGMENT_MS if publisher.way is Way.HLS else _JUMP_MS
        self._opening: Opening | None = None
        self._pending: list[tuple[Splice, int]] = []
        self._room, self._filled_ms = float(_ROOM), clock()
        self._last = b""
        self._moved = 0

    def take(self, body: bytes, *, moved: int = 0) -> None:
        """What came of the stream, before its time stamps are moved by `moved` µs."""
        if self._scanner is None:
            return
        self._moved = moved
        try:
            now = self._clock()
            for section in self._scanner.feed(body):
                self._section(section, now)
        except Exception:
            log.exception("the splices of a feed are not read any more")
            SECTIONS.labels("fault").inc()
            self._scanner = None

    def settle(self, opening: Opening) -> None:
        """What the stream is, and when: its splices have moments from now on."""
        self._opening = opening
        pending, self._pending = self._pending, []
        for splice, now in pending:
            self._place(splice, now)

    def _section(self, section: bytes, now: int) -> None:
        if section == self._last:
            return  # announcements are repeated
        self._room = min(_ROOM, self._room + (now - self._filled_ms) / 1000)
        self._filled_ms = now
        if self._room < 1:
            SECTIONS.labels("flood").inc()
            return
        self._room -= 1
        try:
            splice = parse(section)
        except BrokenSection as exc:
            SECTIONS.labels(str(exc)).inc()
            return
        SECTIONS.labels("taken").inc()
        self._last = section
        if self._opening is not None:
            self._place(splice, now)
        elif len(self._pending) < _PENDING:
            self._pending.append((splice, now))

    def _place(self, splice: Splice, now: int) -> None:
        at = now
        if splice.pts is not None and self._scanner is not None:
            clock = self._scanner.clock
            jumped = 0 if clock is None else self._ahead(clock, now)
            at = now + self._ahead(splice.pts, now) - (jumped if abs(jumped) > self._jump_ms else 0)
            if not -_LATE_MS <= at - now <= _SOON_MS:
                SECTIONS.labels("moment").inc()
                at = now
        self._hear(splice, at)

    def _ahead(self, ticks: int, now: int) -> int:
        """Ms from now to the moment that the stream's clock calls `ticks`; the nearest, for it goes round."""
        opening = self._opening
        assert opening is not None  # noqa: S101 - it is settled
        here = (opening.start - self._moved) * _TICKS // 1000 + _TICKS * (now - opening.anchor)
        return ((ticks - here + WRAP // 2) % WRAP - WRAP // 2) // _TICKS

"""A publisher's time stamps, kept to our clock: no drift, no jump. Pure, in integers; containers are read elsewhere.

    encoder's clock ──jump?──▶ its own offset a track ──drift──▶ our clock ──pictures──▶ places of the grid

An encoder that is started again while its connection lives, or whose clock is set, goes on with other time stamps. They
go on where the last ones ended: one track notices first, and the others follow it, so that sound and picture stay
together. A hole that time has really gone by for is none of these, and stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from transcoder.live.presence import Presence
from transcoder.live.timing.drift import Drift
from transcoder.live.timing.places import Places

_JUMP_US: Final = 500_000
"""A larger step back, or into what is still to come, is a jump."""

_TRACKS: Final = 32
"""Tracks whose clocks are known, at the most: each is compared with all."""
_PACKET_US: Final = 20_000
"""About what a packet lasts: no stamp comes twice."""


@dataclass(slots=True, kw_only=True)
class _Track:
    """`offset`: µs between its clock and the stream's as it began; `last`, `seen`: its last decode time (µs, with the
    offset), and when that came (ms)."""

    offset: int
    last: int
    seen: int


class Timekeeper:
    """Of one publication; `bursts`: he sends whole segments. Nothing is moved before `settle`."""

    def __init__(self, *, bursts: bool = False) -> None:
        self._bursts = bursts
        self._tracks: dict[int, _Track] = {}
        self._latest_offset = 0
        self._drift = Drift(bursts=bursts)
        self._places: Places | None = None
        self._zero: int | None = None
        self.presence = Presence(bursts=bursts)
        self.in_time = True
        """Whether what comes now was taken in as soon as it was there: what waited at our own door tells no time."""

    def settle(self, *, start: int, anchor: int, phase: int, rate: int) -> None:
        """The stream's clock, as it was moved by then, showed `start` (µs) at `anchor` (ms since the epoch). Its
        pictures are put on a grid of `rate` a second, of which `start` is `phase` ms."""
        self._drift.begin()
        self._zero = anchor * 1000 - start
        self._places = Places(rate=rate, zero=start - phase * 1000)

    @property
    def moved(self) -> int:
        """µs that are added to what comes now."""
        return self._latest_offset + self._drift.shift

    @property
    def ppm(self) -> int | None:
        """How much faster the publisher's clock runs than ours (`Pace`); None while that is not known."""
        return self._drift.pace.ppm

    @property
    def made_up(self) -> int | None:
        """µs that were added for the sake of his clock, jumps left out; None: it is not compared yet."""
        return None if self._zero is None else self._drift.shift

    def sound(self, track: int, at: int, now: int) -> int:
        """µs to be added to the stamps of a packet of `track`, decoded at `at` (µs), that came at `now` (ms)."""
        self.presence.sound(now)
        return self._kept(track, at, now)

    def _kept(self, track: int, at: int, now: int) -> int:
        if track not in self._tracks and len(self._tracks) >= _TRACKS:
            return self.moved
        if self._zero is None:
            self._tracks[track] = _Track(offset=0, last=at, seen=now)
            return 0
        found = self._tracks.get(track)
        if found is None:
            found = self._tracks[track] = _Track(offset=self._latest_offset, last=at + self._latest_offset, seen=now)
        if self._jumps(found, at, now):
            self._latest_offset = found.offset = self._new_offset(found, at, now)
            self._drift.pace.begin()
        found.last, found.seen = at + found.offset, now
        if self.in_time:
            self._drift.note(now * 1000 - self._zero - found.last, now)
        return found.offset + self._drift.shift

    def picture(self, track: int, at: int, now: int, *, shown: int) -> int:
        """The same of a picture that is shown at `shown` (µs)."""
        self.presence.picture(now)
        shift = self._kept(track, at, now)
        return shift if self._places is None else shift + self._places.shift(shown + shift)

    def _jumps(self, track: _Track, at: int, now: int) -> bool:
        step = at + track.offset - track.last
        return step < -_JUMP_US or (step > _JUMP_US and self._is_ahead(at + track.offset, now))

    def _is_ahead(self, at: int, now: int) -> bool:
        assert self._zero is not None  # noqa: S101 - nothing jumps before
        late = now * 1000 - self._zero - at - self._drift.shift
        return late < (self._drift.aim or 0) - _JUMP_US

    def _new_offset(self, track: _Track, at: int, now: int) -> int:
        """That of a track that has jumped before, if this one goes on with it; else so that it goes on at all."""
        passed = (now - track.seen) * 1000
        steps = {each.offset: at + each.offset - track.last for each in self._tracks.values()}
        known = [offset for offset, step in steps.items() if -_JUMP_US <= step <= _JUMP_US + passed]
        if known:
            return min(known, key=lambda offset: abs(steps[offset]))
        # Who sends segments has not stood still between them.
        return track.last + (_PACKET_US if self._bursts else max(_PACKET_US, passed)) - at

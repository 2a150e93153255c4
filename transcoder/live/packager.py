"""Parts into the state of every rendition. It waits for nobody: what is to be told and kept goes to its `Told`.

All renditions have the same numbers: a run begins in a segment in which nothing else is, what lies between two runs are
gaps, and a rendition that lacks what others have has a gap there, too.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from manifests.live import change
from manifests.live.state import Pace
from transcoder.errors import OutputBroken
from transcoder.live.metrics import PARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from manifests.layout import RenditionId
    from manifests.live.state import LiveRendition, Position
    from transcoder.live.argv import Origin
    from transcoder.live.event import LiveEvent
    from transcoder.live.part import Part

_LATE_MS: Final = 1_500
"""A segment that is over for so long, and of which nothing came, is missing."""
_LONGEST: Final = 2_000
"""Segments of a gap at the most. Behind a longer one there is nothing left to go back to."""


class Told(Protocol):
    """Who hears of what happens, in order, and at once."""

    def init(self, rendition: RenditionId, name: str, body: bytes) -> None: ...

    def changed(self, rendition: RenditionId, state: LiveRendition) -> None: ...

    def part(self, rendition: RenditionId, state: LiveRendition, position: Position, body: bytes) -> None:
        """A part is in the state, at this position."""
        ...

    def segment(self, rendition: RenditionId, number: int, body: bytes) -> None:
        """A segment is whole: its parts, one behind the other."""
        ...


def pace_of(event: LiveEvent, rendition: RenditionId) -> Pace:
    track = event.track(rendition)
    return Pace(
        timescale=track.timescale, part=track.part, parts=track.parts,
        target_duration=(2 * event.grid.segment_ms + 1000) // 2000,
    )  # fmt: skip


class Packager:
    """`states`: as they were left by the packager before this one. `clock`: ms since the epoch."""

    def __init__(
        self, event: LiveEvent, *, told: Told, clock: Callable[[], int], window_s: int | None,
        states: Mapping[RenditionId, LiveRendition] | None = None,
    ) -> None:  # fmt: skip
        self.event = event
        self._told, self._clock, self._window_s = told, clock, window_s
        self.states: dict[RenditionId, LiveRendition] = dict(states or {})
        self._bodies: dict[RenditionId, list[bytes]] = {}
        self._first = 0

    def begin(self, origin: Origin) -> int:
        """A run begins: the number of its first segment."""
        self._first = max(origin.segment, self._free())
        self._fill(self._first)
        return self._first

    def end_run(self) -> None:
        """The run is over: its last segment has what came. What comes next does not go on from it."""
        for rendition, state in self.states.items():
            if state.growing is not None:
                # Into the bucket before the playlist that names it.
                self._whole(rendition, state.growing.number)
            self._set(rendition, change.discontinue(state, now_ms=self._clock()))
        self._fill(self._free())

    def fill(self) -> None:
        """Time passes and nothing comes: the segments that are missing by now become gaps."""
        missing = self.event.grid.segment_at(self._clock() - _LATE_MS)
        if self.states and missing > self._free():
            self._fill(missing)

    def end(self) -> None:
        """Nothing comes any more."""
        self.end_run()
        for rendition, state in self.states.items():
            self._set(rendition, change.end(state, now_ms=self._clock()))

    # --- Packaging: what a run hands over ---

    def init(self, rendition: RenditionId, body: bytes) -> None:
        name = f"init-{hashlib.sha256(body).hexdigest()[:16]}.mp4"
        self._told.init(rendition, name, body)
        state = self.states.get(rendition)
        if state is None:
            self.states[rendition] = change.begin(
                pace=pace_of(self.event, rendition), number=self._first, init=name, window_s=self._window_s
            )
        else:
            self._set(rendition, change.discontinue(state, now_ms=self._clock(), init=name))

    def part(self, part: Part) -> None:
        """Raises OutputBroken for one that lies before what is there."""
        state, now = self.states[part.rendition], self._clock()
        if part.msn < state.number:
            raise OutputBroken(f"{part.rendition}: a part of segment {part.msn} behind {state.number}")
        track = self.event.track(part.rendition)
        state = change.add_part(
            state, duration=part.duration, size=len(part.body), now_ms=now, independent=part.independent,
            pdt_ms=track.ms(part.start),
        )  # fmt: skip
        position = state.last_part
        assert position is not None  # noqa: S101 - one was added
        self._bodies.setdefault(part.rendition, []).append(part.body)
        if part.last:
            state = change.end_segment(state, now_ms=now)
        self.states[part.rendition] = state = replace(state, departed=())
        self._told.part(part.rendition, state, position, part.body)
        PARTS.inc()
        if part.last:
            self._whole(part.rendition, part.msn)

    # --- numbers ---

    def _free(self) -> int:
        """The first number of which no rendition has anything."""
        return max((state.number + (state.growing is not None) for state in self.states.values()), default=0)

    def _fill(self, number: int) -> None:
        """Gaps up to segment `number`, in every rendition that there is."""
        for rendition, state in self.states.items():
            filled = state if state.growing is None else change.discontinue(state, now_ms=self._clock())
            if number > filled.number and (not filled.segments or number - filled.number > _LONGEST):
                filled = change.leap(filled, number=number, now_ms=self._clock())
            while filled.number < number:
                filled = change.add_gap(filled, now_ms=self._clock())
            if filled is not state:
                # Players are told of the gap's end by what comes behind it.
                self._set(rendition, change.discontinue(filled, now_ms=self._clock()))

    def _set(self, rendition: RenditionId, state: LiveRendition) -> None:
        self.states[rendition] = state = replace(state, departed=())
        self._told.changed(rendition, state)

    def _whole(self, rendition: RenditionId, number: int) -> None:
        self._told.segment(rendition, number, b"".join(self._bodies.pop(rendition, [])))

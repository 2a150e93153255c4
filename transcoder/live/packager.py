"""Parts into the state of every rendition. It waits for nobody: what is to be told and kept goes to its `Told`.

All renditions have the same numbers, and the same parts: who is on air gives all of them (on_air.py). Only what nobody
can give any more is missing: segments that nothing was told of, marked as gaps.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, Protocol

from manifests.live import change
from manifests.live.state import Pace
from transcoder.errors import OutputBroken
from transcoder.live.metrics import PARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from manifests.layout import RenditionId
    from manifests.live.state import LiveRendition, Position
    from transcoder.live.event import LiveEvent
    from transcoder.live.part import Part

_LONGEST: Final = 2_000
"""Segments of a gap at the most. Behind a longer one there is nothing left to go back to."""


class Told(Protocol):
    """Who hears of what happens, in order, and at once."""

    def init(self, rendition: RenditionId, name: str, body: bytes) -> None: ...

    def changed(self, rendition: RenditionId, state: LiveRendition) -> None: ...

    def part(self, rendition: RenditionId, state: LiveRendition, position: Position, body: bytes) -> None:
        """A part is in the state, at this position."""
        ...

    def segment(self, rendition: RenditionId, number: int, body: bytes, *, is_past: bool = False) -> None:
        """A segment is whole: its parts, one behind the other. `is_past`: those were not told one by one."""
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
        self._told_inits: set[tuple[RenditionId, str]] = set()

    @property
    def told(self) -> dict[RenditionId, int]:
        """The next position of every rendition, counted in parts from the epoch; empty before the first."""
        parts = self.event.grid.parts
        found = {
            rendition: state.number * parts + (0 if state.growing is None else state.growing.count)
            for rendition, state in self.states.items()
        }
        # One that has nothing yet has to have what the others have.
        first = min((state.first for state in self.states.values()), default=0) * parts
        return {rendition: found.get(rendition, first) for rendition in self.event.renditions} if found else {}

    def go_on(self, rendition: RenditionId, bodies: list[bytes]) -> None:
        """The parts of the segment that was growing when the packager before this one was killed."""
        self._bodies[rendition] = bodies

    def init(self, rendition: RenditionId, body: bytes) -> str:
        """An init section that parts may have: what it is called."""
        name = f"init-{hashlib.sha256(body).hexdigest()[:16]}.mp4"
        if (rendition, name) not in self._told_inits:
            self._told_inits.add((rendition, name))
            self._told.init(rendition, name, body)
        return name

    def part(self, part: Part, *, init: str, returns: bool = False, is_past: bool = False) -> None:
        """`returns`: it does not go on from what is there. `is_past`: nobody waits for it, its segment is enough.

        Raises OutputBroken for one that lies before what is there.
        """
        track, now = self.event.track(part.rendition), self._clock()
        is_sound = part.rendition == self.event.sound.id
        state = self._ready(part, init, returns=returns)
        if state is None:
            return
        state = change.add_part(
            state, duration=part.duration, size=len(part.body), now_ms=now, independent=part.independent,
            pdt_ms=track.ms(part.start), picture=part.first if part.independent and not is_sound else 0,
        )  # fmt: skip
        position = state.last_part
        assert position is not None  # noqa: S101 - one was added
        self._bodies.setdefault(part.rendition, []).append(part.body)
        if part.last:
            state = change.end_segment(state, now_ms=now)
        self.states[part.rendition] = state
        if not is_past:
            self._told.part(part.rendition, state, position, part.body)
        PARTS.inc()
        if part.last:
            self._whole(part.rendition, part.msn, is_past=is_past)

    def end(self) -> None:
        """Nothing comes any more."""
        for rendition, state in self.states.items():
            self._cut(rendition, state)
            self._set(rendition, change.end(state, now_ms=self._clock()))

    def _ready(self, part: Part, init: str, *, returns: bool) -> LiveRendition | None:
        """The state that a part can be added to; None: it stands in a segment that had to end before it."""
        rendition, now = part.rendition, self._clock()
        state = self.states.get(rendition)
        if state is None:
            return change.begin(
                pace=pace_of(self.event, rendition), number=part.msn, init=init, window_s=self._window_s
            )  # fmt: skip
        track = self.event.track(rendition)
        index = part.start % track.segment // track.part
        goes_on = state.growing is None or (part.msn, index) == (state.number, state.growing.count)
        if returns or not goes_on or state.init != init:
            # What has another init section begins with a segment; the one that grows stays short.
            self._cut(rendition, state)
            state = self.states[rendition] = change.discontinue(state, now_ms=now, init=init)
        if state.growing is None and index:
            return None
        if part.msn < state.number:
            raise OutputBroken(f"{rendition}: a part of segment {part.msn} behind {state.number}")
        return self._filled(state, part.msn)

    def _filled(self, state: LiveRendition, number: int) -> LiveRendition:
        """With gaps up to segment `number`."""
        missing, now = number - state.number, self._clock()
        if missing <= 0:
            return state
        if not state.segments or missing > _LONGEST:
            state = change.leap(state, number=number, now_ms=now)
        while state.number < number:
            state = change.add_gap(state, now_ms=now)
        # Players are told of the gap's end by what comes behind it.
        return change.discontinue(state, now_ms=now)

    def _cut(self, rendition: RenditionId, state: LiveRendition) -> None:
        """The segment that grows has what came: into the bucket with it, before the playlist that names it."""
        if state.growing is not None:
            self._whole(rendition, state.growing.number)

    def _set(self, rendition: RenditionId, state: LiveRendition) -> None:
        self.states[rendition] = state
        self._told.changed(rendition, state)

    def _whole(self, rendition: RenditionId, number: int, *, is_past: bool = False) -> None:
        self._told.segment(rendition, number, b"".join(self._bodies.pop(rendition, [])), is_past=is_past)

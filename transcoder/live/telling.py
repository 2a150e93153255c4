"""What viewers are told of a broadcast through Redis: what it is made of, its parts, and the state of each rendition.

Redis may lose all of it. What is kept here is enough to tell it again: nobody who watches meets a state older than the
one that he knows.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from transcoder.live import board
from transcoder.live.journal import Record
from transcoder.live.outbox import Letter, Outbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.ports import Cache
    from manifests.layout import RenditionId
    from manifests.live.state import LiveRendition, LiveSegment, Position
    from transcoder.live.event import LiveEvent
    from transcoder.live.fence import Fence
    from transcoder.live.journal import Journal

_KEPT_S: Final = 86_400
"""How long the state stays in Redis without a change, behind the length of the window."""
_SEGMENTS: Final = 3
"""Whose parts are told again: older ones are in the bucket."""


class Telling:
    """`states`: as the process before this one has left them. `journal`: has all of it before anybody hears of it."""

    def __init__(
        self, event: LiveEvent, *, cache: Cache, window_s: int, fence: Fence | None = None,
        states: Mapping[RenditionId, LiveRendition] | None = None, journal: Journal | None = None,
    ) -> None:  # fmt: skip
        self._event, self._states, self._journal = event, dict(states or {}), journal
        self._kept = window_s * 1000 // event.grid.segment_ms + 1
        self._facts: dict[str, Letter] = {}
        self._bodies: dict[RenditionId, deque[Letter]] = {
            rendition: deque(maxlen=_SEGMENTS * event.grid.parts) for rendition in event.renditions
        }
        self._pushed = {rendition: _past_end(state) for rendition, state in self._states.items()}
        self._outbox = Outbox(
            cache, state_ms=1000 * (window_s + _KEPT_S), body_ms=1000 * board.BODY_S, fence=fence, again=self._again,
            begun={board.turn_key(event.channel, rendition) for rendition in self._states},
        )  # fmt: skip
        if journal is not None:
            journal.writer(self._outbox.token)

    def fact(self, key: str, value: bytes, *, wakes: bool = False, known: bool = False) -> None:
        """What does not change while the event runs. `known`: it was told before, and counts if all is told again."""
        written = None if self._journal is None else self._journal.fact(key, value)
        wake_up = board.wake_up(self._event.channel) if wakes else ""
        letter = Letter(key=key, value=value, wake_up=wake_up, written=written)
        self._facts[key] = letter
        if not known:
            self._outbox.post(letter)

    def state(
        self, rendition: RenditionId, state: LiveRendition, *, position: Position | None = None, body: bytes = b""
    ) -> None:  # fmt: skip
        """A rendition has changed, by the part at `position` if that is said."""
        self._states[rendition] = state
        key = "" if position is None else board.part_key(self._event.channel, rendition, *position)
        if position is not None:
            self.keep(rendition, position, body)
        past, written = self._past(rendition, state), None
        letter = self._letter(rendition, state, past, body_key=key, body=body)
        if self._journal is not None:
            number = (position or state.last_part or state.edge)[0]
            written = self._journal.add(rendition, number, Record(tail=letter.value, body=body))
        self._outbox.post(replace(letter, written=written))

    def keep(self, rendition: RenditionId, position: Position, body: bytes) -> None:
        """A part that is told of again if all is; the one of later position comes later."""
        key = board.part_key(self._event.channel, rendition, *position)
        self._bodies[rendition].append(Letter(body_key=key, body=body))

    def tell_again(self) -> None:
        """Say all from the beginning."""
        for letter in self._again():
            self._outbox.post(letter)

    async def drained(self) -> None:
        """Wait until Redis knows all of it."""
        await self._outbox.drained()

    async def aclose(self) -> None:
        await self._outbox.aclose()

    def _letter(
        self, rendition: RenditionId, state: LiveRendition, past: list[LiveSegment], *, whole: bool = False,
        body_key: str = "", body: bytes = b"",
    ) -> Letter:  # fmt: skip
        channel, tail = self._event.channel, board.dump_tail(state)
        return Letter(
            key=board.tail_key(channel, rendition), value=tail, body_key=body_key, body=body,
            past_key=board.past_key(channel, rendition),
            past=tuple(board.dump_segment(segment) for segment in past), kept=self._kept,
            wake_up=board.wake_up(channel), message=rendition.encode() + b"\n" + tail,
            turn_key=board.turn_key(channel, rendition), whole=whole,
        )  # fmt: skip

    def _again(self) -> Iterator[Letter]:
        """All from the beginning. What a state speaks of comes before it, and what the event is made of behind all: who
        knows nothing yet finds everything then."""
        yield from (letter for letter in self._facts.values() if not letter.wake_up)
        for bodies in self._bodies.values():
            yield from bodies
        for rendition, state in self._states.items():
            self._pushed[rendition] = _past_end(state)
            yield self._letter(rendition, state, list(state.segments[: -board.RECENT]), whole=True)
        yield from (letter for letter in self._facts.values() if letter.wake_up)

    def _past(self, rendition: RenditionId, state: LiveRendition) -> list[LiveSegment]:
        """Segments that were in the last tail, and are in the next one no more."""
        pushed = self._pushed.get(rendition, -1)
        found = []
        for place in range(len(state.segments) - board.RECENT - 1, -1, -1):
            if state.segments[place].number <= pushed:
                break
            found.append(state.segments[place])
        if found:
            self._pushed[rendition] = found[0].number
        return found[::-1]


def _past_end(state: LiveRendition) -> int:
    """The number of the last segment that is not in the tail."""
    return state.segments[-board.RECENT - 1].number if len(state.segments) > board.RECENT else -1

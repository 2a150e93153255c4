"""The processor of a machine with few cores: while one child makes what a viewer waits for, those that nobody waits for
stand still.

Niceness alone is not enough: with two cores the encoders of a window, stopped by the scheduler only now and then, make
the wait twice as long (they share caches and memory, and each of their threads has its turn). Where cores are many they
are not all needed for one segment, and nobody is stopped.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from transcoder.ffmpeg import Child

_FEW: Final = 4
"""Cores that one rung's encoder fills."""
_STILL_S: Final = 5.0
"""Seconds that the others stand still at a time: a wait may be long, and viewers many, and they must get on too."""
_RESTED_S: Final = 1.0
"""Seconds that they then have before they are stopped again."""


class Processor:
    """The children of one worker process: `urgent` ones, and others that yield to them."""

    def __init__(self, *, cores: int, still_s: float = _STILL_S, rested_s: float = _RESTED_S) -> None:
        self._stops = cores <= _FEW
        self._still_s, self._rested_s = still_s, rested_s
        self._urgent: set[Child] = set()
        self._yielding: set[Child] = set()
        # The end of the time in which the others stand still; or, if it rests, of the time that they then have.
        self._turn: asyncio.TimerHandle | None = None
        self._rests = False

    def urgent(self, child: Child) -> None:
        """Somebody waits for this child; tell `done` when he has what he waits for."""
        if not self._stops:
            return
        if child in self._yielding:
            self._yielding.discard(child)
            child.resume()
        self._urgent.add(child)
        if self._turn is None:
            self._stop()

    def done(self, child: Child) -> None:
        """Nobody waits for it any more."""
        self._urgent = {other for other in self._urgent - {child} if other.is_running}
        if not self._urgent and self._turn is not None and not self._rests:
            self._go_on()

    def yielding(self, child: Child) -> None:
        """This child stands still while another is urgent."""
        if not self._stops:
            return
        self._urgent.discard(child)
        self._yielding = {other for other in self._yielding if other.is_running} | {child}
        if self._turn is not None and not self._rests:
            child.stop()

    def _stop(self) -> None:
        self._rests = False
        for other in self._yielding:
            other.stop()
        self._turn = asyncio.get_running_loop().call_later(self._still_s, self._rest)

    def _rest(self) -> None:
        self._go_on()
        self._rests = True
        self._turn = asyncio.get_running_loop().call_later(self._rested_s, self._rested)

    def _rested(self) -> None:
        self._turn, self._rests = None, False
        self._urgent = {child for child in self._urgent if child.is_running}
        if self._urgent:
            self._stop()

    def _go_on(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        for other in self._yielding:
            other.resume()

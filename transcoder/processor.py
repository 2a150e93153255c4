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
_LONGEST_S: Final = 5.0
"""Seconds that others stand still for one child: it may fail, or have much to do, and they must get on too."""


class Processor:
    """The children of one worker process: `urgent` ones, and others that yield to them."""

    def __init__(self, *, cores: int) -> None:
        self._stops = cores <= _FEW
        self._urgent: dict[Child, asyncio.TimerHandle] = {}
        self._yielding: set[Child] = set()

    def urgent(self, child: Child) -> None:
        """Somebody waits for this child; tell `done` when he has what he waits for."""
        if not self._stops:
            return
        self._urgent[child] = asyncio.get_running_loop().call_later(_LONGEST_S, self.done, child)
        self._yielding = {other for other in self._yielding if other.is_running}
        for other in self._yielding:
            other.stop()

    def done(self, child: Child) -> None:
        """Nobody waits for it any more."""
        timer = self._urgent.pop(child, None)
        if timer is None:
            return
        timer.cancel()
        if not self._urgent:
            for other in self._yielding:
                other.resume()

    def yielding(self, child: Child) -> None:
        """This child stands still while another is urgent."""
        if not self._stops:
            return
        self._yielding.add(child)
        if self._urgent:
            child.stop()

"""How urgent the processes of a task are, while they run: a niceness that may only rise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from infra.ports import Level

if TYPE_CHECKING:
    from transcoder.ffmpeg import Child
    from transcoder.processor import Processor

_LARGEST: Final = 19


class Priority:
    """What a viewer waits for is made at niceness 0; as soon as it is there, at what leaves the processor to others."""

    def __init__(self, nice: int, *, processor: Processor, then: int | None = None, yields: bool = False) -> None:
        """`then`: the niceness once the first segment is made. `yields`: it stands still while others are urgent."""
        self.nice = nice
        self._processor = processor
        self._yields = yields
        self._then = nice if then is None else then
        self._child: Child | None = None

    def started(self, child: Child) -> None:
        self._child = child
        if self.nice == 0:
            self._processor.urgent(child)
        elif self._yields:
            self._processor.yielding(child)

    def made(self) -> None:
        """A segment is made."""
        if self._child is not None:
            self._child.prolong()
            self._processor.done(self._child)
        if self._then > self.nice and self._child is not None:
            self.nice, self._yields = self._then, True
            self._child.renice(self.nice)
            self._processor.yielding(self._child)


def niceness(level: Level, bulk: int) -> int:
    """Of windows and runs of a level, where `bulk` is that of work that nobody waits for."""
    if level <= Level.JUST_IN_TIME:
        return 0
    return min(bulk, _LARGEST) if level is Level.BULK else bulk // 4


def ahead(bulk: int) -> int:
    """Of what a viewer will want soon."""
    return bulk // 2

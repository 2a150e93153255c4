"""How urgent the processes of a task are, while they run: a niceness that may only rise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from infra.ports import Level

if TYPE_CHECKING:
    from transcoder.ffmpeg import Child
    from transcoder.processor import Processor

_LARGEST: Final = 19


class Priority:
    """What a viewer waits for is made while others stand still; as soon as it is there, at what leaves the processor
    to others."""

    def __init__(
        self, nice: int, *, processor: Processor, urgent: bool = False, then: int | None = None, yields: bool = False
    ) -> None:
        """`urgent`: somebody waits. `then`: the niceness once he has what he waits for; from then on it yields.
        `yields`: it stands still while others are urgent."""
        self.nice = nice
        self._processor = processor
        self._yields = yields
        self._then = then
        self._urgent = urgent
        self._child: Child | None = None

    def started(self, child: Child) -> None:
        self._child = child
        if self._urgent:
            self._processor.urgent(child)
        elif self._yields:
            self._processor.yielding(child)

    def hurry(self) -> None:
        """Somebody waits for what it makes."""
        self._urgent = True
        if self._child is not None:
            self._processor.urgent(self._child)

    def made(self, *, waited_for: bool = False) -> None:
        """A segment is made. `waited_for`: so is another one that is still to come."""
        if self._child is not None:
            self._child.prolong()
            if not waited_for:
                self.relax()

    def relax(self) -> None:
        """Nobody waits for what is left."""
        child, before = self._child, self.nice
        self._urgent = False
        if self._then is not None:
            self._yields, self.nice = True, max(self.nice, self._then)
        if child is None:
            return
        self._processor.done(child)
        if self.nice > before:
            child.renice(self.nice)
        if self._yields:
            self._processor.yielding(child)

    def end(self) -> None:
        """Kill what is running."""
        if self._child is not None:
            self._child.kill()


def niceness(level: Level, bulk: int) -> int:
    """Of windows and runs of a level, where `bulk` is that of work that nobody waits for."""
    if level <= Level.INDEX:
        return 0
    return min(bulk, _LARGEST) if level is Level.BULK else bulk // 4


def ahead(bulk: int) -> int:
    """Of what a viewer will want soon."""
    return bulk // 2

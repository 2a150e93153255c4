"""How urgent the processes of a task are, while they run: a niceness that may only rise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from infra.ports import Level

if TYPE_CHECKING:
    from transcoder.ffmpeg import Child

_LARGEST: Final = 19


class Priority:
    """What a viewer waits for is made at niceness 0; as soon as it is there, at what leaves the processor to others."""

    def __init__(self, nice: int, *, then: int | None = None) -> None:
        """`then`: the niceness once the first segment is made."""
        self.nice = nice
        self._then = nice if then is None else then
        self._child: Child | None = None

    def started(self, child: Child) -> None:
        self._child = child

    def made(self) -> None:
        """A segment is made."""
        if self._child is not None:
            self._child.prolong()
        if self._then > self.nice and self._child is not None:
            self.nice = self._then
            self._child.renice(self.nice)


def niceness(level: Level, bulk: int) -> int:
    """Of windows and runs of a level, where `bulk` is that of work that nobody waits for."""
    if level <= Level.JUST_IN_TIME:
        return 0
    return min(bulk, _LARGEST) if level is Level.BULK else bulk // 4


def ahead(bulk: int) -> int:
    """Of what a viewer will want soon."""
    return bulk // 2

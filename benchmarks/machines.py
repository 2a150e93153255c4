"""Simulated workers of one core each: what runs on one shares its core by the weights of its niceness. Pure."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from math import inf
from typing import Final, Generic, TypeVar

T = TypeVar("T")


class Lane(Enum):
    """Slots of a worker that no other work may take, and the scheduler's weight of their niceness (sched(7)): 0 for the
    very first segment, 2 for those that follow, 10 for bulk."""

    INDEX = (2, 1024)
    FIRST = (1, 655)
    BULK = (1, 110)

    @property
    def slots(self) -> int:
        return self.value[0]

    @property
    def weight(self) -> int:
        return self.value[1]


@dataclass(slots=True, kw_only=True, eq=False)
class _Running(Generic[T]):
    lane: Lane
    item: T
    left: float


@dataclass(slots=True, kw_only=True)
class _Worker(Generic[T]):
    """`changed` counts what began and ended: an end foretold before the last change is none."""

    running: list[_Running[T]] = field(default_factory=list)
    at: float = 0.0
    changed: int = 0

    def advance(self, now: float) -> None:
        weights = sum(each.lane.weight for each in self.running)
        for each in self.running:
            each.left -= (now - self.at) * each.lane.weight / weights
        self.at = now

    def next(self) -> tuple[float, _Running[T]]:
        weights = sum(each.lane.weight for each in self.running)
        times = [self.at + max(0.0, each.left) * weights / each.lane.weight for each in self.running]
        end = min(times, default=inf)
        return end, self.running[times.index(end)]


class Machines(Generic[T]):
    """So many workers. Work begins and ends in order of time; seconds are those of a core that does nothing else."""

    def __init__(self, workers: int) -> None:
        self._workers: Final = [_Worker[T]() for _ in range(workers)]
        self._free = Counter({lane: lane.slots * workers for lane in Lane})
        self._ends: list[tuple[float, int, int]] = []

    def free(self, lane: Lane) -> bool:
        return self._free[lane] > 0

    def start(self, lane: Lane, item: T, *, seconds: float, now: float) -> None:
        """On the worker with a free slot that has the least to do."""
        counts = [Counter(each.lane for each in worker.running) for worker in self._workers]
        able = [place for place, count in enumerate(counts) if count[lane] < lane.slots]
        place = min(able, key=lambda place: len(self._workers[place].running))
        worker = self._workers[place]
        worker.advance(now)
        worker.running.append(_Running(lane=lane, item=item, left=seconds))
        self._free[lane] -= 1
        self._foretell(place)

    def next_end(self) -> float:
        """When something ends if nothing else begins; infinity if nothing runs."""
        while self._ends:
            end, place, changed = self._ends[0]
            if self._workers[place].changed == changed:
                return end
            heapq.heappop(self._ends)
        return inf

    def finish(self) -> tuple[float, T]:
        """What ends next, and when. Raises IndexError if nothing runs."""
        self.next_end()
        _, place, _ = heapq.heappop(self._ends)
        worker = self._workers[place]
        end, ended = worker.next()
        worker.advance(end)
        worker.running.remove(ended)
        self._free[ended.lane] += 1
        self._foretell(place)
        return end, ended.item

    def _foretell(self, place: int) -> None:
        worker = self._workers[place]
        worker.changed += 1
        if worker.running:
            heapq.heappush(self._ends, (worker.next()[0], place, worker.changed))

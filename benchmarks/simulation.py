"""A discrete-event simulation of the workers, with the very functions that share and divide the work.

Workers, their queues and the costs of a window are simulated; whose turn it is (`fairness.Turns`) and how long a window
is (`division.divide`) are asked of the product's own code. Each worker has one slot for first segments, which run
beside its bulk at a higher priority, and one for bulk.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from manifests.layout import AssetId, RenditionId
from transcoder.schedule.division import Room, divide, rung_groups
from transcoder.schedule.fairness import Turns, Waiting, joining, slots_each
from transcoder.windows import VIDEO, Window

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPENING: Final = (1, 1, 2, 4)
_BESIDE: Final = 1 + 110 / 655
"""How much longer first segments take beside bulk: the scheduler's weights of niceness 10 and 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Seconds: of a process start with its seek, of a window's bytes on their way, of a task from the queue to a
    worker; and of one segment in each rung, with its share of the decoder in `decode`."""

    start: float
    fetch: float
    dispatch: float
    decode: float
    encode: Mapping[RenditionId, float]

    def window(self, window: Window) -> float:
        rungs = window.rungs or tuple(self.encode)
        segment = self.decode + sum(self.encode[rung] for rung in rungs)
        return self.dispatch + self.fetch + self.start + window.count * segment

    @property
    def segment(self) -> float:
        return self.decode + sum(self.encode.values())


@dataclass(slots=True, kw_only=True)
class Upload:
    """An asset that comes at `at` (seconds). `done`: when its last window was."""

    name: str
    tenant: str
    segments: int
    at: float = 0.0
    left: list[int] = field(default_factory=list)
    open: int = 0
    served: float = 0.0
    first: float = 0.0
    done: float = 0.0


def simulate(uploads: Sequence[Upload], costs: Costs, *, workers: int) -> None:
    """Run until all is made; every upload then knows when its first segment was there, and its last."""
    _Simulation(uploads, costs, workers=workers).run()


class _Simulation:
    def __init__(self, uploads: Sequence[Upload], costs: Costs, *, workers: int) -> None:
        self._costs, self._workers = costs, workers
        self._groups = rung_groups({rung: round(cost * 1e6) for rung, cost in costs.encode.items()})
        self._coming = deque(sorted(uploads, key=lambda upload: upload.at))
        self._here: dict[str, Upload] = {}
        self._first: deque[tuple[Upload, Window]] = deque()
        self._queue: deque[tuple[Upload, Window]] = deque()
        self._ends: list[tuple[float, int, Upload, Window, bool]] = []
        self._number = 0
        self._served: dict[str, float] = {}

    def run(self) -> None:
        now = 0.0
        free = {True: self._workers, False: self._workers}
        while self._coming or self._ends:
            if self._coming and (not self._ends or self._coming[0].at <= self._ends[0][0]):
                upload = self._coming.popleft()
                now = upload.at
                self._arrive(upload)
            else:
                now, _, upload, window, in_first = heapq.heappop(self._ends)
                free[in_first] += 1
                upload.open -= 1
                upload.done = now
                if window.first == 0:
                    upload.first = now
            self._top_up()
            for in_first, queue in ((True, self._first), (False, self._queue)):
                while free[in_first] and queue:
                    upload, window = queue.popleft()
                    free[in_first] -= 1
                    self._number += 1
                    end = now + self._costs.window(window) * (_BESIDE if in_first else 1)
                    heapq.heappush(self._ends, (end, self._number, upload, window, in_first))
                    self._top_up()

    def _arrive(self, upload: Upload) -> None:
        self._join(upload)
        first = 0
        for count in _OPENING:
            if first < upload.segments:
                window = Window(track=VIDEO, first=first, count=min(count, upload.segments - first))
                # The very first segment goes before what follows of others.
                place = next((i for i, each in enumerate(self._first) if each[1].first > 0), len(self._first))
                self._first.insert(place if first == 0 else len(self._first), (upload, window))
                upload.open += 1
                first += count
        upload.left = list(range(first, upload.segments))

    def _top_up(self) -> None:
        waiting = self._waiting()
        turns = Turns(waiting, self._served)
        each_has = slots_each(waiting, slots=self._workers)
        while len(self._queue) < self._workers and (each := turns.next()) is not None:
            upload = self._here[each.asset]
            room = Room(slots=each_has[each.tenant], seconds=self._costs.segment)
            cut = list(islice(divide(VIDEO, upload.left, room, groups=self._groups), len(self._groups)))
            windows = [window for window in cut if window.numbers == cut[0].numbers]
            if windows:
                self._enqueue(upload, windows)
                upload.served = turns.served(each, sum(self._costs.window(window) for window in windows)).served
                self._served[upload.tenant] = upload.served

    def _waiting(self) -> list[Waiting]:
        return [
            Waiting(served=upload.served, asset=AssetId(upload.name), version=1, tenant=upload.tenant)
            for upload in self._here.values() if upload.left
        ]  # fmt: skip

    def _join(self, upload: Upload) -> None:
        queued: dict[str, float] = {}
        for each, window in self._queue:
            queued[each.tenant] = queued.get(each.tenant, 0.0) + self._costs.window(window)
        self._served[upload.tenant] = joining(upload.tenant, self._waiting(), served=self._served, queued=queued)
        self._here[upload.name] = upload

    def _enqueue(self, upload: Upload, windows: list[Window]) -> None:
        """One window, or one a group of rungs."""
        upload.left = upload.left[windows[0].count :]
        upload.open += len(windows)
        self._queue.extend((upload, window) for window in windows)

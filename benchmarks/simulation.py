"""A discrete-event simulation of the workers, with the very functions that share and divide the work.

Workers, their queues and the costs of a window are simulated; whose turn it is (`fairness.Turns`) and how long a window
is (`division.divide`) are asked of the product's own code. Each worker has one core, and the product's slots
(`machines.Lane`): what runs beside other work takes the core from it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Final

from benchmarks.machines import Lane, Machines
from manifests.layout import AssetId, RenditionId
from transcoder.schedule.division import Room, divide, rung_groups
from transcoder.schedule.fairness import Turns, Waiting, joining, slots_each
from transcoder.windows import VIDEO, Window

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPENING: Final = (1, 1, 2, 4)


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
        self._queues: dict[Lane, deque[tuple[Upload, Window]]] = {lane: deque() for lane in Lane}
        self._machines = Machines[tuple[Upload, Window]](workers)
        self._served: dict[str, float] = {}

    def run(self) -> None:
        now = 0.0
        while self._coming or self._machines.next_end() < inf:
            if self._coming and self._coming[0].at <= self._machines.next_end():
                upload = self._coming.popleft()
                now = upload.at
                self._arrive(upload)
            else:
                now, (upload, window) = self._machines.finish()
                upload.open -= 1
                upload.done = now
                if window.first == 0:
                    upload.first = now
            self._top_up()
            for lane, queue in self._queues.items():
                while queue and self._machines.free(lane):
                    upload, window = queue.popleft()
                    self._machines.start(lane, (upload, window), seconds=self._costs.window(window), now=now)
                    self._top_up()

    def _arrive(self, upload: Upload) -> None:
        self._join(upload)
        first = 0
        for count in _OPENING:
            if first < upload.segments:
                window = Window(track=VIDEO, first=first, count=min(count, upload.segments - first))
                self._queues[Lane.FIRST if first else Lane.INDEX].append((upload, window))
                upload.open += 1
                first += count
        upload.left = list(range(first, upload.segments))

    def _top_up(self) -> None:
        waiting = self._waiting()
        turns = Turns(waiting, self._served)
        each_has = slots_each(waiting, slots=self._workers)
        while len(self._queues[Lane.BULK]) < self._workers and (each := turns.next()) is not None:
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
        for each, window in self._queues[Lane.BULK]:
            queued[each.tenant] = queued.get(each.tenant, 0.0) + self._costs.window(window)
        self._served[upload.tenant] = joining(upload.tenant, self._waiting(), served=self._served, queued=queued)
        self._here[upload.name] = upload

    def _enqueue(self, upload: Upload, windows: list[Window]) -> None:
        """One window, or one a group of rungs."""
        upload.left = upload.left[windows[0].count :]
        upload.open += len(windows)
        self._queues[Lane.BULK].extend((upload, window) for window in windows)

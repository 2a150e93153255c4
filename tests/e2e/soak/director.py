"""Lets the faults of a plan happen, and writes down how often each struck, and whom."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import anyio
import psutil

from tests.e2e.soak.faults import FaultKind, faults
from tests.e2e.soak.ledger import Blow, now
from tests.e2e.soak.stage import is_alive
from transcoder.schedule.claims import BELIEVED

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from tests.e2e.soak.plan import Fault
    from tests.e2e.soak.stage import Stage

_PATIENCE_S: Final = 3.0
_LOOKS_AFTER_S: Final = 0.25
_HEARD_S: Final = 1.0
"""Holders renew their claims as often, and so hear of those of others."""


class Director:
    def __init__(self, stage: Stage, *, seed: int, pause_s: float) -> None:
        self.struck: Counter[FaultKind] = Counter()
        self.blows: list[Blow] = []
        """The faults that meet encoders; not those of the store, which show in what the workers log."""
        self.crashed: list[str] = []
        """Processes that ended although nobody had asked them to."""
        self._stage = stage
        self._plan = faults(seed, pause_s=pause_s)
        self._busy: set[FaultKind] = set()

    async def run(self, count: int) -> None:
        """Until that many faults have struck and all their consequences are undone."""
        async with anyio.create_task_group() as acts:
            acts.start_soon(self._watch, acts)
            async with anyio.create_task_group() as running:
                for fault in self._plan:
                    await anyio.sleep(fault.after_s)
                    if self.struck.total() >= count:
                        break
                    running.start_soon(self._act, fault)
            acts.cancel_scope.cancel()

    async def _watch(self, acts: TaskGroup) -> None:
        """Start again what ended by itself, as an operator's supervisor would, but remember it."""
        while True:
            await anyio.sleep(_LOOKS_AFTER_S)
            for part in self._stage.every_part():
                if part.process is not None and not is_alive(part.process):
                    self.crashed.append(part.name)
                    self._stage.start(part)

    async def _act(self, fault: Fault[FaultKind]) -> None:
        if fault.kind.of_s3:
            struck = await self._stage.proxy.strike(fault, patience_s=_PATIENCE_S)
        elif fault.kind in (FaultKind.REDIS_KILL, FaultKind.STORE_KILL):
            struck = await self._server(fault)
        else:
            struck = await self._part(fault)
        self.struck[fault.kind] += struck

    async def _server(self, fault: Fault[FaultKind]) -> bool:
        if fault.kind in self._busy:
            return False
        self._busy.add(fault.kind)
        stage, began = self._stage, now()
        if fault.kind is FaultKind.REDIS_KILL:
            stage.valkey.kill()
            await anyio.sleep(fault.lasts_s)
            await stage.start_valkey()
            self.blows.append(Blow(kind=fault.kind, began=began, over=now() + _HEARD_S))
        else:
            stage.kill_store()
            await anyio.sleep(fault.lasts_s)
            await stage.start_store()
        self._busy.discard(fault.kind)
        return True

    async def _part(self, fault: Fault[FaultKind]) -> bool:
        parts = self._stage.parts[fault.kind.value.partition("_")[0]]
        part = parts[fault.victim % len(parts)]
        if (process := part.process) is None:  # it is being ended by another fault
            return False
        began, heard_s = now(), 0.0
        if fault.kind is FaultKind.WORKER_STOP:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
                await anyio.sleep(fault.lasts_s)
                process.resume()
            if now() - began < BELIEVED.total_seconds() - _HEARD_S:
                return True
            heard_s = _HEARD_S
        else:
            await self._stage.end(part, kill=fault.kind.is_kill)
            self._stage.start(part)
        mine = frozenset({process.pid})
        self.blows.append(Blow(kind=fault.kind, began=began, over=now() + heard_s, workers=mine))
        return True

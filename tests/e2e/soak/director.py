"""Lets the faults of a plan happen, and keeps the books: how often each struck, and what it may have cost."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import anyio
import psutil

from tests.e2e.soak.faults import FaultKind, faults
from tests.e2e.soak.stage import is_alive

if TYPE_CHECKING:
    from pathlib import Path

    from anyio.abc import TaskGroup

    from tests.e2e.soak.faults import Fault
    from tests.e2e.soak.stage import Part, Stage

_PATIENCE_S: Final = 3.0
_WATCH_S: Final = 0.25
_TRIM: Final = re.compile(r"\btrim=end_pts=(\d+):start_pts=(\d+)")


def work_of(command: str) -> int:
    """Frames that an ffmpeg is going to encode, over all of its rungs; 0 if it encodes no picture."""
    found = _TRIM.search(command)
    return 0 if found is None else (int(found[1]) - int(found[2])) * command.count(" libx264 ")


class Director:
    def __init__(self, stage: Stage, *, seed: int, pause_s: float) -> None:
        self.struck: Counter[FaultKind] = Counter()
        self.lost: list[str] = []
        """Commands of the encoders that a fault took with it."""
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
            await anyio.sleep(_WATCH_S)
            for part in self._stage.every_part():
                if part.process is not None and not is_alive(part.process):
                    self.crashed.append(part.name)
                    self._stage.start(part)

    async def _act(self, fault: Fault) -> None:
        if fault.kind.of_s3:
            struck = await self._stage.proxy.strike(fault, patience_s=_PATIENCE_S)
        elif fault.kind in (FaultKind.REDIS_KILL, FaultKind.STORE_KILL):
            struck = await self._server(fault)
        else:
            struck = await self._part(fault)
        self.struck[fault.kind] += struck

    async def _server(self, fault: Fault) -> bool:
        if fault.kind in self._busy:
            return False
        self._busy.add(fault.kind)
        stage, before = self._stage, len(starts(self._stage.encodes))
        for part in stage.parts["worker"]:
            self._lose(part)
        if fault.kind is FaultKind.REDIS_KILL:
            stage.valkey.kill()
            await anyio.sleep(fault.lasts_s)
            await stage.start_valkey()
        else:
            stage.kill_store()
            await anyio.sleep(fault.lasts_s)
            await stage.start_store()
        self.lost += starts(stage.encodes)[before:]  # what was begun meanwhile may have found nobody to hand it to
        self._busy.discard(fault.kind)
        return True

    async def _part(self, fault: Fault) -> bool:
        parts = self._stage.parts[fault.kind.value.partition("_")[0]]
        part = parts[fault.victim % len(parts)]
        if part.process is None:  # it is being ended by another fault
            return False
        self._lose(part)
        if fault.kind is FaultKind.WORKER_STOP:
            process = part.process
            with suppress(psutil.NoSuchProcess):
                process.suspend()
                await anyio.sleep(fault.lasts_s)
                process.resume()
            return True
        await self._stage.end(part, kill=fault.kind.is_kill)
        self._stage.start(part)
        return True

    def _lose(self, part: Part) -> None:
        for child in self._stage.children(part):
            with suppress(psutil.NoSuchProcess):
                self.lost.append(" ".join(child.cmdline()))


def starts(log: Path) -> list[str]:
    """The command line of every ffmpeg that was started."""
    return [line for line in log.read_text(errors="replace").splitlines() if line.strip()]

"""Lets the faults of a plan happen to a live stack, and writes down when each struck."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import anyio
import psutil

from tests.e2e.soak_live.faults import FaultKind, faults
from tests.e2e.soak_live.stage import APIS

if TYPE_CHECKING:
    from tests.e2e.soak.plan import Fault
    from tests.e2e.soak_live.record import Record
    from tests.e2e.soak_live.stage import LiveStage

_SEEN_S: Final = 1.0
"""What was made before something was lost is seen for the first time within this."""
_PATIENCE_S: Final = 20.0


class Director:
    """`times`: when anything struck, `kills`: when the live process was killed, by the clock of `time.monotonic`."""

    def __init__(self, stage: LiveStage, record: Record, *, seed: int, pause_s: float) -> None:
        self.struck: Counter[FaultKind] = Counter()
        self.times: list[float] = []
        self.kills: list[float] = []
        self._stage, self._record = stage, record
        self._plan = faults(seed, pause_s=pause_s)

    async def run(self, enough: anyio.Event) -> None:
        """One fault after the other, until it is enough; what was killed then is back."""
        for fault in self._plan:
            with anyio.move_on_after(fault.after_s):
                await enough.wait()
            if enough.is_set():
                return
            await self._act(fault)
            self.struck[fault.kind] += 1

    async def _act(self, fault: Fault[FaultKind]) -> None:
        stage = self._stage
        if fault.kind in (FaultKind.LIVE_KILL, FaultKind.LIVE_LOST):
            await self._is_back()
        self.times.append(time.monotonic())
        match fault.kind:
            case FaultKind.LIVE_KILL:
                self.kills.append(self.times[-1])
                await stage.kill("live")
            case FaultKind.LIVE_LOST:
                self.kills.append(self.times[-1])
                await stage.kill("live", dead=stage.valkey.flush)
            case FaultKind.ENCODER_KILL:
                for child in stage.encoders():
                    with suppress(psutil.NoSuchProcess):
                        child.kill()
            case FaultKind.LIVE_STOP:
                await stage.pause("live", fault.lasts_s)
            case FaultKind.API_KILL:
                await stage.apis_answer()  # one of them is always there, as behind a balancer
                await stage.kill(APIS[fault.victim % len(APIS)])
            case FaultKind.REDIS_KILL:
                await stage.restart_redis(fault.lasts_s)
            case FaultKind.REDIS_EMPTIED:
                stage.valkey.flush()
            case FaultKind.STORE_KILL:
                await stage.restart_store(fault.lasts_s)
            case FaultKind.STORE_STOP:
                await stage.pause("store", fault.lasts_s)

    async def _is_back(self) -> None:
        """The live process is killed when the one before it has told something: who kills each as it starts has no
        live channel."""
        killed = self.kills[-1] if self.kills else 0.0
        with anyio.move_on_after(_PATIENCE_S):
            while not any(at > killed + _SEEN_S for at in self._record.part_times[-1:]):  # noqa: ASYNC110 (viewers write it down)
                await anyio.sleep(_SEEN_S / 10)

"""Running a peer's commands: wall clock, CPU time of their whole process trees, and when a condition first held."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.peers.job import Condition

_LOOK_S: Final = 0.01


class Stopwatch:
    """Starts when it is made. `playable` is when `condition` was first true, looked for every 10 ms."""

    def __init__(self, condition: Condition | None = None) -> None:
        self._condition = condition
        self._begun = time.perf_counter()
        self.cpu = 0.0
        self.playable: float | None = None

    @property
    def wall(self) -> float:
        return time.perf_counter() - self._begun

    def run(self, argv: Sequence[str | Path], *, environment: Mapping[str, str] | None = None) -> None:
        """Run one command to its end. Raises CalledProcessError if it fails."""
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env={**os.environ, **(environment or {})}
        )
        # wait4 gives what the child used, and all that it waited for itself.
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            self._look()
            time.sleep(_LOOK_S)
        _, status, usage = ended
        process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu += usage.ru_utime + usage.ru_stime
        self._look()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, list(map(str, argv)))

    def viewer_can_start(self) -> None:
        """Say so, where it is not a condition on files."""
        self.playable = self.playable or self.wall

    def _look(self) -> None:
        if self.playable is None and self._condition is not None and self._condition():
            self.playable = self.wall

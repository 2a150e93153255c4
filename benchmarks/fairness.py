"""A clip of half a minute while ten uploads of two hours are encoded: of the same tenant, and of another."""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from benchmarks.clips import light, looped, repeated
from benchmarks.report import Result
from benchmarks.service import await_workers, delete, editor, playable, until_ready, upload
from infra.local.preflight import free_port
from tests.e2e.stack import Stack, running, until

ROUNDS: Final = 5
UPLOADS: Final = 10
CLIP: Final = "flutter_butterfly_720p30_aac.mp4"
_RATE: Final = 120_000
"""Of a long upload's picture, in b/s: the ladder of 720p is as much work from few bits as from many."""
_SHORT, _LONG = 4, 955
"""Times that the clip of 7.54 s is repeated: 30 s, two hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tries:
    """Seconds from the last byte of each clip to its first segment; and to all of it, in the last try."""

    waits: tuple[float, ...]
    made: float

    @property
    def median(self) -> float:
        return statistics.median(self.waits)

    def row(self, what: str, alone: _Tries) -> tuple[str, ...]:
        return (
            what, f"{self.median:.2f} s", f"× {self.median / alone.median:.2f}", f"{max(self.waits):.2f} s",
            f"{self.made:.1f} s", f"× {self.made / alone.made:.2f}",
        )  # fmt: skip


def _tries(stack: Stack, clip: Path, *, token: str | None = None, rounds: int, quiet: bool) -> _Tries:
    """Upload the clip so often, one after the other; `quiet`: with nothing else to do in between."""
    waits, made = [], 0.0
    for number in range(rounds):
        asset, waited = playable(stack, clip, token=token)
        begun = time.perf_counter() - waited
        waits.append(waited)
        if number == rounds - 1:
            until_ready(stack, asset)
            made = time.perf_counter() - begun
        delete(stack, asset, quiet=quiet)
    return _Tries(waits=tuple(waits), made=made)


def run(*, quick: bool = False) -> Result:
    """`quick`: three uploads of a few minutes, two tries each."""
    rounds, uploads, times = (2, 3, 60) if quick else (ROUNDS, UPLOADS, _LONG)
    with tempfile.TemporaryDirectory(prefix="fairness-") as name:
        folder = Path(name)
        clip = looped(CLIP, folder, times=_SHORT)
        long = repeated(light(CLIP, folder, rate=_RATE), folder / "long.mp4", times, "-movflags", "+faststart")
        with running(Stack(home=folder / "home", port=free_port())) as stack:
            await_workers(stack, 1)
            alone = _tries(stack, clip, rounds=rounds, quiet=True)
            waiting = [upload(stack, long)[0] for _ in range(uploads)]
            until(lambda: all(stack.asset(each)["state"] == "playable" for each in waiting), "all of them wait")
            same = _tries(stack, clip, rounds=rounds, quiet=False)
            other = _tries(stack, clip, token=editor(stack, "another tenant"), rounds=rounds, quiet=False)
            unfinished = sum(stack.asset(each)["state"] == "playable" for each in waiting)
            delete(stack, *waiting)
    found = {"alone": alone, "same tenant": same, "another tenant": other}
    return Result(
        name="Fairness",
        question=f"{CLIP} × {_SHORT} (30 s) is uploaded {rounds} times and watched at once: on the idle stack, and "
        f"while {uploads} uploads of {times * 7.54 / 60:.0f} min are encoded; by the same tenant, and by another. "
        "From its last byte; all of it is waited for once.",
        columns=("beside", "first segment, median", "alone = 1", "slowest", "all of it", "alone = 1"),
        rows=(
            alone.row("nothing", alone),
            same.row(f"{uploads} of the same tenant", alone),
            other.row(f"{uploads} of another tenant", alone),
        ),
        verdict=f"Target: × 2 at most for the first segment. {unfinished} of {uploads} long uploads were still being "
        "encoded when the last clip was there.",
        numbers={**{what: asdict(tries) for what, tries in found.items()}, "unfinished": unfinished},
    )

"""Percent and time left as the studio shows them during real encodes, against what turned out."""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from benchmarks.clips import looped
from benchmarks.foretold import Errors, Said, errors
from benchmarks.report import Result
from benchmarks.service import await_workers, cpu_of, events, upload
from infra.local.preflight import free_port
from tests.e2e.stack import Stack, running

if TYPE_CHECKING:
    from collections.abc import Sequence

CLIP: Final = "flutter_butterfly_720p30_aac.mp4"
CASES: Final = (
    ("alone, the ladder that all get", "false", (24,)),
    ("alone, a ladder of its own", "true", (24,)),
    ("two at once", "false", (16, 8)),
)
"""What is encoded: `per_title`, and of each upload how often the clip of 7.54 s is repeated."""
_QUICK: Final = 4
"""What the lengths are divided by for a quick look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Encode:
    """What was said of one asset until it was ready after `end` seconds, and `cpu` seconds of the worker and all it
    started."""

    said: tuple[Said, ...]
    end: float
    cpu: float

    @property
    def errors(self) -> Errors | None:
        return errors(self.said, end=self.end, cpu=self.cpu)


def _watched(stack: Stack, asset: str, sent: float, before: float) -> _Encode:
    """Every event of an asset whose last byte was sent at `sent`, when the worker had used `before` CPU seconds."""
    worker = psutil.Process(stack.child("worker").pid)
    said = []
    for event in events(stack, asset):
        if event["state"] == "playable":
            at, cpu = time.perf_counter() - sent, cpu_of(worker) - before
            said.append(Said(at=at, percent=event["percent"], eta_s=event["eta_s"], cpu=cpu))
    return _Encode(said=tuple(said), end=time.perf_counter() - sent, cpu=cpu_of(worker) - before)


def _case(folder: Path, per_title: str, lengths: Sequence[int]) -> list[_Encode]:
    """One upload right after the other, all watched until they are ready."""
    sources = [looped(CLIP, folder, times=times) for times in lengths]
    home = folder / f"home-{per_title}-{len(lengths)}"
    with running(Stack(home=home, port=free_port(), profiles={"default": f"per_title = {per_title}\n"})) as stack:
        await_workers(stack, 1)
        before = cpu_of(stack.child("worker"))
        with ThreadPoolExecutor(len(sources)) as watching:
            encodes = [
                watching.submit(_watched, stack, asset, sent, before)
                for asset, sent in [upload(stack, source) for source in sources]
            ]
            found = [encode.result() for encode in encodes]
        return found


def _row(what: str, times: int, encode: _Encode, *, alone: bool) -> tuple[str, ...]:
    found = encode.errors
    told = ("–",) * 7 if found is None else (
        f"{found.looks}", f"{found.known:.0%}", f"{found.eta:.0%}", f"{found.eta_p95:.0%}", f"{found.bias:+.0%}",
        f"{found.by_time:.0%}", f"{found.by_cpu:.0%}" if alone else "–",
    )  # fmt: skip
    return (what, f"{times * 7.54:.0f} s", f"{encode.end:.0f} s", *told)


def run(*, quick: bool = False) -> Result:
    """`quick`: a quarter of each length."""
    rows, numbers = [], {}
    with tempfile.TemporaryDirectory(prefix="progress-") as name:
        for what, per_title, lengths in CASES:
            times = [each // _QUICK if quick else each for each in lengths]
            encodes = _case(Path(name), per_title, times)
            alone = len(encodes) == 1
            rows += [_row(what, count, each, alone=alone) for count, each in zip(times, encodes, strict=True)]
            numbers[what] = [
                {
                    "end": encode.end, "cpu": encode.cpu, "errors": encode.errors and asdict(encode.errors),
                    "said": [asdict(each) for each in encode.said],
                }
                for encode in encodes
            ]  # fmt: skip
    return Result(
        name="Percent and time left",
        question=f"{CLIP}, repeated, is encoded; every event that the studio would get is noted. The error of the time "
        "left is that of the end it foretells, as a share of the whole time, from 25 % on. The error of the percentage "
        "is from the beginning on, beside the share of the time, and of the CPU of the worker and its encoders.",
        columns=(
            "encoded", "length", "ready after", "looks", "with a time", "error of the end, at worst", "p95", "mean",
            "error of percent, by time", "by CPU",
        ),
        rows=tuple(rows),
        verdict="Target: ≤ 15 % once a quarter is done. Of two at once the longer one gets faster when the shorter one "
        "is done.",
        numbers=numbers,
    )  # fmt: skip

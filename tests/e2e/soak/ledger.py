"""Who began to encode what, what befell it, and what was encoded again although nothing had happened.

A fault may cost what the encoders that it meets have in hand, from their start until it is in the bucket; never more:

    worker_kill, worker_term    those of that worker
    worker_stop                 those of that worker, if it stood still until its claims had run out
    redis_kill                  those of all workers that live, or are begun until all have heard of each other again:
                                whoever asks meanwhile is granted everything
    store_kill, s3_*            those whose task is put off, because what they made could not be handed over
    (a viewer)                  a run's segments, once more, where a window makes their neighbours and another start
                                would cost more (`transcoder.passes`)

So whoever begins a segment that another has begun before him needs a reason: a fault that met the other, or himself,
until then; or that one of the two is a run.
"""

from __future__ import annotations

import json
import math
import os
import re
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from manifests import layout
from manifests.layout import AssetId
from transcoder.priority import ahead

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from transcoder.plan import Plan

NICE: Final = 8
"""CHANNEL_WORKER_NICE of the stage: runs differ from windows by their niceness, but from the very first window by where
they begin: nobody begins a run where that is at work."""
_OF_RUNS: Final = frozenset({0, ahead(NICE)})

_STAT: Final = re.compile(r"(?P<pid>\d+) \([^)]*\) (?P<fields>\S+(?: -?\d+)+) (?P<command>.*)")
_SOURCE: Final = re.compile(r"/sources/(\S+)\.\d+\.[0-9a-f]+ ")
_TRIM: Final = re.compile(r"\btrim=end_pts=(\d+):start_pts=(\d+)")
_FRAGMENT: Final = re.compile(r"-fragment_index (\d+)")
_PUT_OFF: Final = "a server does not answer"
_TASK: Final = re.compile(
    r"(?P<asset>[^/]+)/\d+/(?:video/(?P<window>\d+)-(?P<count>\d+)|(?:run|ahead)/[^/]+/(?P<run>\d+))"
)


def now() -> float:
    """Seconds since boot, by the clock of /proc/PID/stat."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """An ffmpeg that was started to encode the pictures of these segments. `worker`: its parent's process id."""

    pid: int
    worker: int
    at: float
    asset: str
    numbers: range
    is_run: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """A fault, and whom it meets: encoders of these workers (None: of any), or these encoders by their process ids."""

    kind: str
    began: float
    over: float
    workers: frozenset[int] | None = None
    pids: frozenset[int] | None = None

    def meets(self, encoder: Encoder, stored: float) -> bool:
        """Whether it may have cost a segment of that encoder, which was in the bucket from `stored` on."""
        return (
            encoder.at <= self.over
            and self.began <= stored
            and (self.workers is None or encoder.worker in self.workers)
            and (self.pids is None or encoder.pid in self.pids)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Of some plans (of one rung): frames that they need, and that were begun again, by what caused it."""

    needed: int
    again: Counter[str]
    """Where several faults would do, all of them."""
    unexplained: tuple[str, ...]
    """Segments that were begun again although no fault had met who had begun them before."""


def encoders(log: Path, plans: Mapping[str, Plan]) -> Iterator[Encoder]:
    """From the lines of the wrapper around ffmpeg: /proc/self/stat (proc(5)), then the command."""
    base = os.nice(0)
    for line in log.read_text(errors="replace").splitlines():
        source, cut, fragment = _SOURCE.search(line), _TRIM.search(line), _FRAGMENT.search(line)
        stat = _STAT.match(line)
        if not (stat and source and cut and fragment) or (plan := plans.get(source[1])) is None:
            continue
        assert plan.video is not None
        fields = stat["fields"].split()  # from the third on
        first = (int(fragment[1]) - 1) // (plan.video.segment // plan.video.gop)
        count = -(-(int(cut[1]) - int(cut[2])) // plan.video.segment)
        yield Encoder(
            pid=int(stat["pid"]), worker=int(fields[1]), at=int(fields[19]) / os.sysconf("SC_CLK_TCK"),
            asset=source[1], numbers=range(first, first + count),
            is_run=first > 0 and int(fields[16]) - base in _OF_RUNS,
        )  # fmt: skip


def put_off(logs: Iterable[Path], begun: Iterable[Encoder]) -> Iterator[Blow]:
    """Encoders whose task could not reach a server any more: of each such task the last one."""
    since_boot = time.time() - now()
    known = list(begun)
    for entry in (entry for log in logs for entry in entries(log)):
        task = _TASK.fullmatch(str(entry.get("task", "")))
        if entry.get("message") != _PUT_OFF or task is None:
            continue
        at = datetime.fromisoformat(str(entry["time"])).timestamp() - since_boot
        first = int(task["window"] or task["run"])
        numbers = range(first, first + int(task["count"] or 1))
        mine = [
            each for each in known
            if each.asset == task["asset"] and each.at <= at and each.is_run == (bool(task["run"]) and first > 0)
            and set(each.numbers) & set(numbers)
        ]  # fmt: skip
        if mine:
            last = max(mine, key=lambda each: each.at)
            yield Blow(kind="put off", began=at, over=at, pids=frozenset({last.pid}))


def entries(log: Path) -> Iterator[dict[str, object]]:
    """The JSON lines of a part's log."""
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def balance(
    plans: Mapping[str, Plan], begun: Iterable[Encoder], blows: Iterable[Blow], stored: Mapping[str, float]
) -> Books:
    """Compare what was begun with what was needed. `stored`: since when each key is in the bucket."""
    makers: dict[tuple[str, int], list[Encoder]] = defaultdict(list)
    for encoder in begun:
        # A run is left as soon as others wait for a slot: only its first segment was certainly begun.
        for number in encoder.numbers[:1] if encoder.is_run else encoder.numbers:
            makers[encoder.asset, number].append(encoder)
    struck = list(blows)
    again: Counter[str] = Counter()
    unexplained = []
    for (asset, number), made in makers.items():
        video = plans[asset].video
        assert video is not None
        (rung,) = video.rungs
        since = stored.get(layout.segment(AssetId(asset), rung.id, number), math.inf)
        for before, after in pairwise(sorted(made, key=lambda each: each.at)):
            met = {blow.kind for blow in struck if blow.began <= after.at and blow.meets(before, since)}
            met |= {blow.kind for blow in struck if blow.began <= after.at and blow.meets(after, since)}
            if not met and before.is_run == after.is_run:
                unexplained.append(f"{asset} {number}: {before}, {after}")
            again[" or ".join(sorted(met)) or "a viewer"] += len(video.frames_of(number))
    needed = sum(plan.video.frames for plan in plans.values() if plan.video is not None)
    return Books(needed=needed, again=again, unexplained=tuple(unexplained))

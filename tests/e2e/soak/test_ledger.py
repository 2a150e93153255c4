"""The books of the soak find what nobody may do: encode a segment again for no reason."""

from __future__ import annotations

import json
import os
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import pytest

from manifests import layout
from manifests.layout import AssetId, RenditionId
from tests.e2e.soak.ledger import NICE, Blow, Encoder, balance, encoders, put_off
from transcoder.plan import Plan, SourceRef, VideoPlan, VideoRung
from transcoder.priority import ahead

if TYPE_CHECKING:
    from pathlib import Path

ASSET: Final = AssetId("2EajuELxLLA8aROFhr77WQ")
RUNG: Final = RenditionId("v90-1")
_RUNG: Final = VideoRung(
    id=RUNG, width=160, height=90, divisor=1, crf=23, average=333_000, maxrate=500_000, bufsize=1_000_000,
    profile="high", level="3.0", codecs="avc1.64001e", bandwidth=550_000,
)  # fmt: skip
_VIDEO: Final = VideoPlan(
    stream=0, rate=Fraction(25), frames=500, gop=50, segment=100, time_base=Fraction(1, 25), origin=0,
    starts=tuple(range(0, 500, 100)), constant=True, interlaced=False, hdr=None, rotation=0, mirrored=False, width=160,
    height=90, rungs=(_RUNG,),
)  # fmt: skip
PLANS: Final = {
    ASSET: Plan(
        asset=ASSET, version=1, source=SourceRef(key=layout.source(ASSET, 1), size=1, demuxer="mov"), video=_VIDEO,
        audio=(),
    )
}  # fmt: skip


def encoder(first: int, count: int = 1, *, at: float, worker: int = 1, is_run: bool = False) -> Encoder:
    return Encoder(
        pid=int(at), worker=worker, at=at, asset=ASSET, numbers=range(first, first + count), is_run=is_run
    )  # fmt: skip


WINDOW: Final = encoder(2, 2, at=10)
AGAIN: Final = encoder(2, 2, at=20, worker=2)
KILL: Final = Blow(kind="worker_kill", began=12, over=12.1, workers=frozenset({1}))


@pytest.mark.parametrize(
    ("begun", "blows", "again"),
    [
        ([WINDOW, encoder(4, at=11)], [], {}),
        ([WINDOW, AGAIN], [KILL], {"worker_kill": 200}),
        ([WINDOW, encoder(2, at=12.05)], [KILL], {"worker_kill": 100}),
        ([WINDOW, encoder(2, at=12.05, worker=2)], [Blow(kind="redis_kill", began=12, over=13)], {"redis_kill": 100}),
        ([WINDOW, AGAIN, encoder(3, at=30)], [Blow(kind="redis_kill", began=12, over=21)], {"redis_kill": 300}),
        ([WINDOW, AGAIN], [Blow(kind="put off", began=12, over=12, pids=frozenset({10}))], {"put off": 200}),
        ([WINDOW, encoder(3, 2, at=20, is_run=True)], [], {"a viewer": 100}),
        ([encoder(1, 3, at=10, is_run=True), WINDOW], [], {}),
    ],
)
def test_what_has_a_reason_is_counted_under_it(begun: list[Encoder], blows: list[Blow], again: dict[str, int]) -> None:
    books = balance(PLANS, begun, blows, {})
    assert (books.needed, dict(books.again), books.unexplained) == (500, again, ())


@pytest.mark.parametrize(
    "blow",
    [
        Blow(kind="worker_kill", began=12, over=12.1, workers=frozenset({3})),
        Blow(kind="worker_kill", began=9, over=9.9, workers=frozenset({1})),
        Blow(kind="worker_kill", began=16, over=16.1, workers=frozenset({1})),
        Blow(kind="worker_kill", began=21, over=21.1, workers=frozenset({1, 2})),
        Blow(kind="put off", began=12, over=12, pids=frozenset({11})),
    ],
    ids=[
        "of another worker",
        "before it began",
        "when it was in the bucket",
        "when another had begun",
        "of another task",
    ],
)
def test_a_fault_that_met_somebody_else_is_no_reason(blow: Blow) -> None:
    stored = {layout.segment(ASSET, RUNG, number): 15.0 if blow.began < 20 else 22.0 for number in range(5)}
    assert len(balance(PLANS, [WINDOW, AGAIN], [blow], stored).unexplained) == 2


def test_two_runs_from_one_segment_have_no_reason() -> None:
    runs = [encoder(2, at=10, is_run=True), encoder(2, at=11, worker=2, is_run=True)]
    assert len(balance(PLANS, runs, [], {}).unexplained) == 1


def test_starts_and_tasks_that_are_put_off_are_read_from_the_logs(tmp_path: Path) -> None:
    stat = f"77 (ffmpeg) R 33{' 0' * 14} {os.nice(0) + NICE} 1 0 200 0"
    command = f"-i file:/home/sources/{ASSET}.1.330ecadc -vf trim=end_pts=200:start_pts=0 -fragment_index 5 pipe:1"
    log = tmp_path / "ffmpeg.log"
    log.write_text(f"{stat} {command}\n{stat} -i nothing of ours\n")
    (found,) = encoders(log, PLANS)
    assert (found.pid, found.worker, found.numbers, found.is_run) == (77, 33, range(2, 4), False)
    assert found.at == 200 / os.sysconf("SC_CLK_TCK")

    said = {"time": "2999-01-01T00:00:00.000Z", "message": "a server does not answer"}
    lines = [{**said, "task": f"{ASSET}/1/{task}"} for task in ("video/0-1", "video/3-1", "run/v90-1/3", "index")]
    worker = tmp_path / "worker.log"
    worker.write_text("\n".join(map(json.dumps, lines)))
    (blow,) = put_off([worker], [found])
    assert blow.pids == {77}


@pytest.mark.parametrize(
    ("first", "nice", "is_run", "task"),
    [
        (0, 0, False, "video/0-1"),
        (3, 0, True, "run/v90-1/3"),
        (3, ahead(NICE), True, "ahead/v90-1/3"),
        (3, NICE, False, "video/3-1"),
    ],
)
def test_windows_are_told_from_runs(tmp_path: Path, first: int, nice: int, is_run: bool, task: str) -> None:
    stat = f"77 (ffmpeg) R 33{' 0' * 14} {os.nice(0) + nice} 1 0 200 0"
    cut = f"trim=end_pts={100 * (first + 1)}:start_pts={100 * first} -fragment_index {2 * first + 1}"
    log = tmp_path / "ffmpeg.log"
    log.write_text(f"{stat} -i file:/home/sources/{ASSET}.1.330ecadc -vf {cut} pipe:1\n")
    (found,) = encoders(log, PLANS)
    assert found.is_run == is_run
    worker = tmp_path / "worker.log"
    said = {"time": "2999-01-01T00:00:00.000Z", "message": "a server does not answer", "task": f"{ASSET}/1/{task}"}
    worker.write_text(json.dumps(said))
    assert [blow.pids for blow in put_off([worker], [found])] == [{77}]

"""Viewers who wait for the next part: how soon each is woken, from one API process on one core, and behind the edge.

Each asks for a playlist with the part that comes next, is held, gets it, and asks for that part: what a player does at
the live edge. The API process has a core for itself; encoder, Redis, publisher and the crowd share the other ones.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx
import psutil

from benchmarks.live.source import publishing
from benchmarks.live.viewers import Crowd, WakeUps
from benchmarks.live_latency import PROFILE, percentile
from benchmarks.report import Result
from benchmarks.service import cpu_of
from infra.local.preflight import free_port
from infra.local.stack import addresses
from manifests import hls
from manifests.hls import MediaPlaylist
from tests.e2e.compose import edge_configuration, live_cache, varnish
from tests.e2e.stack import Stack, running, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COUNTS: Final = (100, 300, 1000)
QUICK: Final = (50,)
ROUNDS, QUICK_ROUNDS = 60, 6
TARGET_S: Final = 0.050
_CHANNEL, _RENDITION = "bench", "v360-1"
_WARM: Final = 3
"""Rounds that do not count: connections are new, and nothing has been asked for yet."""
_API_CORE: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Seconds, of all viewers and rounds; `cpu` seconds of the server for each part and viewer."""

    what: str
    viewers: int
    woken_s: tuple[float, ...]
    whole_s: tuple[float, ...]
    refused: int
    looked_s: float
    cpu: float


def edge(folder: Path, upstream: str, left: ExitStack) -> tuple[int, tuple[psutil.Process, ...]]:
    """What infra/deploy puts in front of the API, here of one process: its port, and its processes."""
    (folder / "cache").mkdir(parents=True)
    port, cached = free_port(), free_port()
    apis = {"api-1:8080": upstream, "api-2:8080": upstream}
    cache = folder / "live.vcl"
    cache.write_text(live_cache(upstreams=apis))
    argv = varnish(cache, port=cached, folder=folder / "varnish")
    varnishd = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
    left.callback(varnishd.wait)
    left.callback(varnishd.terminate)
    until(lambda: _answers(cached), "the cache answers")
    file = folder / "nginx.conf"
    text = edge_configuration(
        upstreams={**apis, "live-cache:6081": f"127.0.0.1:{cached}"}, port=port, folder=folder
    )  # fmt: skip
    file.write_text(
        text.replace("worker_processes auto", "worker_processes 1").replace("access_log /", "access_log off; #")
    )
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    assert program is not None, "this benchmark needs nginx (Debian: apt-get install nginx)"
    server = subprocess.Popen([program, "-c", str(file), "-p", str(folder)])
    left.callback(server.wait)
    left.callback(server.terminate)
    until(lambda: _answers(port), "the edge answers")
    return port, (psutil.Process(server.pid), psutil.Process(varnishd.pid))


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def measured(
    what: str, port: int, count: int, rounds: int, *, stack: Stack, servers: Sequence[psutil.Process]
) -> Row:  # fmt: skip
    """`servers`: whose CPU time is counted."""
    folder = f"/live/{_CHANNEL}/{_RENDITION}"
    with stack.client() as client, ExitStack() as left:
        playlist = hls.parse(client.get(f"{folder}/index.m3u8").raise_for_status().text)
        assert isinstance(playlist, MediaPlaylist)
        redis = addresses(stack.home)["CHANNEL_REDIS_URL"]
        wake_ups = left.enter_context(closing(WakeUps(url=redis, channel=_CHANNEL, rendition=_RENDITION)))
        crowd = left.enter_context(closing(Crowd(address=("127.0.0.1", port), folder=folder, count=count, parts=6)))
        begin = (playlist.media_sequence + len(playlist.segments) + 1, 0)
        watched = crowd.watch(begin, _WARM + rounds, wake_ups)
        for _ in range(_WARM):
            next(watched)
        used = cpu_of(*servers)
        found = list(watched)
        used = cpu_of(*servers) - used
    return Row(
        what=what, viewers=count, refused=sum(each.refused for each in found), cpu=used / (count * rounds),
        looked_s=max(each.looked_s for each in found),
        woken_s=tuple(second for each in found for second in each.woken_s),
        whole_s=tuple(second for each in found for second in each.whole_s),
    )  # fmt: skip


def rows(home: Path, counts: Sequence[int], rounds: int) -> Iterator[Row]:
    rtmp = free_port()
    stack = Stack(
        home=home / "home", port=free_port(), environment={"CHANNEL_RTMP_PORT": str(rtmp)}, profiles={"bench": PROFILE}
    )  # fmt: skip
    with ExitStack() as left:
        left.enter_context(running(stack))
        client = left.enter_context(stack.client())
        client.post("/api/channels", json={"title": "Bench", "id": _CHANNEL, "profile": "bench"}).raise_for_status()
        client.post(f"/api/channels/{_CHANNEL}/start").raise_for_status()
        secret = client.post(f"/api/channels/{_CHANNEL}/keys", json={}).raise_for_status().json()["secret"]
        left.enter_context(publishing(f"rtmp://127.0.0.1:{rtmp}/live/{secret}"))
        until(lambda: client.get(f"/live/{_CHANNEL}/index.m3u8").status_code == 200, "the channel is live")
        port, servers = edge(home / "edge", f"127.0.0.1:{stack.port}", left)
        api = stack.child("api")
        _keep_apart(api)
        for count in counts:
            yield measured("one API process", stack.port, count, rounds, stack=stack, servers=[api])
        for count in counts:
            yield measured("behind the edge", port, count, rounds, stack=stack, servers=[api, *servers])


def _keep_apart(api: psutil.Process) -> None:
    """The API process has one core, everything that there is besides has the others."""
    others = sorted(set(range(os.cpu_count() or 1)) - {_API_CORE})
    assert others, "this benchmark needs two cores"
    ourselves = psutil.Process()
    for process in (ourselves, *ourselves.children(recursive=True)):
        process.cpu_affinity([_API_CORE] if process.pid == api.pid else others)


def run(*, quick: bool = False) -> Result:
    counts, rounds = (QUICK, QUICK_ROUNDS) if quick else (COUNTS, ROUNDS)
    with tempfile.TemporaryDirectory() as name:
        found = list(rows(Path(name), counts, rounds))
    return Result(
        name="Viewers who wait",
        question="Milliseconds from a part's wake-up in Redis to the first byte of the playlist that somebody waited "
        "for, and to the last byte of the part that he asked for then; all wait for the same part of 0.32 s.",
        columns=(
            "what",
            "viewers",
            "woken p50",
            "p99",
            "part there p50",
            "p99",
            "CPU a viewer and part",
            "crowd's error",
        ),
        rows=tuple(_row(each) for each in found),
        verdict=verdict(found),
        numbers={f"{each.what}, {each.viewers}": _numbers(each) for each in found},
    )


def _row(row: Row) -> tuple[str, ...]:
    woken, whole = (
        [f"{1000 * percentile(all_of, share):.0f}" for share in (0.5, 0.99)] for all_of in (row.woken_s, row.whole_s)
    )
    refused = f" ({row.refused} refused)" if row.refused else ""
    return (
        row.what, f"{row.viewers}{refused}", *woken, *whole, f"{1e6 * row.cpu:.0f} µs", f"≤ {1000 * row.looked_s:.0f}"
    )  # fmt: skip


def verdict(found: Sequence[Row]) -> str:
    said = []
    for what in dict.fromkeys(each.what for each in found):
        met = [each.viewers for each in found if each.what == what and percentile(each.woken_s, 0.99) <= TARGET_S]
        said.append(f"{what}: {max(met):,} viewers" if met else f"{what}: fewer than {min(COUNTS):,}")
    return f"Woken within {1000 * TARGET_S:.0f} ms in 99 of 100 cases: {'; '.join(said)}."


def _numbers(row: Row) -> dict[str, float]:
    return {
        "woken_p50_s": statistics.median(row.woken_s), "woken_p99_s": percentile(row.woken_s, 0.99),
        "whole_p50_s": statistics.median(row.whole_s), "whole_p99_s": percentile(row.whole_s, 0.99),
        "refused": row.refused, "looked_s": row.looked_s, "cpu_s": row.cpu,
    }  # fmt: skip

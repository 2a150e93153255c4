"""From the camera to the screen: a clock in the picture, read back in a browser that plays it, ours beside nginx-rtmp.

One publisher sends the same pictures to a channel of each part length, and to nginx-rtmp, which makes ordinary HLS of
them. A page for each plays it with hls.js and reads the clock of every picture that it shows.
"""

from __future__ import annotations

import statistics
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.live import nginx_rtmp
from benchmarks.live.pages import Page, Seen, chromium
from benchmarks.live.source import HEIGHT, STRIP, publishing
from benchmarks.report import Result
from infra.local.preflight import free_port
from tests.e2e.stack import Stack, running, until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECONDS, QUICK_S = 120, 15
"""Of counting, behind `_SETTLED_S` of play that do not count: a player has to find its distance first."""
_SETTLED_S, _QUICK_SETTLED_S = 20, 5
TARGETS: Final = {"low": 2.0, "relaxed": 3.0}
"""p95, in seconds."""
PLAYER: Final[dict[str, Any]] = {
    "lowLatencyMode": True, "maxLiveSyncPlaybackRate": 1.2, "liveSyncOnStallIncrease": 0.3
}  # fmt: skip
"""As our own page sets hls.js up (web/src/live/hls_stream.ts)."""
PROFILE: Final = """per_title = false
ladder = [{ height = 360, average_kbps = 1500, crf = 22, frame_rate = "full" }]
"""
_RIVAL: Final = "nginx-rtmp"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so many of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measured(seconds: float, settled: float, *, rival: nginx_rtmp.Rival | None, home: Path) -> Mapping[str, Seen]:
    """All players at once, so that none has the machine for itself."""
    rtmp = free_port()
    stack = Stack(
        home=home, port=free_port(), environment={"CHANNEL_RTMP_PORT": str(rtmp)}, profiles={"bench": PROFILE}
    )  # fmt: skip
    with ExitStack() as left:
        left.enter_context(running(stack))
        client = left.enter_context(stack.client())
        places = {name: (stack.url, f"/live/{name}/index.m3u8") for name in TARGETS}
        addresses = []
        for name in TARGETS:
            wanted = {"title": name, "id": name, "latency": name, "profile": "bench"}
            client.post("/api/channels", json=wanted).raise_for_status()
            client.post(f"/api/channels/{name}/start").raise_for_status()
            secret = client.post(f"/api/channels/{name}/keys", json={}).raise_for_status().json()["secret"]
            addresses.append(f"rtmp://127.0.0.1:{rtmp}/live/{secret}")
        if rival is not None:
            places[_RIVAL] = (rival.origin, rival.path)
            addresses.append(rival.address)
        left.enter_context(publishing(*addresses))
        for origin, path in places.values():
            until(lambda url=origin + path: client.get(url).status_code == 200, f"{path} is live")
        browser = left.enter_context(chromium())
        pages = {
            name: Page(browser, origin=origin, url=path, configuration=PLAYER, share=STRIP / HEIGHT)
            for name, (origin, path) in places.items()
        }
        for name, page in pages.items():
            until(page.plays, f"{name} plays")
        page.wait(settled)
        for page in pages.values():
            page.begin()
        page.wait(seconds)
        return {name: page.end() for name, page in pages.items()}


COLUMNS: Final = (
    "what", "p50", "p95", "p99", "target p95", "pictures", "stalls", "pace", "changes a minute", "stamp − clock",
)  # fmt: skip


def run(*, quick: bool = False) -> Result:
    with tempfile.TemporaryDirectory() as name, ExitStack() as left:
        folder = Path(name)
        rival = left.enter_context(nginx_rtmp.serving(folder / "nginx")) if nginx_rtmp.is_here() else None
        seconds, settled = (QUICK_S, _QUICK_SETTLED_S) if quick else (SECONDS, _SETTLED_S)
        found = measured(seconds, settled, rival=rival, home=folder / "home")
    rows = [row(name, seen) for name, seen in found.items()]
    if rival is None:
        rows.append((f"{_RIVAL}: not here (Debian: libnginx-mod-rtmp)", *["–"] * 9))
    return Result(
        name="Latency",
        question="Seconds from a picture's hand-over to the publisher's encoder to the screen of a browser, by a clock "
        "in the picture. Publisher, service, Chromium and the rival share one machine; all play at the same time.",
        columns=COLUMNS,
        rows=tuple(rows),
        verdict=verdict(found),
        numbers={name: numbers(seen) for name, seen in found.items()},
    )


def row(name: str, seen: Seen) -> tuple[str, ...]:
    p50, p95, p99 = (percentile(seen.behind, share) / 1000 for share in (0.5, 0.95, 0.99))
    target = TARGETS.get(name)
    stamp = f"{statistics.median(seen.stamps):+.0f} ms" if seen.stamps else "–"
    return (
        name, f"{p50:.2f}", f"{p95:.2f}", f"{p99:.2f}", f"≤ {target:.1f}" if target else "–",
        f"{len(seen.behind)} ({seen.unread} unread)", f"{seen.stalls} ({seen.stalled_ms / 1000:.1f} s)",
        f"{seen.pace:.3f}", f"{60_000 * seen.changes / max(1, seen.watched_ms):.0f}", stamp,
    )  # fmt: skip


def verdict(found: Mapping[str, Seen]) -> str:
    said = []
    for name, target in TARGETS.items():
        seen = found[name]
        p95 = percentile(seen.behind, 0.95) / 1000
        calm = "without a stall" if not seen.stalls else f"with {seen.stalls} stalls"
        said.append(f"{name}: p95 {p95:.2f} s, {'within' if p95 <= target else 'over'} {target:.1f} s, {calm}")
    if _RIVAL in found:
        said.append(f"ordinary HLS by {_RIVAL}: p95 {percentile(found[_RIVAL].behind, 0.95) / 1000:.2f} s")
    return "; ".join(said) + "."


def numbers(seen: Seen) -> dict[str, Any]:
    """What a page saw, without every single picture."""
    told = asdict(seen)
    for name in ("behind", "stamps"):
        values = told.pop(name)
        told[name] = {f"p{share}": percentile(values, share / 100) for share in (5, 50, 95, 99)} if values else {}
    return told

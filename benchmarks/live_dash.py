"""From the camera to the screen of dash.js: Low-Latency DASH beside DASH by segments, and hls.js, of one channel.

All play at the same time, and read the clock in every picture that they show, as `live_latency` does.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.live.pages import DASH_JS, HLS_JS, Page, Player, Seen, chromium
from benchmarks.live.source import HEIGHT, STRIP, publishing
from benchmarks.live_latency import COLUMNS, PLAYER, PROFILE, numbers, percentile, row
from benchmarks.report import Result
from infra.local.preflight import free_port
from tests.e2e.stack import Stack, running, until

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS, QUICK_S = 60, 10
"""Of counting, behind `_SETTLED_S` of play that do not count."""
_SETTLED_S, _QUICK_SETTLED_S = 20, 5
_CHANNEL: Final = "arena"
LOW, WHOLE = "dash.js, low latency", "dash.js, by segments"
PLAYERS: Final[dict[str, tuple[Player, str, dict[str, Any]]]] = {
    LOW: (DASH_JS, "low-latency.mpd", {}),
    WHOLE: (DASH_JS, "manifest.mpd", {}),
    "hls.js, by parts": (HLS_JS, "index.m3u8", PLAYER),
}
"""dash.js as it comes: the MPD says how close it is to be."""


def measured(seconds: float, settled: float, *, home: Path) -> Mapping[str, Seen]:
    rtmp = free_port()
    stack = Stack(
        home=home, port=free_port(), environment={"CHANNEL_RTMP_PORT": str(rtmp)}, profiles={"bench": PROFILE}
    )  # fmt: skip
    with ExitStack() as left:
        left.enter_context(running(stack))
        client = left.enter_context(stack.client())
        wanted = {"title": "Arena", "id": _CHANNEL, "latency": "low", "profile": "bench"}
        client.post("/api/channels", json=wanted).raise_for_status()
        client.post(f"/api/channels/{_CHANNEL}/start").raise_for_status()
        secret = client.post(f"/api/channels/{_CHANNEL}/keys", json={}).raise_for_status().json()["secret"]
        left.enter_context(publishing(f"rtmp://127.0.0.1:{rtmp}/live/{secret}"))
        folder = f"/live/{_CHANNEL}"
        until(lambda: client.get(f"{folder}/manifest.mpd").status_code == 200, "the channel is live")
        browser = left.enter_context(chromium())
        pages = {
            name: Page(
                browser, origin=stack.url, url=f"{folder}/{manifest}", configuration=configuration,
                share=STRIP / HEIGHT, player=player,
            )
            for name, (player, manifest, configuration) in PLAYERS.items()
        }  # fmt: skip
        for name, page in pages.items():
            until(page.plays, f"{name} plays")
        page.wait(settled)
        for page in pages.values():
            page.begin()
        page.wait(seconds)
        return {name: page.end() for name, page in pages.items()}


def run(*, quick: bool = False) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        seconds, settled = (QUICK_S, _QUICK_SETTLED_S) if quick else (SECONDS, _SETTLED_S)
        found = measured(seconds, settled, home=Path(folder) / "home")
    return Result(
        name="Low-Latency DASH",
        question="Seconds from a picture's hand-over to the publisher's encoder to the screen, in parts of 0.32 s. "
        "Publisher, service and Chromium share one machine; all play at the same time.",
        columns=_without_target(COLUMNS),
        rows=tuple(_without_target(row(name, seen)) for name, seen in found.items()),
        verdict=verdict(found),
        numbers={name: numbers(seen) for name, seen in found.items()},
    )


def _without_target(cells: tuple[str, ...]) -> tuple[str, ...]:
    return (*cells[:4], *cells[5:])


def verdict(found: Mapping[str, Seen]) -> str:
    low, whole = (percentile(found[name].behind, 0.95) / 1000 for name in (LOW, WHOLE))
    stalls = found[LOW].stalls
    calm = "without a stall" if not stalls else f"with {stalls} stalls"
    return f"dash.js: p95 {low:.2f} s with the MPD for low latency, {calm}; {whole:.2f} s by segments."

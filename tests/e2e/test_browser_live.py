"""hls.js in Chromium at the live edge of a channel, by parts."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.stack import Stack, running, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page, Route

HLS_JS = Path(__file__).parents[2] / "web/node_modules/hls.js/dist/hls.min.js"
PAGE = """<!doctype html><meta charset="utf-8"><title>Live</title>
<link rel="icon" href="data:,"><video width="320" height="180" muted autoplay playsinline></video>
<script src="player.js"></script><script src="watch.js"></script>"""
WATCH = """
window.errors = [];
const hls = new Hls({ lowLatencyMode: true, enableWorker: false });
hls.on(Hls.Events.ERROR, (_, told) => { if (told.fatal) errors.push(told.details); });
hls.loadSource("/live/arena/index.m3u8");
hls.attachMedia(document.querySelector("video"));
window.behind = () => (hls.playingDate ? (Date.now() - hls.playingDate) / 1000 : null);
window.hls = hls;
"""


@pytest.fixture
def on_air(tmp_path: Path, free_port: Callable[[], int], ffmpeg: str) -> Iterator[Stack]:
    """A channel that a test picture with a tone is published to."""
    rtmp = free_port()
    made = Stack(home=tmp_path / "home", port=free_port(), environment={"CHANNEL_RTMP_PORT": str(rtmp)})
    with running(made) as stack, stack.client() as client:
        client.post("/api/channels", json={"title": "Arena", "id": "arena"}).raise_for_status()
        client.post("/api/channels/arena/start").raise_for_status()
        secret = client.post("/api/channels/arena/keys", json={}).raise_for_status().json()["secret"]
        argv = [
            ffmpeg, "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi",
            "-i", "sine=frequency=440:sample_rate=48000", "-c:v", "libx264", "-preset", "ultrafast", "-tune",
            "zerolatency", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "flv",
            f"rtmp://127.0.0.1:{rtmp}/live/{secret}",
        ]  # fmt: skip
        publisher = subprocess.Popen(argv)
        try:
            until(lambda: client.get("/live/arena/index.m3u8").status_code == 200, "the channel is live")
            yield stack
        finally:
            publisher.kill()
            publisher.wait()


def _watch(page: Page, stack: Stack) -> None:
    files = {
        "": (PAGE, "text/html"),
        "player.js": (HLS_JS.read_text(), "text/javascript"),
        "watch.js": (WATCH, "text/javascript"),
    }

    def serve(route: Route) -> None:
        body, content_type = files[route.request.url.rpartition("/")[2]]
        route.fulfill(body=body, content_type=content_type)

    page.route(f"{stack.url}/players/*", serve)
    page.goto(f"{stack.url}/players/")


def test_hls_js_plays_parts_at_the_live_edge(on_air: Stack, browser: Browser) -> None:
    page = browser.new_page()
    asked: list[str] = []
    refused: list[str] = []

    def answered(response: Any) -> None:
        asked.append(response.url)
        if response.status >= 400:
            refused.append(f"{response.status} {response.url}")

    page.on("response", answered)
    _watch(page, on_air)
    until(lambda: page.evaluate("document.querySelector('video').currentTime") > 4, "hls.js plays")
    assert page.evaluate("errors") == []
    assert refused == []
    assert any("_HLS_msn=" in url and "_HLS_part=" in url for url in asked)
    assert any(url.rpartition("/")[2].count(".") == 2 and url.endswith(".m4s") for url in asked)  # {n}.{i}.m4s
    assert page.evaluate("hls.latestLevelDetails.partTarget") == pytest.approx(0.32)
    # Nearer to the edge than a player of whole segments may come: three target durations (RFC 8216bis §6.3.3).
    until(lambda: (page.evaluate("behind()") or 99) < 6, "hls.js is at the live edge")
    page.close()

"""Chromium pages that play a live stream with hls.js or dash.js and note how old each picture is on the screen."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import sync_playwright

from benchmarks.live import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Route

_ROOT: Final = Path(__file__).parents[2]
_FOLDER: Final = "/benchmark/"
_PAGE: Final = """<!doctype html><meta charset="utf-8"><title>Latency</title><link rel="icon" href="data:,">
<video width="640" height="360" muted autoplay playsinline></video>
<script src="player.js"></script><script src="watch.js"></script>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """`file`: its library; `script` begins to play in `video`, tells `fatal` of errors, and makes functions of its own
    that say when the picture on the screen was shot (`dated`) and what it aims at (`aim`, s)."""

    file: Path
    script: str


HLS_JS: Final = Player(
    file=_ROOT / "web/node_modules/hls.js/dist/hls.min.js",
    script="""
const hls = new Hls(CONFIGURATION);
hls.on(Hls.Events.ERROR, (_, told) => { if (told.fatal) fatal(told.details); });
hls.loadSource(URL_OF_IT);
hls.attachMedia(video);
const dated = () => hls.playingDate, aim = () => hls.targetLatency;
""",
)
DASH_JS: Final = Player(
    file=_ROOT / "tests/e2e/node_modules/dashjs/dist/modern/umd/dash.all.min.js",
    script="""
const player = dashjs.MediaPlayer().create();
player.updateSettings(CONFIGURATION);
player.on(dashjs.MediaPlayer.events.ERROR, (told) => fatal(told.error.message));
player.initialize(video, URL_OF_IT, true);
const dated = () => new Date(player.timeAsUTC() * 1000), aim = () => player.getTargetLiveDelay();
""",
)
_WATCH: Final = """
const video = document.querySelector("video");
const seen = { behind: [], stamps: [], unread: 0, stalls: 0, stalled: 0, fatal: [] };
Object.assign(seen, { wall: 0, media: 0, changes: 0, rates: {} });
window.seen = seen;
let counting = false, waiting = null, last = null;
const fatal = (what) => seen.fatal.push(what);
PLAYER
video.addEventListener("waiting", () => { waiting ??= performance.now(); });
video.addEventListener("ratechange", () => { if (counting) seen.changes++; });
video.addEventListener("playing", () => {
  if (waiting !== null && counting) { seen.stalls++; seen.stalled += performance.now() - waiting; }
  waiting = null;
});
function shown(now, picture) {
  video.requestVideoFrameCallback(shown);
  if (!counting) return;
  const wall = Date.now();
  const old = behindBy(video, SHARE, wall);
  if (old === null) seen.unread++; else seen.behind.push(old);
  // By PROGRAM-DATE-TIME the picture came in at this moment; by its blocks it left the camera at that one.
  const date = dated();
  if (old !== null && date)
    seen.stamps.push(date.getTime() + 1000 * (picture.mediaTime - video.currentTime) - (wall - old));
  if (last !== null) {
    seen.wall += now - last.now;
    seen.media += 1000 * (picture.mediaTime - last.mediaTime);
    seen.rates[video.playbackRate] = (seen.rates[video.playbackRate] ?? 0) + now - last.now;
  }
  last = { now, mediaTime: picture.mediaTime };
}
video.requestVideoFrameCallback(shown);
window.begin = () => { waiting = null; counting = true; };
window.end = () => {
  counting = false;
  if (waiting !== null) { seen.stalls++; seen.stalled += performance.now() - waiting; }
  return { ...seen, aim: aim() };
};
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a page saw. `behind`: ms from hand-over to the publisher's encoder to the screen, of each picture; `stamps`:
    ms that PROGRAM-DATE-TIME is later than the picture's own clock. `pace`: media time that was shown in a second;
    `changes`: of the playback rate; `rates`: ms at each that was asked for, which is not how fast it played."""

    behind: tuple[float, ...]
    stamps: tuple[float, ...]
    unread: int
    stalls: int
    stalled_ms: float
    pace: float
    changes: int
    watched_ms: float
    rates: Mapping[str, float]
    fatal: tuple[str, ...]
    aim_s: float


class Page:
    """One player. `url`: of its playlist; `configuration`: its own."""

    def __init__(
        self, browser: Browser, *, origin: str, url: str, configuration: Mapping[str, Any], share: float,
        player: Player = HLS_JS,
    ) -> None:  # fmt: skip
        self._page = browser.new_page()
        watch = _WATCH.replace("PLAYER", player.script).replace("CONFIGURATION", json.dumps(dict(configuration)))
        watch = watch.replace("SHARE", str(share)).replace("URL_OF_IT", json.dumps(url))
        files = {
            "": (_PAGE, "text/html"),
            "player.js": (player.file.read_text(), "text/javascript"),
            "watch.js": (clock.READ + watch, "text/javascript"),
        }

        def serve(route: Route) -> None:
            body, content_type = files[route.request.url.rpartition("/")[2]]
            route.fulfill(body=body, content_type=content_type)

        self._page.route(f"{origin}{_FOLDER}*", serve)
        self._page.goto(f"{origin}{_FOLDER}")

    def plays(self) -> bool:
        return bool(self._page.evaluate("document.querySelector('video').currentTime > 0"))

    def begin(self) -> None:
        """Count from now on."""
        self._page.evaluate("begin()")

    def wait(self, seconds: float) -> None:
        self._page.wait_for_timeout(1000 * seconds)

    def end(self) -> Seen:
        told = self._page.evaluate("end()")
        self._page.close()
        return Seen(
            behind=tuple(told["behind"]), stamps=tuple(told["stamps"]), unread=told["unread"], stalls=told["stalls"],
            stalled_ms=told["stalled"], pace=told["media"] / max(1, told["wall"]), changes=told["changes"],
            watched_ms=told["wall"], rates=told["rates"],
            fatal=tuple(told["fatal"]), aim_s=told["aim"] or 0.0,
        )  # fmt: skip


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's, without a screen."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    assert found is not None, "this benchmark needs Chromium (Debian: apt-get install chromium)"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=found,
            args=[
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--no-first-run", "--mute-audio",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )  # fmt: skip
        yield launched
        launched.close()

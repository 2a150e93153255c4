"""Players that nobody here wrote, in Chromium: hls.js, Shaka Player and video.js with HLS, dash.js and Shaka with DASH.

Each begins, jumps to the middle, changes the language, shows captions, and comes to the end. The clip grows from black
to white, so that a picture tells when it is from. All of them watch at a time, and one scrubs through I-frames.
"""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Route

    from tests.e2e.stack import Stack

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
SECONDS = 12
SCRUBBED: Final = (9.0, 3.0, 7.0)

# Each player: its script, its name in players.js, the manifest.
PLAYERS: Final = {
    "hls.js": (HERE.parents[1] / "web/node_modules/hls.js/dist/hls.min.js", "hls.js", "index.m3u8"),
    "Shaka Player, HLS": (MODULES / "shaka-player/dist/shaka-player.compiled.js", "shaka", "index.m3u8"),
    "Shaka Player, DASH": (MODULES / "shaka-player/dist/shaka-player.compiled.js", "shaka", "manifest.mpd"),
    "dash.js": (MODULES / "dashjs/dist/modern/umd/dash.all.min.js", "dash.js", "manifest.mpd"),
    "video.js": (MODULES / "video.js/dist/video.min.js", "video.js", "index.m3u8"),
}

PAGE = """<!doctype html><meta charset="utf-8"><title>A player</title>
<link rel="icon" href="data:,"><video width="320" height="180" playsinline></video>
<script src="player.js"></script><script src="scenario.js"></script>"""
SRT = f"1\n00:00:00,000 --> 00:00:{SECONDS},000\nOn your marks\n"


@pytest.fixture(scope="module")
def asset(stack: Stack, tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> str:
    """12 s from black to white, two languages, English captions; ready."""
    path = tmp_path_factory.mktemp("players") / "clip.mp4"
    fade = f"color=white:size=480x270:rate=25:duration={SECONDS},fade=type=in:duration={SECONDS}"
    tones = [f"sine=frequency={pitch}:sample_rate=48000:duration={SECONDS}" for pitch in (440, 660)]
    subprocess.run(
        [
            ffmpeg, "-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", fade, "-f", "lavfi", "-i", tones[0],
            "-f", "lavfi", "-i", tones[1], "-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264",
            "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-metadata:s:a:0", "language=eng",
            "-metadata:s:a:1", "language=deu", "-disposition:a:1", "0", path,
        ],
        check=True,
    )  # fmt: skip
    made = stack.upload(path)
    with stack.client() as client:
        where = f"/api/assets/{made}/captions"
        client.post(where, params={"language": "en", "filename": "a.srt"}, content=SRT.encode()).raise_for_status()
    stack.wait_for(made, "ready", within=120)
    return made


def _open(context: BrowserContext, stack: Stack, script: Path) -> Page:
    """A page of the service's own origin with a player's script in it, which the service knows nothing of."""
    page = context.new_page()
    files = {
        "": (PAGE, "text/html"),
        "player.js": (script.read_text(), "text/javascript"),
        "scenario.js": ((HERE / "players.js").read_text(), "text/javascript"),
    }

    def serve(route: Route) -> None:
        body, content_type = files[route.request.url.rpartition("/")[2]]
        route.fulfill(body=body, content_type=content_type)

    page.route(f"{stack.url}/players/*", serve)
    page.goto(f"{stack.url}/players/")
    return page


@pytest.fixture(scope="module")
def reports(stack: Stack, asset: str, browser: Browser) -> dict[str, Any]:
    """What each player saw, all of them at a time."""
    with ExitStack() as contexts:

        def page(script: Path) -> Page:
            context = browser.new_context()
            contexts.callback(context.close)
            return _open(context, stack, script)

        pages = {}
        for title, (script, name, manifest) in PLAYERS.items():
            pages[title] = page(script)
            pages[title].evaluate(f"() => begin(watch({name!r}, '{stack.url}/v/{asset}/{manifest}'))")
        pages["scrubbing"] = page(PLAYERS["hls.js"][0])
        pages["scrubbing"].evaluate(f"() => begin(scrub('{stack.url}/v/{asset}/index.m3u8', {list(SCRUBBED)}))")
        return {title: each.evaluate("() => window.report") for title, each in pages.items()}


@pytest.mark.parametrize("title", PLAYERS)
def test_it_plays_seeks_changes_the_language_and_ends(reports: dict[str, Any], title: str) -> None:
    report = reports[title]
    assert "failed" not in report, report
    assert report["errors"] == []
    assert abs(report["duration"] - SECONDS) < 0.1
    assert abs(report["end"] - report["duration"]) < 0.1
    assert {language[:2] for language in report["languages"]} == {"en", "de"}
    assert [language[:2] for language in report["texts"]] == ["en"]
    assert report["frames"] > 25
    seen = report["seen"]
    assert abs(seen["at"] - SECONDS / 2) < 1
    assert abs(seen["brightness"] - 255 * seen["at"] / SECONDS) < 20


def test_hls_js_shows_the_i_frames_that_a_viewer_scrubs_through(reports: dict[str, Any]) -> None:
    report = reports["scrubbing"]
    assert "failed" not in report, report
    assert report["errors"] == []
    assert report["variants"], "the multivariant playlist lists I-frame playlists"
    assert all(url.endswith("/iframes.m3u8") for url in report["variants"])
    for picture in report["pictures"]:
        assert picture["width"] > 0
        # A key picture is there every two seconds: the one shown began up to two seconds before.
        shown = SECONDS * picture["brightness"] / 255
        assert picture["time"] - 2.2 < shown < picture["time"] + 0.3

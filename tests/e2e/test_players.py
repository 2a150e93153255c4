"""Players that nobody here wrote, in Chromium: hls.js, Shaka Player and video.js with HLS, dash.js and Shaka with DASH.

Each begins, jumps to the middle, changes the language, shows captions, and comes to the end. The clip grows from black
to white, so that a picture tells when it is from. All of them watch at a time, and one scrubs through I-frames. Those
that play HLS play the same clip encrypted, too, with a key that changes every eight seconds.
"""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import httpx
import pytest
from playwright.sync_api import Page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Request, Route

    from tests.e2e.stack import Stack

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
SECONDS = 24
"""More than players fetch at once: there is something left to fetch after each jump."""
SCRUBBED: Final = (9.0, 3.0, 7.0)

AES: Final = "aes"
PROFILES: Final = {"default": "", AES: 'encryption = "aes-128"\nkey_rotation = 8\n'}
KEYS: Final = 3


class Player(NamedTuple):
    """Its script, its name in players.js, the manifest, and the profile of the asset that it plays."""

    script: Path
    name: str
    manifest: str
    profile: str = "default"


HLS_JS: Final = HERE.parents[1] / "web/node_modules/hls.js/dist/hls.min.js"
SHAKA: Final = MODULES / "shaka-player/dist/shaka-player.compiled.js"
VIDEO_JS: Final = MODULES / "video.js/dist/video.min.js"
PLAYERS: Final = {
    "hls.js": Player(HLS_JS, "hls.js", "index.m3u8"),
    "Shaka Player, HLS": Player(SHAKA, "shaka", "index.m3u8"),
    "Shaka Player, DASH": Player(SHAKA, "shaka", "manifest.mpd"),
    "dash.js": Player(MODULES / "dashjs/dist/modern/umd/dash.all.min.js", "dash.js", "manifest.mpd"),
    "video.js": Player(VIDEO_JS, "video.js", "index.m3u8"),
    "hls.js, AES-128": Player(HLS_JS, "hls.js", "index.m3u8", AES),
    "Shaka Player, AES-128": Player(SHAKA, "shaka", "index.m3u8", AES),
    "video.js, AES-128": Player(VIDEO_JS, "video.js", "index.m3u8", AES),
}
ENCRYPTED: Final = [title for title, player in PLAYERS.items() if player.profile == AES]

PAGE = """<!doctype html><meta charset="utf-8"><title>A player</title>
<link rel="icon" href="data:,"><video width="320" height="180" playsinline></video>
<script src="player.js"></script><script src="scenario.js"></script>"""
SRT = f"1\n00:00:00,000 --> 00:00:{SECONDS},000\nOn your marks\n"


def make_fade(path: Path, ffmpeg: str, *, seconds: int = SECONDS) -> Path:
    """From black to white, with a tone in each of two languages."""
    fade = f"color=white:size=480x270:rate=25:duration={seconds},fade=type=in:duration={seconds}"
    tones = [f"sine=frequency={pitch}:sample_rate=48000:duration={seconds}" for pitch in (440, 660)]
    subprocess.run(
        [
            ffmpeg, "-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", fade, "-f", "lavfi", "-i", tones[0],
            "-f", "lavfi", "-i", tones[1], "-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264",
            "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-metadata:s:a:0", "language=eng",
            "-metadata:s:a:1", "language=deu", "-disposition:a:1", "0", path,
        ],
        check=True,
    )  # fmt: skip
    return path


@pytest.fixture(scope="module")
def assets(stack: Stack, tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> dict[str, str]:
    """From black to white, two languages, English captions; ready, by each of the profiles."""
    path = make_fade(tmp_path_factory.mktemp("players") / "clip.mp4", ffmpeg)
    folder = stack.home / "profiles"
    folder.mkdir(exist_ok=True)
    found = {}
    for profile, text in PROFILES.items():
        if text:
            (folder / f"{profile}.toml").write_text(text)
        found[profile] = made = stack.upload(path, profile=profile)
        (folder / f"{profile}.toml").unlink(missing_ok=True)
        with stack.client() as client:
            where = f"/api/assets/{made}/captions"
            client.post(where, params={"language": "en", "filename": "a.srt"}, content=SRT.encode()).raise_for_status()
    for made in found.values():
        stack.wait_for(made, "ready", within=300)
    return found


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
def reports(stack: Stack, assets: dict[str, str], browser: Browser) -> dict[str, Any]:
    """What each player saw, and the keys that it asked for. All that play the same asset do so at a time."""
    found: dict[str, Any] = {}
    for profile, asset in assets.items():
        found |= _watched(stack, asset, browser, profile)
    return found


def _watched(stack: Stack, asset: str, browser: Browser, profile: str) -> dict[str, Any]:
    media, pages, asked = f"{stack.url}/v/{asset}", dict[str, Page](), defaultdict[str, list[str]](list)
    with ExitStack() as contexts:

        def begin(title: str, script: Path, scenario: str) -> None:
            context = browser.new_context()
            contexts.callback(context.close)
            pages[title] = _open(context, stack, script)
            pages[title].on("request", partial(_note_key, asked[title]))
            pages[title].evaluate(f"() => begin({scenario})")

        for title, player in PLAYERS.items():
            if player.profile == profile:
                begin(title, player.script, f"watch({player.name!r}, '{media}/{player.manifest}')")
        if profile == "default":
            begin("scrubbing", HLS_JS, f"scrub('{media}/index.m3u8', {list(SCRUBBED)})")
        return {title: {**page.evaluate("() => window.report"), "keys": asked[title]} for title, page in pages.items()}


def _note_key(asked: list[str], request: Request) -> None:
    if "/keys/" in request.url:
        asked.append(request.url)


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


@pytest.mark.parametrize("title", ENCRYPTED)
def test_it_changes_the_key_when_the_playlist_does(
    reports: dict[str, Any], stack: Stack, assets: dict[str, str], title: str
) -> None:
    asked = set(reports[title]["keys"])
    # It jumped into the middle, so it need not have had all of them. Pictures and sound have an address each.
    assert 2 <= len({httpx.URL(url).path for url in asked}) <= KEYS
    assert len(asked) <= 2 * KEYS
    for url in asked:
        assert url.startswith(f"{stack.url}/v/{assets[AES]}/keys/")
        answer = httpx.get(url, trust_env=False)
        assert (len(answer.content), answer.headers["cache-control"]) == (16, "private, no-store")


def test_a_jump_while_a_key_is_on_its_way_leaves_neither_pictures_nor_sound_behind(
    stack: Stack, assets: dict[str, str], browser: Browser
) -> None:
    # hls.js gives up the pictures, and the key that it asked for with them; the sound waits for the same key.
    number = 4
    pictures: list[Route] = []
    before: list[Route] = []
    gone: list[str] = []

    def hold_pictures(route: Route) -> None:
        if gone:
            route.continue_()
            return
        pictures.append(route)
        while before:
            before.pop().continue_()

    def hold_sound(route: Route) -> None:
        # Until it is the pictures that have asked for the key.
        if pictures:
            route.continue_()
        else:
            before.append(route)

    def let_go() -> None:
        gone.extend(route.request.url for route in pictures)
        for route in pictures:
            route.continue_()

    with browser.new_context() as context:
        page = _open(context, stack, HLS_JS)
        page.expose_function("letGo", let_go)
        page.route(re.compile(rf"/keys/[0-9a-f]+{KEYS - 1:02}([?]|$)"), hold_pictures)
        page.route(re.compile(rf"/v[0-9]+-[0-9]+/{number}[.]m4s$"), hold_pictures)
        page.route(re.compile(rf"/a1-1/{number - 1}[.]m4s$"), hold_sound)
        page.evaluate(f"() => begin(jumpsBeforeAKey('{stack.url}/v/{assets[AES]}/index.m3u8', {number}))")
        report = page.evaluate("() => window.report")
    assert any("/keys/" in url for url in gone)
    assert any(url.endswith(f"/{number}.m4s") for url in gone)
    assert "failed" not in report, report
    assert report["errors"] == []
    assert abs(report["end"] - SECONDS) < 0.1


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

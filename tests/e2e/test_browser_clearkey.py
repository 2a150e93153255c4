"""Common Encryption in Chromium: players that nobody here wrote, and ours, decrypt by its ClearKey.

A canvas sees nothing of encrypted media, so pictures are judged by what is on the screen. The clip grows from black to
white; what is not decrypted, or with the wrong key, is no picture at all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.e2e.stack import until
from tests.e2e.test_players import HERE, PLAYERS, _open, make_fade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

    from tests.e2e.stack import Stack

WATCHED: Final = {
    "cbcs": ("hls.js", "Shaka Player, HLS", "Shaka Player, DASH", "dash.js"),
    "cenc": ("hls.js", "Shaka Player, HLS", "Shaka Player, DASH"),
}
CASES: Final = [(scheme, title) for scheme, titles in WATCHED.items() for title in titles]
AV1: Final = """
codecs = ["h264", "av1"]
ladder = [
  { height = 90, average_kbps = 100, codecs = ["h264"] },
  { height = 180, average_kbps = 300, codecs = ["av1"] },
]
"""
NO_KEY: Final = "AAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture(scope="module")
def assets(stack: Stack, tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> dict[str, str]:
    """A clip in each scheme, ready."""
    path = make_fade(tmp_path_factory.mktemp("clearkey") / "clip.mp4", ffmpeg, seconds=12)
    made = {}
    for scheme in WATCHED:
        file = stack.home / "profiles" / f"{scheme}.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f'encryption = "{scheme}"\nper_title = false\n')
        made[scheme] = stack.upload(path, profile=scheme)
        file.unlink()
    for asset in made.values():
        stack.wait_for(asset, "ready", within=300)
    return made


def brightness(page: Page, ffmpeg: str, folder: Path) -> float:
    """Mean brightness of the video on the screen, 0 to 255."""
    file = folder / "screen.png"
    page.locator("video").screenshot(path=file)
    command = [ffmpeg, "-v", "error", "-i", file, "-vf", "crop=iw/2:ih/2", "-pix_fmt", "gray", "-f", "rawvideo", "-"]
    shown = subprocess.run(command, check=True, capture_output=True).stdout
    return sum(shown) / len(shown)


@pytest.fixture(scope="module")
def reports(
    stack: Stack, assets: dict[str, str], browser: Browser, ffmpeg: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Any]:
    """What each player saw, all of them at a time; and what is on the screen in the middle, after the end."""
    folder = tmp_path_factory.mktemp("screens")
    with ExitStack() as contexts:
        pages = {}
        for scheme, title in CASES:
            context = browser.new_context()
            contexts.callback(context.close)
            script, name, manifest, _ = PLAYERS[title]
            page = pages[scheme, title] = _open(context, stack, script)
            where = f"{stack.url}/v/{assets[scheme]}"
            page.evaluate(f"() => begin(listen({name!r}, '{where}/{manifest}', '{where}/license'))")
        found = {}
        for case, page in pages.items():
            found[case] = page.evaluate("() => window.report")
            if "failed" not in found[case]:
                found[case]["screen"] = brightness(page, ffmpeg, folder)
        return found


@pytest.mark.parametrize(("scheme", "title"), CASES)
def test_it_plays_seeks_changes_the_language_and_ends(
    reports: dict[tuple[str, str], Any], scheme: str, title: str
) -> None:
    report = reports[scheme, title]
    assert "failed" not in report, report
    assert report["errors"] == []
    assert {language[:2] for language in report["languages"]} == {"en", "de"}
    assert report["frames"] > 25
    assert abs(report["screen"] - 255 / 2) < 25


@pytest.mark.parametrize("scheme", WATCHED)
def test_every_playlist_is_valid_in_strict_mode(stack: Stack, assets: dict[str, str], scheme: str) -> None:
    printed = subprocess.run(
        ["node", HERE / "check_playlists.mjs", f"{stack.url}/v/{assets[scheme]}/index.m3u8"],
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        cwd=HERE, check=True, capture_output=True, text=True, timeout=300,
    ).stdout  # fmt: skip
    checked = json.loads(printed)
    assert checked["errors"] == []
    assert checked["playlists"] >= 4


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_the_site_plays_it(stack: Stack, page: Page, assets: dict[str, str], ffmpeg: str, tmp_path: Path) -> None:
    page.goto(f"{stack.url}/?watch={assets['cbcs']}")
    until(lambda: page.evaluate("document.querySelector('video')?.ended"), "it is played to the end", within=60)
    page.evaluate("document.querySelector('media-control-bar').remove()")
    assert brightness(page, ffmpeg, tmp_path) > 240


def test_the_site_plays_av1_of_it(stack: Stack, page: Page, ffmpeg: str, tmp_path: Path) -> None:
    """The larger step is in AV1 alone (test_browser_codecs.py)."""
    file = stack.home / "profiles" / "cbcs-av1.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f'encryption = "cbcs"\n{AV1}')
    asset = stack.upload(make_fade(tmp_path / "clip.mp4", ffmpeg, seconds=12), profile="cbcs-av1")
    file.unlink()
    stack.wait_for(asset, "ready", within=300)
    fetched: list[str] = []
    page.on("response", lambda response: fetched.append(response.url))
    page.goto(f"{stack.url}/?watch={asset}")
    until(lambda: page.evaluate("document.querySelector('video')?.ended"), "it is played to the end", within=60)
    assert [url for url in fetched if "/v180-av1-1/" in url]
    page.evaluate("document.querySelector('media-control-bar').remove()")
    assert brightness(page, ffmpeg, tmp_path) > 240


@pytest.mark.parametrize("title", ["Shaka Player, DASH", "hls.js"])
@pytest.mark.parametrize("status", [200, 403])
def test_without_the_right_key_there_is_an_error_and_no_picture(
    stack: Stack, browser: Browser, assets: dict[str, str], title: str, status: int
) -> None:
    """A licence is refused, or has a key that is another's."""

    def answer(route: Route) -> None:
        asked = json.loads(route.request.post_data or "")
        keys = [{"kty": "oct", "kid": kid, "k": NO_KEY} for kid in asked["kids"]]
        route.fulfill(status=status, json={"keys": keys, "type": "temporary"})

    script, name, manifest, _ = PLAYERS[title]
    context = browser.new_context()
    try:
        page = _open(context, stack, script)
        page.route("**/license", answer)
        where = f"{stack.url}/v/{assets['cbcs']}"
        page.evaluate(f"() => begin(fails({name!r}, '{where}/{manifest}', '{where}/license'))")
        report = page.evaluate("() => window.report")
    finally:
        context.close()
    assert "failed" not in report, report
    assert report["errors"]
    assert report["time"] < 1

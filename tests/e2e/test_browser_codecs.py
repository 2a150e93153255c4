"""Other codecs than H.264 in headless Chromium, by hls.js: AV1 plays, HEVC (which Debian's lacks) is left alone."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.e2e.stack import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.e2e.stack import Stack

_PROFILE = """
codecs = ["h264", "hevc", "av1"]
ladder = [
  { height = 90, average_kbps = 100, codecs = ["h264"] },
  { height = 180, average_kbps = 300, codecs = ["hevc", "av1"] },
]
"""
"""The larger step is not in H.264: what is seen of it is in another codec."""


@pytest.fixture
def asset(stack: Stack, tmp_path: Path, ffmpeg: str) -> Iterator[str]:
    """An asset in three codecs, ready and published."""
    clip = tmp_path / "codecs.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=6"]
    subprocess.run([ffmpeg, "-nostdin", "-loglevel", "error", *source, "-preset", "ultrafast", str(clip)], check=True)
    file = stack.home / "profiles" / "codecs.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(_PROFILE)
    made = stack.upload(clip, profile="codecs")
    file.unlink()
    stack.wait_for(made, "ready")
    yield made
    with stack.client() as client:
        client.delete(f"/api/assets/{made}").raise_for_status()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_chromium_plays_av1(stack: Stack, page: Page, asset: str) -> None:
    fetched: list[str] = []
    page.on("response", lambda response: fetched.append(response.url))
    page.goto(f"{stack.url}/?watch={asset}")
    until(lambda: page.evaluate("document.querySelector('video')?.ended"), "it is played to the end", within=60)
    assert page.evaluate("document.querySelector('video').videoWidth") == 320
    assert [url for url in fetched if "/v180-av1-1/" in url]
    assert not [url for url in fetched if "/v180-hevc-1/" in url]


def test_its_media_source_knows_what_codecs_say(stack: Stack, page: Page, asset: str) -> None:
    page.goto(stack.url)
    with stack.client() as client:
        listed = client.get(f"/v/{asset}/index.m3u8").text
    said = [line.split('CODECS="')[1].split('"')[0] for line in listed.splitlines() if line.startswith("#EXT-X-STREAM")]
    known = {
        codecs: page.evaluate('codecs => MediaSource.isTypeSupported(`video/mp4; codecs="${codecs}"`)', codecs)
        for codecs in said
    }
    assert len(known) == 3
    assert [codecs[:4] for codecs, plays in sorted(known.items()) if plays] == ["av01", "avc1"]

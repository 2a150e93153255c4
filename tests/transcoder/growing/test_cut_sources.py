"""What is made of a source that is cut off where it has arrived is, to the byte, what is made of the whole."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.transcoder.growing.test_growth import ASSET, SOURCE
from tests.transcoder.growing.test_scan import scanned, sources_with
from transcoder.audio import encode_audio
from transcoder.encoder_settings import EncoderSettings
from transcoder.growing.growth import SETTINGS
from transcoder.growing.released import released
from transcoder.index import index_source
from transcoder.planner import make_plan
from transcoder.reads import source_reads
from transcoder.video import encode_video
from transcoder.windows import VIDEO, Window

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.layout import RenditionId
    from transcoder.plan import Plan

ENCODER = EncoderSettings(preset="superfast", threads=1)
FORMATS = {"clip.ts": "mpegts", "clip.mkv": "matroska", "fragmented.mp4": "mov", "fast.mp4": "mov"}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Path:
    """8 s at 30000/1001 frames/s with B pictures in pyramids, and a tone."""
    folder = tmp_path_factory.mktemp("clips")
    made = folder / "made.mkv"
    subprocess.run(
        [
            ffmpeg, "-hide_banner", "-loglevel", "error",
            "-f", "lavfi", "-i", "testsrc=size=160x90:rate=30000/1001", "-f", "lavfi", "-i", "sine=sample_rate=48000",
            "-t", "8", "-c:v", "libx264", "-preset", "fast", "-bf", "4", "-g", "90", "-pix_fmt", "yuv420p",
            "-c:a", "aac", made,
        ],
        check=True,
    )  # fmt: skip
    options = {"fragmented.mp4": ("-movflags", "frag_keyframe+empty_moov"), "fast.mp4": ("-movflags", "faststart")}
    for name in FORMATS:
        copy = ["-c", "copy", *options.get(name, ())]
        subprocess.run([ffmpeg, "-loglevel", "error", "-i", made, *copy, folder / name], check=True)
    return folder


async def made_of(plan: Plan, number: int, path: Path) -> dict[tuple[RenditionId, int | None], bytes]:
    """All objects of one segment."""
    found: dict[tuple[RenditionId, int | None], bytes] = {}

    async def sink(rendition: RenditionId, part: int | None, body: bytes) -> None:
        found[rendition, part] = body

    await encode_video(plan, Window(track=VIDEO, first=number, count=1), source=path, sink=sink, settings=ENCODER)
    for track in plan.audio:
        window = Window(track=track.id, first=number, count=1)
        await encode_audio(plan, track, window, source=path, sink=sink, settings=ENCODER)
    return found


async def check_same(plan: Plan, body: bytes, whole: Path) -> None:
    """The last segment of a plan is the same of these first bytes of a source as of all of them."""
    assert plan.video is not None
    last = plan.video.segments - 1
    plan = replace(plan, source=replace(plan.source, demuxer=FORMATS[whole.name]))
    cut = whole.with_name(f"cut-{whole.name}")
    cut.write_bytes(body)
    made = await made_of(plan, last, cut)
    assert made == await made_of(plan, last, whole)
    assert len(made) == 2 * len(plan.renditions())


@pytest.mark.parametrize("name", ["clip.ts", "clip.mkv", "fragmented.mp4"])
async def test_of_a_stream(name: str, clips: Path, tmp_path: Path) -> None:
    body = (clips / name).read_bytes()
    first: dict[int, tuple[Plan, bytes]] = {}
    for percent in range(45, 100, 12):
        part = body[: len(body) * percent // 100]
        sources = await sources_with(part, tmp_path / f"{percent}")
        async with sources.open(ASSET, 1) as source:
            plans, _ = await scanned(source, FORMATS[name])
        plan = plans[-1]
        assert plan.video is not None
        first.setdefault(plan.video.segments, (plan, part))
    assert len(first) >= 2
    for plan, part in first.values():
        await check_same(plan, part, clips / name)


async def test_of_tables(clips: Path) -> None:
    path = clips / "fast.mp4"
    index = await index_source(path, demuxer="mov")
    plan = make_plan(asset=ASSET, version=1, source=SOURCE, index=index, settings=SETTINGS)
    needs = source_reads(index, plan.video, plan.audio, behind=0)
    assert needs is not None
    for count in (1, 3):
        least = max(end for spans in (needs.video, *needs.audio.values()) for _, end in spans[:count])
        part = released(plan, needs, least)
        assert part is not None
        assert part.video is not None
        assert part.video.segments == count
        await check_same(part, path.read_bytes()[:least], path)

"""What is made of a segment as soon as it is in the plan is, to the byte, what is made of it once all is there."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import pytest

from tests.transcoder.growing.feeding import grown
from tests.transcoder.growing.test_growth import ASSET, SOURCE
from transcoder.audio import encode_audio
from transcoder.encoder_settings import EncoderSettings
from transcoder.growing.growth import LOOK_AHEAD
from transcoder.growing.released import released
from transcoder.index import index_source
from transcoder.planner import make_plan
from transcoder.profile import DEFAULT
from transcoder.reads import source_reads
from transcoder.video import encode_video
from transcoder.windows import VIDEO, Window

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.layout import RenditionId
    from transcoder.plan import Plan

ENCODER = EncoderSettings(preset="superfast", threads=1)
FORMATS = {
    "clip.ts": "mpegts", "clip.mkv": "matroska", "fragmented.mp4": "mov", "frame.mp4": "mov", "fast.mp4": "mov",
    "old.ts": "mpegts", "vorbis.webm": "matroska", "opus.mkv": "matroska",
}  # fmt: skip
OPTIONS = {
    "fragmented.mp4": ("-movflags", "frag_keyframe+empty_moov"),
    "frame.mp4": ("-movflags", "frag_every_frame+empty_moov"),
    "fast.mp4": ("-movflags", "faststart"),
    "old.ts": ("-c:v", "mpeg2video", "-bf", "2", "-c:a", "mp2"),
    # Not "realtime": there the encoder's decisions follow the load of the machine.
    "vorbis.webm": ("-c:v", "libvpx", "-deadline", "good", "-cpu-used", "5", "-auto-alt-ref", "1", "-c:a", "libvorbis"),
    "opus.mkv": ("-c:a", "libopus"),
}


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
    for name in FORMATS:
        copy = ["-c", "copy", *OPTIONS.get(name, ())]
        subprocess.run([ffmpeg, "-loglevel", "error", "-i", made, *copy, folder / name], check=True)
    return folder


async def made_of(plan: Plan, number: int, path: Path) -> dict[tuple[RenditionId, int | None], bytes]:
    """All objects of the last segment, which is segment `number`."""
    found: dict[tuple[RenditionId, int | None], bytes] = {}

    async def sink(rendition: RenditionId, part: int | None, body: bytes) -> None:
        found[rendition, part] = body

    await encode_video(plan, Window(track=VIDEO, first=number, count=1), source=path, sink=sink, settings=ENCODER)
    return found | await sound_of(plan, path)


async def sound_of(plan: Plan, path: Path) -> dict[tuple[RenditionId, int | None], bytes]:
    """The sound of a plan's last segment."""
    found: dict[tuple[RenditionId, int | None], bytes] = {}

    async def sink(rendition: RenditionId, part: int | None, body: bytes) -> None:
        found[rendition, part] = body

    for track in plan.audio:
        window = Window(track=track.id, first=track.segments - 1, count=1)
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


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"fast.mp4"}))
async def test_of_a_stream(name: str, clips: Path) -> None:
    body = (clips / name).read_bytes()
    plans = list(grown(body, asset=ASSET, source=replace(SOURCE, demuxer=FORMATS[name])))
    assert len(plans) == 3
    for arrived, plan in (plans[0], plans[-1]):
        await check_same(plan, body[:arrived], clips / name)


@pytest.mark.parametrize("name", ["clip.mkv", "frame.mp4", "opus.mkv", "vorbis.webm"])
def test_little_behind_a_segment_is_waited_for(name: str, clips: Path) -> None:
    """Where pictures and sound take turns in the file: the sound that is looked ahead at is 0.18 s, six pictures."""
    source = replace(SOURCE, demuxer=FORMATS[name])
    with av.open(str(clips / name)) as container:
        places = [packet.pos for packet in container.demux(container.streams.video[0]) if packet.pos is not None]
    for arrived, plan in grown((clips / name).read_bytes(), asset=ASSET, source=source):
        assert plan.video is not None
        assert 0 < sum(place < arrived for place in places) - plan.video.frames <= 12


def cut_behind_sound(path: Path, plan: Plan) -> bytes:
    """The source up to the packet with which a plan's last segment has all the sound that it waits for."""
    (track,) = plan.audio
    wanted = track.origin + (Fraction(track.samples, track.sample_rate) + LOOK_AHEAD) / track.time_base
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux() if packet.pts is not None]
    # The later packets of a PES have no position of their own.
    places = [packet.pos for packet in packets if packet.pos is not None]
    begin = max(
        packet.pos
        for packet in packets
        if packet.stream_index == track.stream and packet.pos is not None and packet.pts < wanted
    )
    return path.read_bytes()[: min(place for place in places if place > begin)]


@pytest.mark.parametrize("name", ["clip.ts", "clip.mkv", "frame.mp4", "old.ts", "opus.mkv", "vorbis.webm"])
async def test_of_sound_that_comes_late(name: str, clips: Path) -> None:
    source = replace(SOURCE, demuxer=FORMATS[name])
    _, plan = next(grown((clips / name).read_bytes(), asset=ASSET, source=source))
    cut = clips / f"sound-{name}"
    cut.write_bytes(cut_behind_sound(clips / name, plan))
    assert await sound_of(plan, cut) == await sound_of(plan, clips / name)


async def test_of_tables(clips: Path) -> None:
    path = clips / "fast.mp4"
    index = await index_source(path, demuxer="mov", length=path.stat().st_size)
    plan = make_plan(asset=ASSET, version=1, source=SOURCE, index=index, profile=DEFAULT.early())
    needs = source_reads(index, plan.video, plan.audio, behind=0)
    assert needs is not None
    for count in (1, 3):
        least = max(end for spans in (needs.video, *needs.audio.values()) for _, end in spans[:count])
        part = released(plan, needs, least)
        assert part is not None
        assert part.video is not None
        assert part.video.segments == count
        await check_same(part, path.read_bytes()[:least], path)

"""An encode that has only what was fetched for it gives the same bytes as one that has the whole file.

Holes of a sparse file read as zeros, which a decoder may take with good grace. So they are filled with noise here.
"""

from __future__ import annotations

import dataclasses
import random
import subprocess
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from infra.errors import ObjectStoreError
from manifests.layout import AssetId, RenditionId
from transcoder.audio import encode_audio
from transcoder.encoder_settings import EncoderSettings
from transcoder.index import index_source
from transcoder.inputs import Reading
from transcoder.plan import AudioPlan, Plan, SourceReads, SourceRef, VideoPlan
from transcoder.planner import make_plan
from transcoder.sniff import HEAD, sniff
from transcoder.source_limits import SourceLimits
from transcoder.sources.blocks import BLOCK
from transcoder.sources.spans import listed, prepare
from transcoder.video import encode_video
from transcoder.windows import Window

if TYPE_CHECKING:
    from pathlib import Path

    from tests.transcoder.sources.conftest import Shop
    from transcoder.sources.source import OpenSource

ASSET = AssetId("clip")
SETTINGS = EncoderSettings(preset="superfast", threads=1)  # with more, two encodes of the same pictures may differ

# Long files of every container: clip, how often it comes, options of the muxer, and the share of it that one window
# may read: all, where the format has no index and ffmpeg reads from the start.
LONDON = "real/androidx_london_rooftop_360p30_aac.mp4"
LONG = {
    "moov-at-end.mp4": (LONDON, 8, (), 0.4),
    "fragments.mp4": (LONDON, 8, ("-movflags", "empty_moov+frag_keyframe"), 0.8),
    "dash.mp4": (LONDON, 8, ("-movflags", "dash+frag_keyframe"), 1),
    "prores.mov": ("odd/x_prores_lt_360p25_pcm24_tmcd.mov", 12, (), 1),
    "uneven.mp4": ("odd/x_h264_vfr_25_4_8fps_aac.mp4", 10, (), 0.6),
    "h264.mkv": (LONDON, 8, (), 0.9),
    "multi.mkv": ("odd/x_multi_audio_eng_spa_subs_eng_spa_ara.mkv", 12, (), 1),
    "vp8.webm": ("real/tearsofsteel_battle_332p24_vp8_vorbis.webm", 6, (), 0.4),
    "h264.ts": (LONDON, 8, (), 0.7),
    "h264.mts": (LONDON, 6, ("-mpegts_m2ts_mode", "1"), 0.7),
    "mpeg2.mpg": ("real/kivy_cityCC0_405p25_mpeg2.mpg", 6, ("-f", "vob"), 0.9),
    "mjpeg.avi": ("odd/mei_canon_mjpeg_480p30_pcm.avi", 12, (), 0.9),
    "mpeg2.mxf": ("odd/x_mxf_mpeg2_422_pcm_tc.mxf", 40, (), 0.9),
    "h264.flv": (LONDON, 5, (), 1),
    "h264.asf": (LONDON, 8, (), 0.7),
}


def make_long(clip: Path, times: int, options: tuple[str, ...], path: Path, ffmpeg: str) -> None:
    subprocess.run(
        [
            ffmpeg, "-hide_banner", "-loglevel", "fatal", "-stream_loop", str(times - 1), "-i", clip, "-c", "copy",
            "-map", "0:v:0", "-map", "0:a:0?", "-map_metadata", "-1", *options, path,
        ],
        check=True,
    )  # fmt: skip


async def plan_of(path: Path) -> Plan:
    """The plan of a file, with its smallest rung alone."""
    body, limits = path.read_bytes(), SourceLimits()
    demuxer = sniff(body[:HEAD], body[-HEAD:])
    index = await index_source(path, demuxer=demuxer, limits=limits)
    plan = make_plan(
        asset=ASSET, version=1, source=SourceRef(key="source", size=len(body), demuxer=demuxer), index=index,
        limits=limits,
    )  # fmt: skip
    if plan.video is None:
        return plan
    smallest = min(plan.video.rungs, key=lambda rung: rung.width * rung.height)
    return dataclasses.replace(plan, video=dataclasses.replace(plan.video, rungs=(smallest,)))


async def encoded(path: Path, plan: Plan, track: str, number: int, **more: object) -> dict[object, bytes]:
    """One segment of a track."""
    made: dict[object, bytes] = {}

    async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
        made[rendition, number] = body

    window = Window(track=track, first=number, count=1)
    if track == "video":
        await encode_video(plan, window, source=path, sink=sink, settings=SETTINGS, **more)
    else:
        sound = next(each for each in plan.audio if each.id == track)
        await encode_audio(plan, sound, window, source=path, sink=sink, settings=SETTINGS, **more)
    return made


def poison(source: OpenSource, body: bytes, path: Path) -> None:
    """The local file, with noise for what was not fetched."""
    dice = random.Random(4)
    with path.open("wb") as file:
        for start in range(0, len(body), BLOCK):
            block = body[start : start + BLOCK]
            file.write(block if source.holds([(start, start + len(block))]) else dice.randbytes(len(block)))


async def reads_right(shop: Shop, path: Path, plan: Plan) -> float:
    """Encode segments at the start, in the middle and at the end, each with no more than was fetched for it.

    Returns the largest share of the file that one of them fetched.
    """
    body = path.read_bytes()
    largest = 0
    video = plan.video
    wanted = [("video", number) for number in sorted({0, video.segments // 2, video.segments - 1})] if video else []
    wanted += [(track.id, track.segments // 2) for track in plan.audio[:1]]
    for track, number in wanted:
        asset = AssetId(f"{track}-{number}")
        await shop.upload(body, asset=asset)
        part = path.with_name("part")
        async with shop.sources().open(asset, 1) as source:

            async def ready(reading: Reading, source: OpenSource = source, part: Path = part) -> None:
                await prepare(source, plan, reading, small=0)
                poison(source, body, part)

            whole = await encoded(path, plan, track, number)
            assert await encoded(part, plan, track, number, ready=ready) == whole, (track, number)
            largest = max(largest, len(body) - source.lacking())
    return largest / len(body)


@pytest.mark.parametrize("name", LONG)
async def test_a_window_of_a_long_file_is_the_same_from_what_was_fetched_for_it(
    name: str, shop: Shop, media: Path, tmp_path: Path, ffmpeg: str
) -> None:
    clip, times, options, most = LONG[name]
    path = tmp_path / name
    make_long(media / clip, times, options, path, ffmpeg)
    plan = await plan_of(path)
    assert await reads_right(shop, path, plan) <= most


async def test_a_scout_finds_what_tables_tell(shop: Shop, media: Path, tmp_path: Path, ffmpeg: str) -> None:
    clip, times, options, most = LONG["moov-at-end.mp4"]
    path = tmp_path / "long.mp4"
    make_long(media / clip, times, options, path, ffmpeg)
    plan = dataclasses.replace(await plan_of(path), reads=None)
    assert await reads_right(shop, path, plan) <= most


def _plan() -> Plan:
    """Four segments of 4 s at 25 frames/s whose zero lies at 10 s on the source's clock, with sound."""
    rates = {"rate": Fraction(25), "frames": 400, "gop": 50, "segment": 100, "time_base": Fraction(1, 25)}
    video = VideoPlan(
        stream=0, **rates, origin=250, starts=(250, 350, 450, 550), constant=True, interlaced=False, hdr=None,
        rotation=0, mirrored=False, width=320, height=180, rungs=(),
    )  # fmt: skip
    audio = AudioPlan(
        id=RenditionId("a1-1"), stream=1, time_base=Fraction(1, 48000), origin=480_000, sample_rate=48000, channels=2,
        samples=16 * 48000, cuts=(0, 187, 375, 562, 750), bitrate=128_000, codecs="mp4a.40.2", language="en",
        name="English", default=True,
    )  # fmt: skip
    source = SourceRef(key="source", size=10_000, demuxer="mov")
    return Plan(asset=ASSET, version=1, source=source, video=video, audio=(audio,))


READS = SourceReads(
    head=((0, 100), (9000, 9500)),
    video=((100, 210), (200, 310), (300, 410), (400, 500)),
    audio={RenditionId("a1-1"): ((500, 610), (600, 710), (700, 810), (800, 900))},
)


@pytest.mark.parametrize(
    ("track", "seek", "end", "segments"),
    [
        pytest.param("video", 14, 18, [1], id="one"),
        pytest.param("video", 12, 18, [0, 1], id="with a margin"),
        pytest.param("video", 4, 18, [0, 1], id="before the first"),
        pytest.param("video", None, 22, [0, 1, 2], id="from the start of the file"),
        pytest.param("video", 22, 26, [3], id="to the end"),
        pytest.param("a1-1", Fraction(13), Fraction("14.04"), [0, 1], id="sound, with its pre-roll"),
        pytest.param("a1-1", 25, 40, [3], id="sound, to the end"),
    ],
)
def test_a_reading_is_the_head_and_the_segments_that_it_comes_by(
    track: str, seek: Fraction | None, end: Fraction, segments: list[int]
) -> None:
    spans = READS.video if track == "video" else READS.audio[RenditionId(track)]
    reading = Reading(track=track, stream=0, seek=seek, end=end)
    assert listed(_plan(), READS, reading) == [*READS.head, *(spans[number] for number in segments)]


async def test_a_short_source_is_fetched_whole_without_a_question(shop: Shop) -> None:
    body = b"no media at all" * BLOCK
    await shop.upload(body)
    async with shop.sources().open(AssetId("clip"), 1) as source:
        await prepare(source, _plan(), Reading(track="video", stream=0, seek=None, end=Fraction(1)))
        assert source.path.read_bytes() == body


async def test_a_source_that_no_scout_can_read_is_fetched_whole(shop: Shop) -> None:
    body = b"no media at all" * BLOCK
    await shop.upload(body)
    async with shop.sources().open(AssetId("clip"), 1) as source:
        await prepare(source, _plan(), Reading(track="video", stream=0, seek=None, end=Fraction(1)), small=0)
        assert source.lacking() == 0


async def test_a_store_that_fails_under_a_scout_is_the_stores_fault(shop: Shop) -> None:
    await shop.upload(b"no media at all" * BLOCK)
    shop.store.broken = True
    async with shop.sources().open(AssetId("clip"), 1) as source:
        with pytest.raises(ObjectStoreError):
            await prepare(source, _plan(), Reading(track="video", stream=0, seek=None, end=Fraction(1)), small=0)

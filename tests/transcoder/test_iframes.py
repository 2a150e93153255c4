"""Key pictures as byte ranges of real segments: each can be fetched and shown alone."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.memory import MemoryStore
from manifests import layout
from manifests.layout import AssetId, RenditionId
from tests.transcoder.house import make_clip
from transcoder.describe import beside, iframes, multivariant
from transcoder.encoder_settings import EncoderSettings
from transcoder.facts import write_plan
from transcoder.finish import finish
from transcoder.iframes import find_iframes, shown_in_trick_play
from transcoder.index import index_source
from transcoder.measured import IFrame, load
from transcoder.plan import Plan, Protection, SourceRef
from transcoder.planner import make_plan
from transcoder.profile import Encryption
from transcoder.publish import key_of
from transcoder.remaining import expected
from transcoder.static_manifests import enlist
from transcoder.video import encode_video
from transcoder.windows import windows

if TYPE_CHECKING:
    from pathlib import Path

    from infra.ports import ObjectBody
    from manifests.hls import MediaPlaylist
    from transcoder.measured import Measured

ASSET = AssetId("clip")


class CountingStore(MemoryStore):
    """Counts what is fetched of segments."""

    reads = fetched = 0

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> ObjectBody:
        body = await super().get(key, start=start, length=length)
        if key.endswith(".m4s"):
            self.reads, self.fetched = self.reads + 1, self.fetched + body.length
        return body


class Made:
    """An asset as it stands in the bucket when it is finished."""

    def __init__(self, plan: Plan, store: CountingStore, measured: Measured) -> None:
        self.plan, self.store, self.measured = plan, store, measured

    def playlist(self, rendition: RenditionId) -> MediaPlaylist:
        return iframes(self.plan, self.measured, rendition, uri_of=beside(layout.media_prefix(ASSET, rendition)))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Made:
    """9 s at 25 frames/s without sound, two rungs: segments of two GOPs and of a half one."""
    return asyncio.run(_finished(make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", ffmpeg, seconds=9)))


async def _finished(path: Path) -> Made:
    index = replace(await index_source(path, demuxer="mov"), audio=())
    source = SourceRef(key=layout.source(ASSET, 1), size=path.stat().st_size, demuxer="mov")
    plan, store = make_plan(asset=ASSET, version=1, source=source, index=index), CountingStore()

    async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
        await store.put(key_of(ASSET, rendition, number), body, content_type="video/mp4")

    settings = EncoderSettings(preset="superfast", threads=1)
    for window in windows(plan):
        await encode_video(plan, window, source=path, sink=sink, settings=settings)
    await write_plan(store, plan)
    assert await finish(store, plan) is None
    return Made(plan, store, load(await store.read(layout.measured(ASSET, 1))))


def test_6_1_two_rungs_are_enough(made: Made) -> None:
    assert made.plan.video is not None
    ids = [rung.id for rung in made.plan.video.rungs]
    assert set(shown_in_trick_play(made.plan)) == set(ids[:2])
    seven = replace(made.plan.video, rungs=tuple(
        replace(made.plan.video.rungs[0], id=RenditionId(f"v{height}-1"), bandwidth=height)
        for height in (2160, 1440, 1080, 720, 540, 360, 234)
    ))  # fmt: skip
    assert shown_in_trick_play(replace(made.plan, video=seven)) == ("v234-1", "v720-1")
    assert shown_in_trick_play(replace(made.plan, video=replace(seven, rungs=seven.rungs[:1]))) == ("v2160-1",)
    assert shown_in_trick_play(replace(made.plan, video=None)) == ()
    assert shown_in_trick_play(replace(made.plan, protection=Protection(scheme=Encryption.AES_128))) == ()


def test_6_8_every_gop_is_listed_and_the_durations_sum_to_the_end(made: Made) -> None:
    assert made.plan.video is not None
    for rendition in shown_in_trick_play(made.plan):
        playlist = made.playlist(rendition)
        assert playlist.iframes_only
        assert [segment.uri for segment in playlist.segments] == ["0.m4s", "0.m4s", "1.m4s", "1.m4s", "2.m4s"]
        assert [segment.duration for segment in playlist.segments] == [2, 2, 2, 2, 1]
        assert playlist.target_duration == 2


async def test_6_10_each_range_is_a_moof_and_one_idr_that_decodes_alone(
    made: Made, ffmpeg: str, tmp_path: Path
) -> None:
    assert made.plan.video is not None
    for rung in made.plan.video.rungs:
        init = await made.store.read(layout.init(ASSET, rung.id))
        decoded = []
        for number, segment in enumerate(made.playlist(rung.id).segments):
            assert segment.byte_range is not None
            body = await made.store.read(f"{layout.media_prefix(ASSET, rung.id)}{segment.uri}")
            part = body[segment.byte_range.start : segment.byte_range.end]
            assert part[4:8] == b"moof"
            moof = int.from_bytes(part[:4], "big")
            assert part[moof + 4 : moof + 8] == b"mdat"
            assert nal_types(part[moof + 8 :]) == [5], "one picture, and it is an IDR"
            alone = tmp_path / f"{rung.id}-{number}.mp4"
            alone.write_bytes(init + part)
            decoded += pictures_of(ffmpeg, alone)
        whole = tmp_path / f"{rung.id}.mp4"
        bodies = [await made.store.read(layout.segment(ASSET, rung.id, number)) for number in range(3)]
        whole.write_bytes(b"".join([init, *bodies]))
        assert decoded == pictures_of(ffmpeg, whole)[:: made.plan.video.gop // rung.divisor]


def nal_types(sample: bytes) -> list[int]:
    found, at = [], 0
    while at < len(sample):
        length = int.from_bytes(sample[at : at + 4], "big")
        found.append(sample[at + 4] & 0x1F)
        at += 4 + length
    assert at == len(sample), "a picture that is cut off, or more than one"
    return found


def pictures_of(ffmpeg: str, path: Path) -> list[str]:
    """A digest of each picture that can be decoded."""
    printed = subprocess.run(
        [
            ffmpeg, "-nostdin", "-loglevel", "quiet", "-i", path, "-map", "0:v", "-fps_mode", "passthrough",
            "-f", "framemd5", "-",
        ],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return [line.rsplit(",", 1)[1].strip() for line in printed.splitlines() if not line.startswith("#")]


def test_9_13_i_frame_variants_have_measured_rates(made: Made) -> None:
    found = multivariant(made.plan, made.measured, uri_of=beside(layout.media_prefix(ASSET))).iframe_variants
    assert {variant.uri.partition("/")[0] for variant in found} == set(shown_in_trick_play(made.plan))
    for variant in found:
        rendition = RenditionId(variant.uri.partition("/")[0])
        sizes = [(segment.byte_range.length, segment.duration) for segment in made.playlist(rendition).segments
                 if segment.byte_range is not None]  # fmt: skip
        runs = [sizes[first:last] for first in range(5) for last in range(first + 1, 6)]
        rates = [
            8 * sum(size for size, _ in run) / sum(length for _, length in run)
            for run in runs
            if 1 <= sum(length for _, length in run) <= 3
        ]
        assert 0 <= variant.bandwidth - max(rates) < 1
        assert variant.average_bandwidth is not None
        assert 0 <= variant.average_bandwidth - 8 * sum(size for size, _ in sizes) / 9 < 1
        assert len(variant.codecs) == 1
        assert variant.resolution is not None


def test_nothing_is_listed_until_it_is_measured(made: Made) -> None:
    assert multivariant(made.plan, None, uri_of=str).iframe_variants == ()
    with pytest.raises(KeyError):
        iframes(made.plan, made.measured, RenditionId("v1-1"), uri_of=str)


async def test_of_a_large_object_only_the_boxes_before_the_pictures_are_read(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung = shown_in_trick_play(made.plan)[-1]
    sizes = {name: made.measured.renditions[name].segments for name in shown_in_trick_play(made.plan)}
    monkeypatch.setattr("transcoder.iframes._WHOLE", 0)
    made.store.reads = made.store.fetched = 0
    assert (await find_iframes(made.store, made.plan, sizes))[rung] == made.measured.renditions[rung].iframes
    assert made.store.reads == 2 * 5, "one for each key picture of both rungs"
    assert made.store.fetched <= 2 * 5 * 4096


async def test_an_object_that_is_no_segment_costs_the_i_frames_and_nothing_else(plan: Plan) -> None:
    store = MemoryStore()
    await write_plan(store, plan)
    for rendition, number in expected(plan):
        await store.put(key_of(plan.asset, rendition, number), b"no fragment", content_type="video/mp4")
    assert await finish(store, plan) is None
    measured = load(await store.read(layout.measured(plan.asset, 1)))
    assert {each.iframes for each in measured.renditions.values()} == {()}
    await enlist(store, plan.asset, 1)
    assert b"I-FRAME" not in await store.read(layout.multivariant(plan.asset))


async def test_what_was_measured_once_stands(made: Made) -> None:
    kept = await made.store.read(layout.measured(ASSET, 1))
    made.store.reads = 0
    assert await finish(made.store, made.plan) is None
    assert await made.store.read(layout.measured(ASSET, 1)) == kept
    assert made.store.reads == 0
    assert made.measured.renditions[shown_in_trick_play(made.plan)[0]].iframes[0][0] == IFrame(
        0, 0, made.measured.renditions[shown_in_trick_play(made.plan)[0]].iframes[0][0].length
    )

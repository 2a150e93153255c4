"""Probes of real encodes: small pictures, one piece."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from manifests.layout import AssetId, RenditionId
from transcoder import ladder
from transcoder.encoder_settings import EncoderSettings
from transcoder.errors import OutputBroken
from transcoder.per_title.probes import probe, scores
from transcoder.per_title.sampling import Sampling
from transcoder.plan import Plan, SourceRef
from transcoder.video import encode_video
from transcoder.windows import Window

if TYPE_CHECKING:
    from pathlib import Path

    from tests.transcoder.per_title.conftest import MakeVideo
    from transcoder.inputs import Reading

_SETTINGS = EncoderSettings(preset="superfast", threads=1)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Path:
    """8 s at 50 frames/s, 480x270: a zoom into noise and shapes."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    subprocess.run(
        [
            ffmpeg, "-loglevel", "error", "-f", "lavfi", "-i", "mandelbrot=size=480x270:rate=50:start_scale=0.5",
            "-t", "8", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "8", "-g", "50", "-pix_fmt", "yuv420p", path,
        ],
        check=True,
    )  # fmt: skip
    return path


@pytest.fixture
def plan(make_video: MakeVideo) -> Plan:
    video = make_video(480, 270, 50, 8)
    rungs = ladder.rungs(480, 270, rate=Fraction(50), version=1)
    source = SourceRef(key="sources/asset/1", size=1, demuxer="mov")
    return Plan(asset=AssetId("asset"), version=1, source=source, video=replace(video, rungs=rungs), audio=())


async def test_more_bits_look_better_and_larger_pictures_too(plan: Plan, clip: Path) -> None:
    assert plan.video is not None
    assert [rung.divisor for rung in plan.video.rungs] == [2, 2], "also at half the rate"
    picked = Sampling(
        segments=(1,), frames=50, scored=(12, 36), probed=plan.video.rungs, display=(960, 540)
    )  # fmt: skip
    read: list[Reading] = []

    async def ready(reading: Reading) -> None:
        read.append(reading)

    found = await probe(plan, picked, 1, source=clip, settings=_SETTINGS, ready=ready)
    by = {(probe.rendition, probe.crf): probe for probe in found}
    small, large = (rung.id for rung in plan.video.rungs)
    for rendition in (small, large):
        assert by[rendition, 25].rate > 1.5 * by[rendition, 33].rate
        assert by[rendition, 25].vmaf > by[rendition, 33].vmaf + 1
    for crf in (25, 33):
        assert by[large, crf].rate > by[small, crf].rate
        assert by[large, crf].vmaf > by[small, crf].vmaf
    assert 60 < by[large, 25].vmaf <= 100
    assert [reading.seek for reading in read] == [4], "what is read begins at the piece"
    assert read[0].end == 5, "and ends with it"


async def test_the_rate_is_that_of_an_encode_that_goes_on(plan: Plan, clip: Path) -> None:
    """A piece is half a GOP: its key picture must not count twice."""
    assert plan.video is not None
    picked = Sampling(segments=(1,), frames=50, scored=(12,), probed=plan.video.rungs[-1:], display=(960, 540))
    found = await probe(plan, picked, 1, source=clip, settings=_SETTINGS)
    made: dict[int | None, bytes] = {}

    async def keep(_: RenditionId, number: int | None, body: bytes) -> None:
        made[number] = body

    rung = replace(plan.video.rungs[-1], crf=25, maxrate=50_000_000, bufsize=50_000_000)
    whole = replace(plan, video=replace(plan.video, rungs=(rung,)))
    await encode_video(whole, Window(track="video", first=1, count=1), source=clip, sink=keep, settings=_SETTINGS)
    assert found[0].rate == pytest.approx(len(made[1]) * 8 / 4, rel=0.15)


async def test_the_init_section_is_the_same_under_any_ladder(plan: Plan, clip: Path) -> None:
    """Segments made before and after a title's ladder is chosen share one init section, to the byte."""
    assert plan.video is not None
    inits: list[dict[RenditionId, bytes]] = []
    for crf, part in ((22, 1), (33, 6)):
        rungs = tuple(
            replace(rung, crf=crf, maxrate=rung.maxrate // part, bufsize=rung.bufsize // part)
            for rung in plan.video.rungs
        )
        now = replace(plan, video=replace(plan.video, rungs=rungs))
        found: dict[RenditionId, bytes] = {}

        async def keep(
            rendition: RenditionId, number: int | None, body: bytes, found: dict[RenditionId, bytes] = found
        ) -> None:
            if number is None:
                found[rendition] = body

        await encode_video(now, Window(track="video", first=1, count=1), source=clip, sink=keep, settings=_SETTINGS)
        inits.append(found)
    assert inits[0] == inits[1]
    assert len(inits[0]) == 2


def test_a_log_that_lacks_a_picture_is_refused() -> None:
    log = b'{"frames": [{"metrics": {"vmaf": 9}}, {"metrics": {"vmaf": 80}}, {"metrics": {"vmaf": 90}}]}'
    picked = Sampling(segments=(), frames=50, scored=(12,), probed=(), display=(960, 540))
    assert scores(log, picked, 2) == [80, 90]
    with pytest.raises(OutputBroken, match="2 pictures"):
        scores(log, picked, 3)

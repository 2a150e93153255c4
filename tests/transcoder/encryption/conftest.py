"""Real segments to encrypt: two of a second in each codec, of a noisy picture, and of sound."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from manifests.layout import AssetId, RenditionId
from tests.transcoder.encryption.clear_tracks import SOUND, Track
from transcoder.audio import encode_audio
from transcoder.encoder_settings import EncoderSettings
from transcoder.ladder import LadderSettings, rungs
from transcoder.plan import AAC_FRAME, AudioPlan, Plan, SourceRef, VideoPlan
from transcoder.profile import Codec, Row
from transcoder.video import encode_video
from transcoder.windows import Window

if TYPE_CHECKING:
    from pathlib import Path

_FRAMES, _SEGMENT = 50, 25
_ROW = Row(width=320, height=180, average=900_000, maxrate=2_000_000, crf=20, codecs=tuple(Codec))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Path:
    source = tmp_path_factory.mktemp("clear") / "source.mp4"
    subprocess.run(
        [
            ffmpeg, "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-i",
            "anoisesrc=sample_rate=48000:amplitude=0.2", "-t", "2", "-c:v", "libx264", "-preset", "ultrafast",
            "-c:a", "aac", source,
        ],
        check=True,
    )  # fmt: skip
    return source


@pytest.fixture(scope="session")
async def tracks(source: Path, anyio_backend: str) -> dict[str, Track]:
    """One for each of TRACKS."""
    plan = _plan()
    made: dict[str, dict[int | None, bytes]] = {}

    async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
        made.setdefault(rendition, {})[number] = body

    settings = EncoderSettings(threads=1)
    for track in ("video", Codec.HEVC.value, Codec.AV1.value):
        await encode_video(plan, Window(track=track, first=0, count=2), source=source, sink=sink, settings=settings)
    sound = plan.audio[0]
    await encode_audio(plan, sound, Window(track=sound.id, first=0, count=2), source=source, sink=sink)
    assert plan.video is not None
    names = {rung.codec.value: rung.id for rung in plan.video.rungs} | {SOUND: sound.id}
    return {
        name: Track(init=made[rendition][None], segments=(made[rendition][0], made[rendition][1]))
        for name, rendition in names.items()
    }


def _plan() -> Plan:
    rate = Fraction(25)
    video = VideoPlan(
        stream=0, rate=rate, frames=_FRAMES, gop=12, segment=_SEGMENT - 1, time_base=Fraction(1, 12800), origin=0,
        starts=(0, 24 * 512, 48 * 512), constant=True, interlaced=False, hdr=None, rotation=0, mirrored=False,
        width=320, height=180,
        rungs=rungs(320, 180, rate=rate, version=1, settings=LadderSettings(steps=(_ROW,))),
    )  # fmt: skip
    units = 2 * 48000 // AAC_FRAME
    audio = AudioPlan(
        id=RenditionId("a1-1"), stream=1, time_base=Fraction(1, 48000), origin=0, sample_rate=48000, channels=2,
        samples=2 * 48000, cuts=(0, units // 2, units), bitrate=128_000, codecs="mp4a.40.2", language="en",
        name="English", default=True,
    )  # fmt: skip
    return Plan(
        asset=AssetId("asset"), version=1, source=SourceRef(key="sources/asset/1", size=1, demuxer="mov"), video=video,
        audio=(audio,),
    )  # fmt: skip

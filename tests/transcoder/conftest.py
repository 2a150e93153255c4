"""A plan without a source: two rungs of 20 segments, one audio track. For tests that encode nothing."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from infra.errors import SettingsError
from manifests import layout
from manifests.layout import AssetId, ChannelId, RenditionId
from transcoder.plan import AAC_FRAME, AudioPlan, Plan, Recorded, SourceRef, VideoPlan, VideoRung
from transcoder.sandbox_cage import Cage
from transcoder.sandbox_choice import SETTING, chosen

ASSET = AssetId("asset")


@pytest.fixture(params=[cage.value for cage in Cage])
def cage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Cage:
    """Each cage in turn, in force for the test."""
    try:
        found = chosen(request.param)
    except SettingsError as exc:
        pytest.skip(str(exc))
    monkeypatch.setenv(SETTING, request.param)
    return found


@pytest.fixture
def no_cage(monkeypatch: pytest.MonkeyPatch) -> None:
    """For children that have children of their own: nothing in a cage starts a process."""
    monkeypatch.setenv(SETTING, Cage.PLAIN.value)


def _rung(height: int) -> VideoRung:
    return VideoRung(
        id=RenditionId(f"v{height}-1"), width=height * 16 // 9, height=height, divisor=1, crf=23, average=333_000,
        maxrate=500_000, bufsize=1_000_000, profile="high", level="3.0", codecs="avc1.64001e", bandwidth=550_000,
    )  # fmt: skip


@pytest.fixture
def plan() -> Plan:
    """80 s at 25 frames/s: video v90-1 and v180-1 in 20 segments of 4 s, audio a1-1 in 20."""
    frames, segment = 2000, 100
    video = VideoPlan(
        stream=0, rate=Fraction(25), frames=frames, gop=50, segment=segment, time_base=Fraction(1, 25), origin=0,
        starts=tuple(range(0, frames, segment)), constant=True, interlaced=False, hdr=None, rotation=0, mirrored=False,
        width=320, height=180, rungs=(_rung(180), _rung(90)),
    )  # fmt: skip
    units = 80 * 48000 // AAC_FRAME
    audio = AudioPlan(
        id=RenditionId("a1-1"), stream=1, time_base=Fraction(1, 48000), origin=0, sample_rate=48000, channels=2,
        samples=80 * 48000, cuts=tuple(round(Fraction(units * k, 20)) for k in range(21)), bitrate=128_000,
        codecs="mp4a.40.2", language="en", name="English", default=True,
    )  # fmt: skip
    source = SourceRef(key=layout.source(ASSET, 1), size=1, demuxer="mov")
    return Plan(asset=ASSET, version=1, source=source, video=video, audio=(audio,))


@pytest.fixture
def live(plan: Plan) -> Plan:
    """The same, of live segments themselves."""
    recorded = Recorded(channel=ChannelId("arena"), event=1, first=9, sound=RenditionId("a1"), inits={})
    return replace(plan, recorded=recorded)

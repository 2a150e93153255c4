"""The limiter and the gain, window by window: what comes before a window is forgotten when its frames begin."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest

from manifests.layout import AssetId, RenditionId
from transcoder.audio_mix import CEILING
from transcoder.audio_sound import first_sample, sound_of
from transcoder.audio_window import AFTER, BEFORE, anchor, begins
from transcoder.encoder_settings import EncoderSettings
from transcoder.ffmpeg import ffmpeg_path
from transcoder.inputs import command
from transcoder.plan import AAC_FRAME, AudioPlan, Plan, SourceRef

if TYPE_CHECKING:
    from pathlib import Path

_RATE = 48_000
_FRAMES = 9 * _RATE // AAC_FRAME

Sound = npt.NDArray[np.float32]

_SIGNALS = {
    "bursts": "anoisesrc=r=48000:d=9:a=0.9:c=pink:seed=3,volume='if(lt(mod(t,0.7),0.2),1,0.1)':eval=frame",
    "always too loud": "anoisesrc=r=48000:d=9:a=0.9:c=white:seed=3",
    "a square wave": "aevalsrc='0.5*sgn(sin(2*PI*441*t))':s=48000:d=9",
    "a chirp": "aevalsrc='0.9*sin(2*PI*(100*t+500*t*t))':s=48000:d=9",
}


@pytest.fixture
def plan() -> Plan:
    track = AudioPlan(
        id=RenditionId("a1-1"), stream=0, time_base=Fraction(1, _RATE), origin=0, sample_rate=_RATE, channels=2,
        samples=9 * _RATE, cuts=(0, _FRAMES), bitrate=128_000, codecs="mp4a.40.2", language="en", name="English",
        default=True, gain=14.0,
    )  # fmt: skip
    return Plan(
        asset=AssetId("a"), version=1, source=SourceRef(key="k", size=1, demuxer="wav"), video=None, audio=(track,)
    )


def _samples(plan: Plan, frames: range, source: Path, *, limited: bool = True) -> Sound:
    """Of these AAC frames, as an encoder gets them."""
    (track,), settings = plan.audio, EncoderSettings(threads=1)
    (begin,) = begins(plan.source, track, anchor(track, first_sample(track, frames)))
    sound, _ = sound_of(plan, track, frames, begin, source=source, settings=settings, limited=limited)
    argv = command(ffmpeg_path(), sound.output("pipe:1", f="f32le"))
    raw = subprocess.run(argv, check=True, capture_output=True).stdout
    found = np.frombuffer(raw, np.float32).reshape(-1, 2)
    assert len(found) == (BEFORE + len(frames) + AFTER) * AAC_FRAME
    return found[BEFORE * AAC_FRAME : -AFTER * AAC_FRAME]


@pytest.mark.parametrize("signal", list(_SIGNALS))
def test_windows_are_what_one_pass_gives_to_the_bit(signal: str, plan: Plan, tmp_path: Path) -> None:
    source = tmp_path / "s.wav"
    make = [ffmpeg_path(), "-v", "error", "-f", "lavfi", "-i", _SIGNALS[signal], "-ac", "2", "-c:a", "pcm_f32le"]
    subprocess.run([*make, source], check=True)
    whole = _samples(plan, range(_FRAMES), source)
    cuts = [0, 130, 131, 300, _FRAMES]
    for first, last in pairwise(cuts):
        part = _samples(plan, range(first, last), source)
        assert np.array_equal(part, whole[first * AAC_FRAME : last * AAC_FRAME])
    ceiling = 10 ** (CEILING / 20)
    assert np.abs(whole).max() < ceiling * 1.1
    assert np.abs(_samples(plan, range(_FRAMES), source, limited=False)).max() * 10 ** (14 / 20) > ceiling * 1.5


def test_what_is_quiet_enough_is_raised_and_no_more(plan: Plan, tmp_path: Path) -> None:
    source = tmp_path / "s.wav"
    tone = "aevalsrc='0.1*sin(2*PI*440*t)+0.02*sin(2*PI*5000*t)':s=48000:d=9"
    subprocess.run(
        [ffmpeg_path(), "-v", "error", "-f", "lavfi", "-i", tone, "-ac", "2", "-c:a", "pcm_f32le", source], check=True
    )
    plain = replace(plan, audio=(replace(plan.audio[0], gain=None),))
    raised, meant = _samples(plan, range(_FRAMES), source), _samples(plain, range(_FRAMES), source)
    # But where the tone begins and ends: an edge is no sound below half the sample rate.
    assert np.abs(raised - meant * 10 ** (14 / 20))[_RATE : 8 * _RATE].max() < 1e-4

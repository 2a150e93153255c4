"""Decoding that begins at an entry gives the samples that decoding all of the source gives."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from manifests.layout import AssetId, RenditionId
from transcoder.audio import audio_argv, encode_audio
from transcoder.audio_window import BEFORE, Begin, Check, Count, anchor, begins
from transcoder.encoder_settings import EncoderSettings
from transcoder.ffmpeg import ffmpeg_path
from transcoder.index import index_source
from transcoder.plan import AAC_FRAME, AudioEntry, AudioPlan, Plan, SourceRef
from transcoder.planner import make_plan
from transcoder.sniff import HEAD, sniff
from transcoder.windows import Window

if TYPE_CHECKING:
    import numpy.typing as npt

    from transcoder.inputs import Reading

_SECONDS = 24
_SETTINGS = EncoderSettings(threads=1)
_SOURCE = SourceRef(key="sources/a/1", size=1, demuxer="matroska")


def _track(
    *, time_base: Fraction = Fraction(1, 1000), entries: tuple[AudioEntry, ...] = (), rate: int = 44100
) -> AudioPlan:
    return AudioPlan(
        id=RenditionId("a1-1"), stream=0, time_base=time_base, origin=0, sample_rate=48000, channels=2,
        samples=24 * 48000, cuts=(0, 563, 1125), bitrate=128_000, codecs="mp4a.40.2", language="en", name="English",
        default=True, source_rate=rate, start=0, entries=entries,
    )  # fmt: skip


def test_a_stamp_that_tells_a_sample_is_sought() -> None:
    source = SourceRef(key="sources/a/1", size=1, demuxer="mov")
    track = _track(time_base=Fraction(1, 44100))
    assert list(begins(source, track, Fraction(9))) == [Begin(seek=Fraction(8))]


def test_the_last_entry_before_the_warm_up_is_tried_first() -> None:
    entries = (AudioEntry(5007, 220_800), AudioEntry(10_010, 441_440))
    near, far, start = begins(_SOURCE, _track(entries=entries), Fraction(11))
    check = Check(least=220_809 - 90, most=220_809 + 90)
    count = Count(zero=220_800, skip=11 * 44_100 - 220_800, check=check)
    assert near == Begin(seek=Fraction(4007, 1000), count=count)
    assert far == Begin(seek=Fraction(5007, 1000) - 10, count=count)
    assert start == Begin(count=Count(zero=0, skip=11 * 44_100, check=None))


def test_before_all_entries_decoding_begins_at_the_start() -> None:
    assert len(list(begins(_SOURCE, _track(entries=(AudioEntry(5007, 220_800),)), Fraction(5)))) == 1
    assert list(begins(_SOURCE, _track(rate=0), Fraction(5))) == [Begin()]


def test_silence_comes_before_sound_that_begins_late() -> None:
    (start,) = begins(_SOURCE, _track(), Fraction(-1, 25))
    assert start.count == Count(zero=0, skip=-1764, check=None)


def test_a_position_has_a_clock_of_its_own() -> None:
    entries = (AudioEntry(141_557_760, 442_368, 160_957),)
    track = _track(time_base=Fraction(1, 14_112_000), entries=entries)
    first, _ = begins(_SOURCE, track, Fraction(20))
    assert (first.seek, first.position, first.ahead) == (None, 160_957, 20 - Fraction(442_368, 44_100))
    assert first.count == Count(zero=0, skip=20 * 44_100 - 442_368, check=Check(least=-2, most=2))


# Dither, and the noise that AAC and AC-3 decoders make up. One sample off would be ten times as much.
_NOISE = 5e-3

MADE = [
    ("adts", 48000, "aac"), ("mp3", 44100, "libmp3lame"), ("mp3", 44100, "libmp3lame -q:a 4"), ("ac3", 48000, "ac3"),
    ("flac", 44100, "flac"), ("ogg", 44100, "libvorbis"), ("ogg", 48000, "libopus"), ("matroska", 44100, "libvorbis"),
    ("matroska", 48000, "libopus"), ("matroska", 44100, "flac"), ("matroska", 44100, "pcm_s16le"),
    ("matroska", 44100, "aac"), ("matroska", 48000, "ac3"), ("matroska", 48000, "eac3"),
    ("matroska", 44100, "libmp3lame"), ("mpegts", 44100, "aac"), ("mpegts", 44100, "mp2"), ("mpegts", 48000, "ac3"),
    ("mpeg", 44100, "mp2"), ("flv", 44100, "aac"), ("avi", 44100, "pcm_s16le"),
]  # fmt: skip


def _make(path: Path, muxer: str, rate: int, codec: str) -> Path:
    # No noise: decoders make up their own for it.
    sound = f"aevalsrc='0.3*sin(2*PI*(200*t+20*t*t))|0.2*sin(2*PI*440*t)':s={rate}:d={_SECONDS}"
    command = [ffmpeg_path(), "-v", "error", "-nostdin", "-f", "lavfi", "-i", sound, "-c:a", *codec.split()]
    subprocess.run([*command, "-f", muxer, str(path)], check=True)
    return path


def _damaged(whole: Path, damage: str, muxer: str) -> Path:
    path = whole.with_name("made")
    command = [ffmpeg_path(), "-v", "error", "-nostdin", "-i", str(whole), "-c", "copy", "-bsf:a", damage]
    subprocess.run([*command, "-f", muxer, str(path)], check=True)
    return path


async def _plan(path: Path) -> Plan:
    body = path.read_bytes()
    demuxer = sniff(body[:HEAD], body[-HEAD:])
    index = await index_source(path, demuxer=demuxer)
    source = SourceRef(key="sources/a/1", size=len(body), demuxer=demuxer)
    return make_plan(asset=AssetId("a"), version=1, source=source, index=index)


def _ways(plan: Plan, number: int) -> tuple[AudioPlan, range, list[Begin]]:
    track = plan.audio[0]
    frames = range(track.cuts[number], track.cuts[number + 1])
    return track, frames, list(begins(plan.source, track, anchor(track, (frames.start - BEFORE) * AAC_FRAME)))


def _heard(plan: Plan, number: int, begin: Begin, path: Path) -> npt.NDArray[np.float32]:
    """What the AAC encoder gets for a segment."""
    track, frames, _ = _ways(plan, number)
    with Path(os.devnull).open("wb") as witness:
        fds = (witness.fileno(),)
        argv = audio_argv(plan, track, frames, begin, source=path, settings=_SETTINGS, fds=fds)
        inputs = argv.index("-filter_complex")
        outputs = [word for word in argv[inputs:] if word not in ("-profile:a", "aac_low", "-b:a", str(track.bitrate))]
        outputs = [{"aac": "pcm_f32le", "adts": "f32le"}.get(word, word) for word in outputs]
        found = subprocess.run([*argv[:inputs], *outputs], check=True, stdout=subprocess.PIPE, pass_fds=fds).stdout
    return np.frombuffer(found, np.float32).reshape(-1, 2)


@pytest.mark.parametrize(("muxer", "rate", "codec"), MADE, ids=[f"{codec} in {muxer}" for muxer, _, codec in MADE])
async def test_every_sample_is_where_it_would_be(muxer: str, rate: int, codec: str, tmp_path: Path) -> None:
    path = _make(tmp_path / "made", muxer, rate, codec)
    plan = await _plan(path)
    number = plan.audio[0].segments - 2
    *counted, start = _ways(plan, number)[2]
    assert counted
    assert np.abs(_heard(plan, number, counted[0], path) - _heard(plan, number, start, path)).max() < _NOISE
    assert await _read(plan, number, path) == [counted[0]], "the first way is the right one"


async def _read(plan: Plan, number: int, path: Path) -> list[Begin]:
    """The ways that an encode of a segment took."""
    track, _, ways = _ways(plan, number)
    taken: list[Begin] = []

    async def ready(reading: Reading) -> None:
        taken.append(next(way for way in ways if (way.seek, way.position) == (reading.seek, reading.position)))

    async def sink(_rendition: RenditionId, _number: int | None, _body: bytes) -> None:
        pass

    window = Window(track=track.id, first=number, count=1)
    await encode_audio(plan, track, window, source=path, sink=sink, settings=_SETTINGS, ready=ready)
    return taken


@pytest.mark.parametrize(("muxer", "codec"), [("mpegts", "aac"), ("matroska", "libvorbis"), ("flv", "aac")])
@pytest.mark.parametrize(
    "damage",
    [
        "noise=drop='between(pts*tb,6,6.5)+between(pts*tb,11,11.06)+between(pts*tb,13,15)'",
        "setts=ts=TS*1.005",  # a clock that runs away from the samples
    ],
    ids=["gaps", "drift"],
)
async def test_gaps_are_filled_alike_from_wherever_decoding_begins(
    muxer: str, codec: str, damage: str, tmp_path: Path
) -> None:
    path = _damaged(_make(tmp_path / "whole", muxer, 44100, codec), damage, muxer)
    plan = await _plan(path)
    for number in (2, plan.audio[0].segments - 1):
        *counted, start = _ways(plan, number)[2]
        assert bool(counted) == (number > 2)
        for begin in counted[:1]:
            assert np.abs(_heard(plan, number, begin, path) - _heard(plan, number, start, path)).max() < _NOISE


async def test_an_entry_that_is_missed_is_not_believed(tmp_path: Path) -> None:
    path = _make(tmp_path / "made", "matroska", 44100, "libvorbis")
    plan = await _plan(path)
    track = plan.audio[0]
    number = track.segments - 1
    lying = tuple(AudioEntry(entry.stamp + 9, entry.sample) for entry in track.entries)
    moved = replace(plan, audio=(replace(track, entries=lying),))
    assert await _read(moved, number, path) == _ways(moved, number)[2]

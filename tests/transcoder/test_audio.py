"""Windows of sound, compared by their samples with the source and with each other."""

from __future__ import annotations

import random
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from manifests.layout import AssetId, RenditionId
from transcoder.audio import audio_argv, encode_audio
from transcoder.audio_window import BEFORE, anchor, begins
from transcoder.encoder_settings import EncoderSettings
from transcoder.errors import OutputBroken, SandboxError
from transcoder.ffmpeg import ffmpeg_path
from transcoder.fragments import Fragment, FragmentReader
from transcoder.plan import AAC_FRAME, AudioPlan, Plan, SourceRef
from transcoder.windows import Window

_RATE = 48000
_SECONDS = 9
_SETTINGS = EncoderSettings(threads=1)

Sound = npt.NDArray[np.float32]
Made = dict[int | None, bytes]

_SIGNALS = {
    "chirp": "aevalsrc='0.4*sin(2*PI*(200*t+300*t*t/2))':s={rate}:d={seconds}",
    "tones": "aevalsrc='0.2*sin(2*PI*440*t)+0.2*sin(2*PI*3001*t)+0.05*sin(2*PI*9000*t)':s={rate}:d={seconds}",
    "noise": "anoisesrc=r={rate}:d={seconds}:a=0.3:c=pink:seed=3",
}


def _ffmpeg(*arguments: str) -> bytes:
    command = [ffmpeg_path(), "-v", "error", "-nostdin", "-y", *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def _decode(path: Path) -> Sound:
    """Samples as ffmpeg decodes them: (n, 2) at 48 kHz."""
    raw = _ffmpeg("-i", str(path), "-ar", str(_RATE), "-ac", "2", "-f", "f32le", "-")
    return np.frombuffer(raw, np.float32).reshape(-1, 2)


def _source(path: Path, signal: str, rate: int, *codec: str) -> Path:
    _ffmpeg("-f", "lavfi", "-i", _SIGNALS[signal].format(rate=rate, seconds=_SECONDS), "-ac", "2", *codec, str(path))
    return path


def _plan(
    *, demuxer: str, time_base: Fraction, origin: int = 0, samples: int = _SECONDS * _RATE, channels: int = 2,
    stream: int = 0, right: int | None = None,
) -> Plan:  # fmt: skip
    """Segments of two seconds on the AAC grid."""
    units = -(-samples // AAC_FRAME)
    cuts = (*range(0, units - 10, round(2 * _RATE / AAC_FRAME)), units)
    track = AudioPlan(
        id=RenditionId("a1-1"), stream=stream, right=right, time_base=time_base, origin=origin, sample_rate=_RATE,
        channels=channels, samples=samples, cuts=cuts, bitrate=128_000, codecs="mp4a.40.2", language="en",
        name="English", default=True,
    )  # fmt: skip
    source = SourceRef(key="sources/asset/1", size=1, demuxer=demuxer)
    return Plan(asset=AssetId("asset"), version=1, source=source, video=None, audio=(track,))


async def _encode(plan: Plan, source: Path, windows: list[tuple[int, int]]) -> Made:
    track, made = plan.audio[0], {}

    async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
        assert rendition == track.id
        assert made.setdefault(number, body) == body

    for first, count in windows:
        window = Window(track=track.id, first=first, count=count)
        await encode_audio(plan, track, window, source=source, sink=sink, settings=_SETTINGS)
    return made


async def _encode_by_segment(plan: Plan, source: Path) -> Made:
    windows = [(number, 1) for number in range(plan.audio[0].segments)]
    random.Random(2).shuffle(windows)
    return await _encode(plan, source, windows)


def _joined(plan: Plan, made: Made, folder: Path) -> Path:
    path = folder / "rendition.mp4"
    path.write_bytes(b"".join(made[number] for number in (None, *range(plan.audio[0].segments))))
    return path


def _snr(heard: Sound, meant: Sound, unit: int) -> float:
    """Signal to noise of one AAC frame's samples in dB."""
    span = slice(unit * AAC_FRAME, (unit + 1) * AAC_FRAME)
    noise = ((heard[span] - meant[span]).astype(np.float64) ** 2).sum()
    return float(10 * np.log10((meant[span].astype(np.float64) ** 2).sum() / (noise + 1e-12)))


@pytest.mark.parametrize("signal", list(_SIGNALS))
@pytest.mark.parametrize(
    ("name", "demuxer", "time_base", "rate", "codec"),
    [
        ("s.mp4", "mov", Fraction(1, 44100), 44100, ("-c:a", "aac", "-b:a", "192k")),
        ("s.mkv", "matroska", Fraction(1, 1000), 48000, ("-c:a", "pcm_s16le")),
        ("s.webm", "matroska", Fraction(1, 1000), 48000, ("-c:a", "libopus", "-b:a", "160k")),
        ("s.mp3", "mp3", Fraction(1, 14_112_000), 44100, ("-c:a", "libmp3lame", "-b:a", "192k")),
    ],
    ids=["aac", "pcm-in-mkv", "opus", "mp3"],
)
async def test_windows_join_without_a_seam(
    name: str, demuxer: str, time_base: Fraction, rate: int, codec: tuple[str, ...], signal: str, tmp_path: Path
) -> None:
    source = _source(tmp_path / name, signal, rate, *codec)
    # LAME's delay: the first sample after it is where an MP3's timeline begins.
    origin = 353_600 if demuxer == "mp3" else 0
    plan = _plan(demuxer=demuxer, time_base=time_base, origin=origin)
    made = await _encode_by_segment(plan, source)
    heard, meant = _decode(_joined(plan, made, tmp_path)), _decode(source)
    cuts = plan.audio[0].cuts
    assert len(heard) == cuts[-1] * AAC_FRAME
    for cut in cuts[1:-1]:
        beside = [_snr(heard, meant, cut + step) for step in (-7, -6, -5, -4, -3, -2, 1, 2, 3, 4, 5, 6)]
        at = [_snr(heard, meant, unit) for unit in (cut - 1, cut)]
        assert min(at) >= min(beside) - 3, "the frames at the seam are as good as their neighbours"
        assert min(beside) > (7 if signal == "noise" else 25), "and those are where they belong, to the sample"


async def test_decode_times_go_on_from_zero(tmp_path: Path) -> None:
    plan = _plan(demuxer="wav", time_base=Fraction(1, _RATE))
    made = await _encode_by_segment(plan, _source(tmp_path / "s.wav", "chirp", _RATE))
    cuts = plan.audio[0].cuts
    for number in range(plan.audio[0].segments):
        (fragment,) = (part for part in FragmentReader().feed(made[number]) if isinstance(part, Fragment))
        units = cuts[number + 1] - cuts[number]
        assert fragment.decode_time == cuts[number] * AAC_FRAME
        assert (fragment.samples, fragment.duration, fragment.sync) == (units, units * AAC_FRAME, True)


async def test_silence_fills_what_the_source_lacks(tmp_path: Path) -> None:
    plan = _plan(demuxer="wav", time_base=Fraction(1, _RATE), origin=-3 * _RATE, samples=16 * _RATE)
    made = await _encode_by_segment(plan, _source(tmp_path / "s.wav", "tones", _RATE))
    heard = np.abs(_decode(_joined(plan, made, tmp_path))).max(axis=1)
    assert len(heard) == plan.audio[0].cuts[-1] * AAC_FRAME
    assert heard[: 3 * _RATE - 2048].max() < 1e-3
    assert heard[3 * _RATE + 2048 : 3 * _RATE + 8192].max() > 0.3
    assert heard[12 * _RATE - 8192 : 12 * _RATE - 2048].max() > 0.3
    assert heard[12 * _RATE + 2048 :].max() < 1e-3


async def test_a_downmix_keeps_the_centre(tmp_path: Path) -> None:
    source = tmp_path / "s.wav"
    _ffmpeg("-f", "lavfi", "-i", f"aevalsrc='0|0|0.5*sin(2*PI*440*t)|0|0|0':c=5.1:s={_RATE}:d={_SECONDS}", str(source))
    plan = _plan(demuxer="wav", time_base=Fraction(1, _RATE))
    heard = _decode(_joined(plan, await _encode(plan, source, [(0, plan.audio[0].segments)]), tmp_path))
    # 0.5 · √½, brought down so that six full channels do not clip.
    assert np.abs(heard[_RATE : 2 * _RATE]).max(axis=0).min() > 0.13
    assert np.allclose(heard[:, 0], heard[:, 1], atol=1e-2)


async def test_two_mono_streams_are_left_and_right(tmp_path: Path) -> None:
    source = tmp_path / "s.mov"
    tones = [part for hertz in (440, 880) for part in ("-f", "lavfi", "-i", f"sine={hertz}:r={_RATE}:d={_SECONDS}")]
    _ffmpeg(*tones, "-map", "0", "-map", "1", "-c:a", "pcm_s16le", str(source))
    plan = _plan(demuxer="mov", time_base=Fraction(1, _RATE), right=1)
    heard = _decode(_joined(plan, await _encode_by_segment(plan, source), tmp_path))
    for side, meant in enumerate((440, 880)):
        spectrum = np.abs(np.fft.rfft(heard[_RATE : 3 * _RATE, side]))
        assert int(spectrum.argmax()) == 2 * meant
        assert spectrum[2 * (440 if meant == 880 else 880)] < spectrum.max() / 100


@pytest.mark.parametrize("layout", ["5.1", "7.1"])
async def test_surround_keeps_its_channels(layout: str, tmp_path: Path) -> None:
    source = tmp_path / "s.wav"
    tones = "|".join(f"0.2*sin(2*PI*{300 + 100 * each}*t)" for each in range(6 if layout == "5.1" else 8))
    _ffmpeg("-f", "lavfi", "-i", f"aevalsrc='{tones}':c={layout}:s={_RATE}:d={_SECONDS}", str(source))
    plan = _plan(demuxer="wav", time_base=Fraction(1, _RATE), channels=6)
    joined = _joined(plan, await _encode_by_segment(plan, source), tmp_path)
    raw = np.frombuffer(_ffmpeg("-i", str(joined), "-f", "f32le", "-"), np.float32).reshape(-1, 6)
    assert len(raw) == plan.audio[0].cuts[-1] * AAC_FRAME
    spectrum = np.abs(np.fft.rfft(raw[_RATE : 3 * _RATE], axis=0))
    found = [set(np.flatnonzero(each > each.max() / 3).tolist()) for each in spectrum.T]
    front = [{600}, {800}, {1000}]
    # Seven channels: those at the back and those at the sides are one. (No tone of 600 Hz passes a low-frequency one.)
    assert found[:3] == front
    assert found[4:] == ([{1400}, {1600}] if layout == "5.1" else [{1400, 1800}, {1600, 2000}])


async def test_a_mix_of_full_channels_does_not_clip(tmp_path: Path) -> None:
    source = tmp_path / "s.wav"
    _ffmpeg("-f", "lavfi", "-i", f"aevalsrc='{'|'.join(['0.99*sin(880*PI*t)'] * 6)}':c=5.1:s={_RATE}:d=3", str(source))
    plan = _plan(demuxer="wav", time_base=Fraction(1, _RATE), samples=3 * _RATE)
    heard = _decode(_joined(plan, await _encode(plan, source, [(0, plan.audio[0].segments)]), tmp_path))
    assert 0.9 < np.abs(heard[_RATE : 2 * _RATE]).max() < 1.01


async def test_mono_is_heard_on_both_sides(tmp_path: Path) -> None:
    source = tmp_path / "s.wav"
    _ffmpeg("-f", "lavfi", "-i", f"sine=440:r=8000:d={_SECONDS}", str(source))
    plan = _plan(demuxer="wav", time_base=Fraction(1, 8000))
    made = await _encode_by_segment(plan, source)
    heard, meant = _decode(_joined(plan, made, tmp_path)), _decode(source)
    loud = np.abs(meant[_RATE : 2 * _RATE]).max()
    assert np.abs(heard[_RATE : 2 * _RATE]).max(axis=0) == pytest.approx([loud, loud], rel=0.05)


async def test_only_what_is_missing_is_made(tmp_path: Path) -> None:
    source = _source(tmp_path / "s.wav", "tones", _RATE)
    plan = _plan(demuxer="wav", time_base=Fraction(1, _RATE))
    track = plan.audio[0]
    seen: list[int | None] = []

    async def sink(_rendition: RenditionId, number: int | None, _body: bytes) -> None:
        seen.append(number)

    window = Window(track=track.id, first=0, count=4)
    skip: set[tuple[RenditionId, int | None]] = {(track.id, None), (track.id, 0), (track.id, 2)}
    await encode_audio(plan, track, window, source=source, sink=sink, skip=skip, settings=_SETTINGS)
    assert seen == [1, 3]


async def test_a_source_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    source = tmp_path / "s.wav"
    source.write_bytes(b"RIFF")
    with pytest.raises((SandboxError, OutputBroken)):
        await _encode(_plan(demuxer="wav", time_base=Fraction(1, _RATE)), source, [(0, 1)])


def test_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANNEL_FFMPEG", "ffmpeg")
    plan = _plan(demuxer="mov", time_base=Fraction(1, 44100), origin=441, stream=1)
    track, frames = plan.audio[0], range(188, 282)
    (begin,) = begins(plan.source, track, anchor(track, (frames.start - BEFORE) * AAC_FRAME))
    argv = audio_argv(plan, track, frames, begin, source=Path("/job/source"), settings=EncoderSettings())
    golden = Path(__file__).parents[1] / "golden" / "audio_argv.txt"
    assert "\n".join(argv) + "\n" == golden.read_text("utf-8")

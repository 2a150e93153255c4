"""Windows of real encodes. The clips' frames carry their number as a bar code, so that a wrong frame is seen as one."""

from __future__ import annotations

import itertools
import os
import random
import re
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from manifests.layout import AssetId, RenditionId
from transcoder.encoder_settings import EncoderSettings
from transcoder.errors import ChildTimedOut, OutputBroken, TranscodeError
from transcoder.ffmpeg import ffmpeg_path
from transcoder.fragments import Fragment, FragmentReader
from transcoder.pictures import nearest_frame
from transcoder.plan import Plan, SourceRef, VideoPlan, VideoRung
from transcoder.video import encode_video, shapes, timescale, video_argv
from transcoder.windows import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

_BITS = 9
_SETTINGS = EncoderSettings(threads=1)
_BAR_CODE = f"geq=lum='if(mod(floor(N/pow(2,floor(X*{_BITS}/W))),2),220,30)':cb=128:cr=128"
_X264 = ("-c:v", "libx264", "-preset", "superfast", "-crf", "12", "-bf", "2", "-g", "37")

Made = dict[tuple[RenditionId, int | None], bytes]


def _ffmpeg(*arguments: str) -> bytes:
    command = [ffmpeg_path(), "-v", "error", "-nostdin", "-y", *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def _clip(path: Path, rate: Fraction, frames: int, *output: str, filters: Sequence[str] = ()) -> Path:
    graph = ",".join((f"color=gray:s=160x90:r={rate}", _BAR_CODE, *filters))
    _ffmpeg("-f", "lavfi", "-i", graph, "-frames:v", str(frames), *(output or _X264), str(path))
    return path


def _numbers(body: bytes, folder: Path) -> list[int]:
    """The numbers in the bar codes of a rendition's pictures, as ffmpeg decodes them."""
    path = folder / "rendition.mp4"
    path.write_bytes(body)
    raw = _ffmpeg("-i", str(path), "-fps_mode", "passthrough", "-vf", "scale=90:10", "-pix_fmt", "gray", "-f",
                  "rawvideo", "-")  # fmt: skip
    pictures = np.frombuffer(raw, np.uint8).reshape(-1, 10, 90)
    bars = pictures[:, 5, 90 // _BITS // 2 :: 90 // _BITS] > 125
    return [sum(int(bar) << bit for bit, bar in enumerate(row)) for row in bars]


def _rung(width: int, height: int, *, divisor: int = 1) -> VideoRung:
    return VideoRung(
        id=RenditionId(f"v{height}-1"), width=width, height=height, divisor=divisor, crf=20, average=1_333_000,
        maxrate=2_000_000, bufsize=4_000_000, profile="high", level="3.1", codecs="avc1.64001f", bandwidth=2_200_000,
    )  # fmt: skip


def _plan(
    stamps: Sequence[int], *, rate: Fraction, time_base: Fraction, frames: int | None = None, origin: int | None = None,
    demuxer: str = "mov", interlaced: bool = False, hdr: str | None = None, rotation: int = 0, mirrored: bool = False,
    rungs: tuple[VideoRung, ...] = (_rung(160, 90), _rung(112, 64, divisor=2)),
) -> Plan:  # fmt: skip
    """A plan of segments of a second, GOPs of half a second, over pictures at `stamps`."""
    gop = 2 * max(1, round(rate / 4))
    begin = stamps[0] if origin is None else origin

    def place(stamp: int) -> int:
        return int((stamp - begin) * time_base * rate + Fraction(1, 2))

    count = frames or place(stamps[-1]) + 1
    starts = tuple(
        max((stamp for stamp in stamps if place(stamp) <= first), default=stamps[0])
        for first in range(0, count, 2 * gop)
    )
    video = VideoPlan(
        stream=0, rate=rate, frames=count, gop=gop, segment=2 * gop, time_base=time_base, origin=begin, starts=starts,
        constant=True, interlaced=interlaced, hdr=hdr, rotation=rotation, mirrored=mirrored, width=160, height=90,
        rungs=rungs,
    )  # fmt: skip
    source = SourceRef(key="sources/asset/1", size=1, demuxer=demuxer)
    return Plan(asset=AssetId("asset"), version=1, source=source, video=video, audio=())


def _picture(plan: Plan) -> VideoPlan:
    assert plan.video is not None
    return plan.video


def _windows(plan: Plan, *, seed: int = 1) -> list[Window]:
    """Windows of one, then two segments, in random order."""
    made, first, segments = [], 0, _picture(plan).segments
    while first < segments:
        count = min(1 + len(made) % 2, segments - first)
        made.append(Window(track="video", first=first, count=count))
        first += count
    random.Random(seed).shuffle(made)
    return made


async def _encode(plan: Plan, source: Path, windows: Sequence[Window] | None = None) -> Made:
    """Everything of a plan; an init section that changes from window to window fails."""
    made: Made = {}

    async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
        assert made.setdefault((rendition, number), body) == body
        assert number is None or (rendition, None) in made

    for window in _windows(plan) if windows is None else windows:
        await encode_video(plan, window, source=source, sink=sink, settings=_SETTINGS)
    return made


def _joined(plan: Plan, made: Made, rung: VideoRung) -> bytes:
    return b"".join(made[rung.id, number] for number in (None, *range(_picture(plan).segments)))


def _assert_continuous(plan: Plan, made: Made, rung: VideoRung) -> None:
    """Decode times go on without a gap through all segments, and every GOP begins with an IDR picture."""
    video = _picture(plan)
    clock = 0
    for number in range(video.segments):
        fragments = [part for part in FragmentReader().feed(made[rung.id, number]) if isinstance(part, Fragment)]
        assert len(fragments) == -(-len(video.frames_of(number)) // video.gop)
        for fragment in fragments:
            assert fragment.sync
            assert fragment.decode_time == clock
            clock += fragment.duration
            assert _units(fragment.body)[0] == 5, "the first NAL unit is an IDR slice: no SEI, no parameter sets"
    samples = -(-video.frames // rung.divisor)
    assert Fraction(clock, timescale(video)) == samples * rung.divisor / video.rate


def _units(body: bytes) -> list[int]:
    """NAL unit types of a fragment, in order."""
    at, found = body.index(b"mdat") + 4, []
    while at < len(body):
        found.append(body[at + 4] & 0x1F)
        at += 4 + int.from_bytes(body[at : at + 4], "big")
    return found


async def _assert_exact(plan: Plan, source: Path, expected: Sequence[int], folder: Path) -> None:
    made = await _encode(plan, source)
    for rung in _picture(plan).rungs:
        _assert_continuous(plan, made, rung)
        assert _numbers(_joined(plan, made, rung), folder) == list(expected[:: rung.divisor])


@pytest.mark.parametrize("rate", ["24000/1001", "25", "30000/1001", "50", "60000/1001"])
async def test_windows_join_without_a_seam(rate: str, tmp_path: Path) -> None:
    fps = Fraction(rate)
    frames = int(fps * 5) + 4
    source = _clip(tmp_path / "source.mp4", fps, frames)
    time_base = Fraction(1, timescale(_picture(_plan([0], rate=fps, time_base=1 / fps))))
    step = 1 / fps / time_base
    plan = _plan([int(n * step) for n in range(frames)], rate=fps, time_base=time_base)
    await _assert_exact(plan, source, range(frames), tmp_path)


@pytest.mark.parametrize("profile", ["main", "high"])
async def test_what_is_made_under_a_titles_own_ladder_joins_what_was_made_before(profile: str, tmp_path: Path) -> None:
    """Another CRF, other caps, effort: the same init section to the byte, and decodes as one."""
    source = _clip(tmp_path / "source.mp4", Fraction(25), 100)
    rung = replace(_rung(160, 90), profile=profile)
    plan = _plan([512 * n for n in range(100)], rate=Fraction(25), time_base=Fraction(1, 12800), rungs=(rung,))
    harder = replace(rung, crf=31, maxrate=300_000, bufsize=300_000, effort=True)
    now = replace(plan, video=replace(_picture(plan), rungs=(harder,)))
    segments = _picture(plan).segments
    before = await _encode(plan, source, [Window(track="video", first=0, count=2)])
    after = await _encode(now, source, [Window(track="video", first=2, count=segments - 2)])
    assert before[rung.id, None] == after[rung.id, None]
    made = before | after
    _assert_continuous(plan, made, rung)
    assert _numbers(_joined(plan, made, rung), tmp_path) == list(range(100))


async def test_varying_frame_rates_are_put_on_the_grid_once(tmp_path: Path) -> None:
    # 25/s with a jitter, then 5/s, then 50/s: pictures are held, and left out.
    def stamp(n: int) -> int:
        return 40 * n + 7 * (n % 3) if n < 50 else (2000 + 200 * (n - 50) if n < 60 else 4000 + 20 * (n - 60))

    shown = "if(lt(N,50),40*N+7*mod(N,3),if(lt(N,60),2000+200*(N-50),4000+20*(N-60)))"
    source = _clip(
        tmp_path / "source.mkv", Fraction(25), 120, *_X264, "-fps_mode", "passthrough", "-enc_time_base", "1:1000",
        filters=("settb=1/1000", f"setpts='{shown}'"),
    )  # fmt: skip
    stamps = [stamp(n) for n in range(120)]
    plan = _plan(stamps, rate=Fraction(25), time_base=Fraction(1, 1000), demuxer="matroska")
    places = [nearest_frame(_picture(plan), value) for value in stamps]
    expected = [max(n for n, place in enumerate(places) if place <= slot) for slot in range(_picture(plan).frames)]
    assert len(set(expected)) < len(expected), "some are held"
    assert set(expected) < set(range(120)), "some are left out"
    await _assert_exact(plan, source, expected, tmp_path)


async def test_the_first_picture_stands_in_until_it_comes(tmp_path: Path) -> None:
    source = _clip(tmp_path / "source.mp4", Fraction(25), 50)
    stamps = [512 * n for n in range(50)]
    plan = _plan(stamps, rate=Fraction(25), time_base=Fraction(1, 12800), origin=-512 * 60, frames=110)
    await _assert_exact(plan, source, [0] * 60 + list(range(50)), tmp_path)


async def test_the_last_picture_stands_in_for_what_is_missing(tmp_path: Path) -> None:
    source = _clip(tmp_path / "source.mp4", Fraction(25), 60)
    promised = [512 * n for n in range(130)]
    plan = _plan(promised, rate=Fraction(25), time_base=Fraction(1, 12800))
    await _assert_exact(plan, source, [min(n, 59) for n in range(130)], tmp_path)


async def test_a_source_without_an_index_is_found_exactly(tmp_path: Path) -> None:
    source = _clip(tmp_path / "source.ts", Fraction(25), 200, *_X264[:-1], "90")
    first = 126_000 + 2 * 3600
    plan = _plan(
        [first + 3600 * n for n in range(200)], rate=Fraction(25), time_base=Fraction(1, 90000), demuxer="mpegts"
    )
    await _assert_exact(plan, source, range(200), tmp_path)


async def test_a_damaged_source_keeps_the_plan(tmp_path: Path) -> None:
    source = _clip(tmp_path / "source.mp4", Fraction(25), 100)
    body = bytearray(source.read_bytes())
    noise = random.Random(4)
    begin = body.index(b"mdat") + 2000
    for _ in range(300):
        body[noise.randrange(begin, body.index(b"moov") - 100)] ^= 1 << noise.randrange(8)
    source.write_bytes(body)
    plan = _plan([512 * n for n in range(100)], rate=Fraction(25), time_base=Fraction(1, 12800))
    made = await _encode(plan, source)
    for rung in _picture(plan).rungs:
        _assert_continuous(plan, made, rung)
        assert len(_numbers(_joined(plan, made, rung), tmp_path)) == 100 // rung.divisor


async def test_a_source_without_any_picture_is_an_error(tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    source.write_bytes(_clip(tmp_path / "whole.mp4", Fraction(25), 30).read_bytes()[:2000])
    plan = _plan([512 * n for n in range(30)], rate=Fraction(25), time_base=Fraction(1, 12800))
    with pytest.raises(TranscodeError) as caught:
        await _encode(plan, source)
    assert caught.value.retryable


async def test_fields_become_pictures(tmp_path: Path) -> None:
    source = _clip(
        tmp_path / "source.mp4", Fraction(50), 25, *_X264, "-flags", "+ildct+ilme", "-x264-params", "tff=1",
        filters=("scale=160:96", "tinterlace=mode=interleave_top", "setfield=tff"),
    )  # fmt: skip
    plan = _plan([512 * n for n in range(50)], rate=Fraction(50), time_base=Fraction(1, 12800), interlaced=True)
    made = await _encode(plan, source)
    for rung in _picture(plan).rungs:
        _assert_continuous(plan, made, rung)
    path = tmp_path / "rendition.mp4"
    path.write_bytes(_joined(plan, made, _picture(plan).rungs[0]))
    assert b"progressive" in _about(path)


def _about(path: Path) -> bytes:
    return subprocess.run([ffmpeg_path(), "-i", str(path)], capture_output=True, check=False).stderr


@pytest.mark.parametrize(
    ("rotation", "mirrored", "white"),
    [
        (0, False, "left"), (0, True, "right"), (90, False, "top"), (180, False, "right"), (270, False, "bottom"),
        (90, True, "bottom"), (270, True, "top"), (180, True, "left"),
    ],
)  # fmt: skip
async def test_pictures_are_turned_upright(rotation: int, mirrored: bool, white: str, tmp_path: Path) -> None:
    flat, source = tmp_path / "flat.mp4", tmp_path / "source.mp4"
    _ffmpeg("-f", "lavfi", "-i", "color=black:s=160x90:r=25,drawbox=0:0:80:90:white:fill", "-frames:v", "3", *_X264,
            str(flat))  # fmt: skip
    # The source's display matrix must not end in the rendition, or players would turn the pictures again.
    _ffmpeg("-display_rotation", str(-rotation), "-i", str(flat), "-c", "copy", str(source))
    rung = _rung(90, 160) if rotation in (90, 270) else _rung(160, 90)
    plan = _plan([0, 512, 1024], rate=Fraction(25), time_base=Fraction(1, 12800), rotation=rotation,
                 mirrored=mirrored, rungs=(rung,))  # fmt: skip
    path = tmp_path / "rendition.mp4"
    path.write_bytes(_joined(plan, await _encode(plan, source), rung))
    raw = _ffmpeg("-i", str(path), "-frames:v", "1", "-pix_fmt", "gray", "-f", "rawvideo", "-")
    luma = np.frombuffer(raw, np.uint8).reshape(rung.height, rung.width).astype(float)
    halves = {
        "left": luma[:, : rung.width // 2], "right": luma[:, rung.width // 2 :],
        "top": luma[: rung.height // 2], "bottom": luma[rung.height // 2 :],
    }  # fmt: skip
    assert max(halves, key=lambda side: halves[side].mean()) == white


@pytest.mark.parametrize(("hdr", "transfer"), [("pq", "smpte2084"), ("hlg", "arib-std-b67"), (None, "bt709")])
async def test_everything_ends_as_bt709_in_limited_range(hdr: str | None, transfer: str, tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    wide = "bt2020nc" if hdr else "bt709"
    tags = f"setparams=color_trc={transfer}:colorspace={wide}:color_primaries={'bt2020' if hdr else 'bt709'}"
    pixels = "yuv420p10le" if hdr else "yuvj420p"
    display = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400"
    codec = ("libx265", "-x265-params", f"log-level=none:{display}") if hdr else ("libx264",)
    _ffmpeg("-f", "lavfi", "-i", f"testsrc2=s=160x90:r=25,format={pixels},{tags}", "-frames:v", "5", "-c:v", *codec,
            "-preset", "ultrafast", str(source))  # fmt: skip
    plan = _plan([512 * n for n in range(5)], rate=Fraction(25), time_base=Fraction(1, 12800), hdr=hdr)
    made = await _encode(plan, source)
    for rung in _picture(plan).rungs:
        path = tmp_path / "rendition.mp4"
        path.write_bytes(_joined(plan, made, rung))
        assert re.search(rb"h264 \(High\).*yuv420p\(tv, bt709, progressive\)", _about(path))
        assert not re.search(rb"mdcv|clli", made[rung.id, None]), "of the display that the source was mastered on"


async def test_only_what_is_missing_is_made(tmp_path: Path) -> None:
    source = _clip(tmp_path / "source.mp4", Fraction(25), 52)
    plan = _plan([512 * n for n in range(52)], rate=Fraction(25), time_base=Fraction(1, 12800))
    large, small = (rung.id for rung in _picture(plan).rungs)
    window = Window(track="video", first=0, count=2)
    seen: list[tuple[RenditionId, int | None]] = []

    async def sink(rendition: RenditionId, number: int | None, _body: bytes) -> None:
        seen.append((rendition, number))

    skip: set[tuple[RenditionId, int | None]] = {(large, None), (large, 0), (large, 1), (small, 0)}
    await encode_video(plan, window, source=source, sink=sink, skip=skip, settings=_SETTINGS)
    assert seen == [(small, None), (small, 1)]
    await encode_video(plan, window, source=tmp_path / "nothing", sink=sink, skip={*skip, *seen}, settings=_SETTINGS)
    assert len(seen) == 2


async def test_what_the_sink_raises_ends_the_encode(tmp_path: Path) -> None:
    source = _clip(tmp_path / "source.mp4", Fraction(25), 26)
    plan = _plan([512 * n for n in range(26)], rate=Fraction(25), time_base=Fraction(1, 12800))

    async def sink(_rendition: RenditionId, _number: int | None, _body: bytes) -> None:
        raise ConnectionError("no store")

    with pytest.raises(ConnectionError, match="no store"):
        await encode_video(plan, _windows(plan)[0], source=source, sink=sink, settings=_SETTINGS)


async def test_an_encode_that_hangs_is_killed(tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    os.mkfifo(source)
    plan = _plan([0], rate=Fraction(25), time_base=Fraction(1, 12800))
    settings = EncoderSettings(threads=1, wall_s=1.0)

    async def sink(_rendition: RenditionId, _number: int | None, _body: bytes) -> None:
        raise AssertionError("nothing is made")

    with pytest.raises(ChildTimedOut):
        await encode_video(plan, _windows(plan)[0], source=source, sink=sink, settings=settings)


def test_shapes_follow_the_plan() -> None:
    plan = _plan([1001 * n for n in range(50)], rate=Fraction(30000, 1001), time_base=Fraction(1, 30000))
    video = _picture(plan)
    window = Window(track="video", first=0, count=2)
    full, half = (shapes(video, rung, window) for rung in video.rungs)
    assert [(shape.decode_time, shape.duration, shape.samples) for shape in full] == [
        (0, 28 * 1001, 28), (28 * 1001, 22 * 1001, 22),
    ]  # fmt: skip
    assert [(shape.decode_time, shape.duration, shape.samples) for shape in half] == [
        (0, 28 * 1001, 14), (28 * 1001, 22 * 1001, 11),
    ]  # fmt: skip


def test_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANNEL_FFMPEG", "ffmpeg")
    plan = _plan([512 * n for n in range(120)], rate=Fraction(25), time_base=Fraction(1, 12800))
    argv = video_argv(
        plan, Window(track="video", first=2, count=2), _picture(plan).rungs, source=Path("/job/source"),
        fds=(7, 8), margin=Fraction(0), settings=EncoderSettings(),
    )  # fmt: skip
    golden = Path(__file__).parents[1] / "golden" / "video_argv.txt"
    assert "\n".join(argv) + "\n" == golden.read_text("utf-8")


def test_effort_changes_one_argument_of_its_rung() -> None:
    rungs = (_rung(112, 64), replace(_rung(160, 90), effort=True))
    plan = _plan([512 * n for n in range(120)], rate=Fraction(25), time_base=Fraction(1, 12800), rungs=rungs)
    window = Window(track="video", first=2, count=2)
    argv = video_argv(plan, window, rungs, source=Path("s"), fds=(7, 8), margin=None, settings=_SETTINGS)
    told = [value for name, value in itertools.pairwise(argv) if name == "-x264-params"]
    assert told == ["open-gop=0:stitchable=1", "open-gop=0:stitchable=1:trellis=1:rc-lookahead=20"]


def test_a_plan_without_a_picture_has_no_windows_of_it() -> None:
    plan = Plan(asset=AssetId("a"), version=1, source=SourceRef(key="k", size=1, demuxer="mov"), video=None, audio=())
    window = Window(track="video", first=0, count=1)
    with pytest.raises(ValueError, match="no picture"):
        video_argv(plan, window, (), source=Path("s"), fds=(), margin=None, settings=EncoderSettings())
    assert issubclass(OutputBroken, TranscodeError)

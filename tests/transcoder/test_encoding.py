"""Windows in HEVC and AV1. The clip's frames carry their number as a bar code, so that a wrong frame is seen as one."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from manifests.layout import AssetId, RenditionId
from transcoder.encoder_settings import EncoderSettings
from transcoder.encoding import encoder_options
from transcoder.ffmpeg import ffmpeg_path
from transcoder.fragments import Fragment, FragmentReader
from transcoder.ladder import LadderSettings, rungs
from transcoder.plan import Plan, SourceRef, VideoPlan
from transcoder.profile import Codec, Row
from transcoder.video import encode_video
from transcoder.windows import Window, codec_of, tracks

if TYPE_CHECKING:
    from pathlib import Path

    from transcoder.plan import VideoRung

_BITS = 9
_RATE = Fraction(30000, 1001)
_FRAMES = 135
_BAR_CODE = f"geq=lum='if(mod(floor(N/pow(2,floor(X*{_BITS}/W))),2),220,30)':cb=128:cr=128"
_ROW = Row(width=192, height=108, average=300_000, maxrate=450_000, crf=20, codecs=tuple(Codec))
OTHERS = [codec for codec in Codec if codec is not Codec.H264]

Made = dict[tuple[RenditionId, int | None], bytes]


def _ffmpeg(*arguments: str) -> bytes:
    command = [ffmpeg_path(), "-v", "error", "-xerror", "-nostdin", "-y", *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    _ffmpeg("-f", "lavfi", "-i", f"color=gray:s=192x108:r={_RATE},{_BAR_CODE}", "-frames:v", str(_FRAMES),
            "-c:v", "libx264", "-preset", "superfast", "-crf", "12", "-g", "37", str(path))  # fmt: skip
    return path


def _plan() -> Plan:
    """Segments of a second, GOPs of half a second, in three codecs."""
    video = VideoPlan(
        stream=0, rate=_RATE, frames=_FRAMES, gop=14, segment=28, time_base=Fraction(1, 30000), origin=0,
        starts=tuple(range(0, _FRAMES * 1001, 28 * 1001)), constant=True, interlaced=False, hdr=None, rotation=0,
        mirrored=False, width=192, height=108,
        rungs=rungs(192, 108, rate=_RATE, version=1, settings=LadderSettings(steps=(_ROW,))),
    )  # fmt: skip
    source = SourceRef(key="sources/asset/1", size=1, demuxer="mov")
    return Plan(asset=AssetId("asset"), version=1, source=source, video=video, audio=())


def _picture(plan: Plan) -> VideoPlan:
    assert plan.video is not None
    return plan.video


async def _made(plan: Plan, codec: Codec, source: Path) -> Made:
    """All segments of a codec, by windows that do not come in order; an init section that changes fails."""
    made: Made = {}

    async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
        assert made.setdefault((rendition, number), body) == body

    for first, count in ((3, 2), (0, 1), (1, 2)):
        window = Window(track=codec.value, first=first, count=count)
        await encode_video(plan, window, source=source, sink=sink, settings=EncoderSettings(threads=1))
    return made


def _numbers(body: bytes, folder: Path) -> list[int]:
    """The numbers in the bar codes of all pictures, as ffmpeg decodes them."""
    (folder / "joined.mp4").write_bytes(body)
    raw = _ffmpeg("-i", str(folder / "joined.mp4"), "-fps_mode", "passthrough", "-vf", "scale=90:10", "-pix_fmt",
                  "gray", "-f", "rawvideo", "-")  # fmt: skip
    bars = np.frombuffer(raw, np.uint8).reshape(-1, 10, 90)[:, 5, 90 // _BITS // 2 :: 90 // _BITS] > 125
    return [sum(int(bar) << bit for bit, bar in enumerate(row)) for row in bars]


def _box(body: bytes, kind: bytes) -> bytes:
    """The payload of a box, wherever it stands."""
    at = body.index(kind)
    return body[at + 4 : at - 4 + int.from_bytes(body[at - 4 : at])]


def _hvc1(record: bytes) -> str:
    """ISO/IEC 14496-15 §8.3.3.1.2 and annex E.3."""
    compatible = int(f"{int.from_bytes(record[2:6]):032b}"[::-1], 2)
    constraints = ".".join(f"{byte:02x}" for byte in record[6:12].rstrip(b"\0"))
    tier = "H" if record[1] & 0x20 else "L"
    return f"hvc1.{record[1] & 0x1F}.{compatible:x}.{tier}{record[12]}.{constraints}"


def _av01(record: bytes) -> str:
    """AV1 Codec ISO Media File Format Binding §2.3.3, §5."""
    depth = 10 if record[2] & 0x40 else 8
    return f"av01.{record[1] >> 5}.{record[1] & 0x1F:02d}{'H' if record[2] & 0x80 else 'M'}.{depth:02d}"


@pytest.mark.parametrize("codec", OTHERS)
async def test_windows_join_frame_by_frame(codec: Codec, clip: Path, tmp_path: Path) -> None:
    plan = _plan()
    (rung,) = _picture(plan).only(codec).rungs
    made = await _made(plan, codec, clip)
    assert {rendition for rendition, _ in made} == {rung.id}, "the other codecs have windows of their own"
    clock = 0
    for number in range(_picture(plan).segments):
        for fragment in FragmentReader().feed(made[rung.id, number]):
            assert isinstance(fragment, Fragment)
            assert fragment.sync
            assert fragment.decode_time == clock
            clock += fragment.duration
    joined = b"".join(made[rung.id, number] for number in (None, *range(_picture(plan).segments)))
    assert _numbers(joined, tmp_path) == list(range(_FRAMES))
    # And any segment plays alone.
    assert _numbers(made[rung.id, None] + made[rung.id, 3], tmp_path) == list(range(84, 112))


@pytest.mark.parametrize("codec", OTHERS)
async def test_the_codec_string_says_what_the_init_section_says(codec: Codec, clip: Path) -> None:
    plan = _plan()
    sizes = ((1920, 1080, Fraction(60)), (640, 360, Fraction(25)), (192, 108, _RATE))
    for width, height, rate in sizes:
        settings = LadderSettings(steps=(replace(_ROW, width=width, height=height),))
        rung = next(
            rung for rung in rungs(width, height, rate=rate, version=1, settings=settings) if rung.codec is codec
        )
        init = _init(rung, rate, clip)
        assert rung.codecs == (_hvc1(_box(init, b"hvcC")) if codec is Codec.HEVC else _av01(_box(init, b"av1C")))
        assert (b"hvc1" if codec is Codec.HEVC else b"av01") in init
    assert _picture(plan).codecs == tuple(Codec)


def _init(rung: VideoRung, rate: Fraction, clip: Path) -> bytes:
    """The init section of a picture that is encoded as the rung says."""
    options = [str(word) for name, value in encoder_options(rung, 2 * round(rate / 2), EncoderSettings()).items()
               for word in (f"-{name}", value)]  # fmt: skip
    return _ffmpeg("-i", str(clip), "-frames:v", "2", "-vf", f"settb=1/{rate.numerator},fps={rate},"
                   f"scale={rung.width}:{rung.height}", *options, "-movflags", "+empty_moov+frag_keyframe", "-f", "mp4",
                   "pipe:1")  # fmt: skip


@pytest.mark.parametrize("codec", OTHERS)
async def test_nothing_of_the_encoder_stands_in_the_stream(codec: Codec, clip: Path) -> None:
    plan = _plan()
    made = await _made(plan, codec, clip)
    segments = b"".join(body for (_, number), body in made.items() if number is not None)
    assert not re.search(rb"x265|SVT|Lavc", segments)


def test_each_codec_is_a_track_of_its_own() -> None:
    assert tracks(_plan()) == {"video": 5, "hevc": 5, "av1": 5}
    assert [codec_of(track) for track in ("video", "hevc", "av1", "a1-1")] == [*Codec, None]

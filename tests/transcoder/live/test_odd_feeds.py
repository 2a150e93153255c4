"""What publishers send that is not as usual: each comes out right. Clips are given at once, faster than their time."""

from __future__ import annotations

import asyncio
import subprocess
import time
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from manifests.layout import ChannelId
from tests.transcoder.live import feeds
from tests.transcoder.live.taken import Taken
from tests.transcoder.live.test_run import check
from transcoder.encoder_settings import EncoderSettings
from transcoder.live.argv import origin_of
from transcoder.live.arrivals import Arrivals
from transcoder.live.event import LiveEvent, plan_event
from transcoder.live.opening import Opening, read_opening
from transcoder.live.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

SETTINGS = EncoderSettings(preset="superfast", threads=1)
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25")
RED, GREEN = (255, 0, 0), (0, 255, 0)
HALVES = "color=red:s={size}:r=25,format=gbrp,drawbox=x=iw/2:w=iw/2:color=lime:t=fill"


def clock() -> int:
    return time.time_ns() // 1_000_000


async def made(ffmpeg: str, *words: str, body: bytes = b"") -> bytes:
    """What ffmpeg writes."""
    child = await asyncio.create_subprocess_exec(
        ffmpeg, "-loglevel", "error", *words, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    written, _ = await child.communicate(body)
    assert child.returncode == 0, words
    return written


async def encoded(
    body: bytes, *, demuxer: str, lacks_sound: Callable[[], bool] = bool
) -> tuple[Opening, LiveEvent, Taken]:
    arrivals, taken = Arrivals(clock), Taken()
    await arrivals.put(body)
    arrivals.end()
    opening = await read_opening(arrivals, demuxer=demuxer)
    event = plan_event(ChannelId("arena"), 1, opening, feeds.SMALL, long_parts=False)
    run = Run(
        event=event, opening=opening, origin=origin_of(event, opening.anchor), demuxer=demuxer, settings=SETTINGS,
        clock=clock, lacks_sound=lacks_sound,
    )  # fmt: skip
    await run.encode(arrivals, taken)
    return opening, event, taken


async def last_picture(ffmpeg: str, event: LiveEvent, taken: Taken) -> tuple[int, int, bytes]:
    """Width, height and RGB of the last picture of the largest rung, read as BT.709."""
    rung = event.rungs[-1]
    body = taken.inits[rung.id] + b"".join(part.body for part in taken.parts[rung.id])
    reading = "scale=in_color_matrix=bt709:in_range=tv:flags=accurate_rnd,format=rgb24"
    pictures = await made(ffmpeg, "-i", "-", "-vf", reading, "-f", "rawvideo", "-", body=body)
    return rung.width, rung.height, pictures[-3 * rung.width * rung.height :]


def at(picture: tuple[int, int, bytes], across: float, down: float) -> tuple[int, ...]:
    width, height, body = picture
    begin = 3 * (int(across * width) + width * int(down * height))
    return tuple(body[begin : begin + 3])


def near(found: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return max(abs(one - other) for one, other in zip(found, wanted, strict=True)) <= 6


def tagged(matrix: str, code: str, *, span: str = "tv", pixels: str = "yuv420p") -> Sequence[str]:
    becomes = f"scale=out_color_matrix={matrix}:out_range={span}:flags=accurate_rnd,format={pixels}"
    says = f"setparams=colorspace={code}:color_primaries={code}:color_trc={code}:range={span}"
    return ("-vf", f"{becomes},{says}")


@pytest.mark.parametrize(
    ("size", "options"),
    [
        pytest.param("64x36", tagged("bt601", "smpte170m"), id="BT.601"),
        pytest.param("64x36", tagged("bt601", "unknown"), id="nothing is said, small"),
        pytest.param("1280x720", tagged("bt709", "unknown"), id="nothing is said, HD"),
        pytest.param("64x36", tagged("bt709", "bt709", span="pc"), id="full range"),
        pytest.param("64x36", tagged("bt709", "bt709", pixels="yuv422p10le"), id="4:2:2 in 10 bits"),
        pytest.param("53x31", tagged("bt709", "bt709", pixels="yuv444p"), id="odd"),
    ],
)
async def test_colours_are_as_they_were_sent(ffmpeg: str, size: str, options: Sequence[str]) -> None:
    source = ("-f", "lavfi", "-i", HALVES.format(size=size), "-t", "0.9")
    body = await made(ffmpeg, *source, *options, *X264, "-f", "flv", "-")
    _, event, taken = await encoded(body, demuxer="flv")
    picture = await last_picture(ffmpeg, event, taken)
    assert near(at(picture, 0.25, 0.5), RED)
    assert near(at(picture, 0.75, 0.5), GREEN)


async def test_white_paper_in_hdr_is_white_paper(ffmpeg: str) -> None:
    paper = "color=black:s=64x36:r=25,format=yuv420p10le,geq=lum=572:cb=512:cr=512"  # 203 cd/m²: 58 % of PQ
    says = "setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=smpte2084:range=tv"
    body = await made(ffmpeg, "-f", "lavfi", "-i", f"{paper},{says}", "-t", "0.9", *X264, "-f", "mpegts", "-")
    opening, event, taken = await encoded(body, demuxer="mpegts")
    assert opening.look.hdr == "pq"
    grey = round((210 - 16) * 255 / 219)
    assert near(at(await last_picture(ffmpeg, event, taken), 0.5, 0.5), (grey, grey, grey))


async def test_a_picture_that_lies_on_its_side_is_stood_up(ffmpeg: str) -> None:
    source = ("-f", "lavfi", "-i", HALVES.format(size="64x36"), "-t", "0.9")
    lying = await made(ffmpeg, *source, *tagged("bt709", "bt709"), *X264, "-f", "mpegts", "-")
    moves = ("-movflags", "+frag_keyframe+empty_moov+default_base_moof+delay_moov")
    body = await made(
        ffmpeg, "-display_rotation", "90", "-i", "-", "-c", "copy", *moves, "-f", "mp4", "-", body=lying
    )  # fmt: skip
    _, event, taken = await encoded(body, demuxer="mp4")
    picture = await last_picture(ffmpeg, event, taken)
    assert picture[0] < picture[1]
    assert near(at(picture, 0.5, 0.25), GREEN)
    assert near(at(picture, 0.5, 0.75), RED)


async def test_another_size_in_mid_stream_is_scaled_to_the_first(ffmpeg: str) -> None:
    body = b""
    for size, begins in (("64x36", "0"), ("96x54", "1")):
        source = ("-f", "lavfi", "-i", HALVES.format(size=size), "-t", "1", "-output_ts_offset", begins)
        body += await made(ffmpeg, *source, *tagged("bt709", "bt709"), *X264, "-f", "mpegts", "-")
    _, event, taken = await encoded(body, demuxer="mpegts")
    parts = taken.parts[event.rungs[-1].id]
    assert parts[-1].start + parts[-1].duration - parts[0].start > 3 * parts[0].duration
    assert near(at(await last_picture(ffmpeg, event, taken), 0.25, 0.5), RED)


async def test_pictures_that_come_once_a_second_are_waited_for_no_longer_than_two(ffmpeg: str) -> None:
    body = await made(
        ffmpeg, "-f", "lavfi", "-i", "testsrc2=s=320x180:r=1", "-t", "5", *X264, "-f", "flv", "-"
    )  # fmt: skip
    arrivals = Arrivals(clock)
    await arrivals.put(body)  # more may come
    opening = await asyncio.wait_for(read_opening(arrivals, demuxer="flv"), 10)
    assert opening.rate == Fraction(1)


@pytest.mark.parametrize("cut", ["start=60", "end=0.5"])
async def test_pictures_do_not_wait_for_a_sound_that_does_not_come(ffmpeg: str, cut: str) -> None:
    sound = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-af", f"atrim={cut}", "-c:a", "aac")
    source = ("-f", "lavfi", "-i", HALVES.format(size="64x36"))
    body = await made(
        ffmpeg, *source, *sound, *tagged("bt709", "bt709"), *X264, "-t", "2", "-f", "mpegts", "-"
    )  # fmt: skip
    opening, event, taken = await encoded(body, demuxer="mpegts", lacks_sound=lambda: True)
    assert opening.channels
    check(event, taken)


async def test_captions_and_further_sounds_are_noticed_for_they_are_not_passed_on(ffmpeg: str, media: Path) -> None:
    more = ("-f", "lavfi", "-i", "sine", "-f", "lavfi", "-i", "sine", "-map", "0:v", "-map", "1", "-map", "2")
    clip = str(media / "odd" / "muxjs_sintel_captions.ts")
    body = await made(ffmpeg, "-i", clip, *more, "-c:v", "copy", "-c:a", "aac", "-t", "2", "-f", "mpegts", "-")
    arrivals = Arrivals(clock)
    await arrivals.put(body)
    arrivals.end()
    opening = await read_opening(arrivals, demuxer="mpegts")
    assert (opening.sounds, opening.captions) == (2, True)

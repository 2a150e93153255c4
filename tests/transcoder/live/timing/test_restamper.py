"""Real streams of each container, cut anywhere."""

from __future__ import annotations

import io
import math
import subprocess
from array import array
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import av
import pytest

from transcoder.live.timing.drift import FASTEST_AT_FIRST_PPM
from transcoder.live.timing.keeper import Timekeeper
from transcoder.live.timing.restamper import restamper

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTAINERS: Final = ("flv", "mpegts", "mp4")
FLV_HEADER: Final = 13
SECONDS: Final = 4


@cache
def clip(ffmpeg: str, container: str, *, seconds: int = SECONDS, options: tuple[str, ...] = ()) -> bytes:
    """Pictures with B pictures among them, and a tone; fragments of half a second."""
    argv = [
        ffmpeg, "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=64x36:rate=25", "-f", "lavfi", "-i",
        "sine=frequency=440:sample_rate=48000", "-t", str(seconds), "-c:v", "libx264", "-preset", "veryfast", "-g",
        "12", "-c:a", "aac", "-b:a", "128k", "-muxdelay", "0", "-muxpreload", "0", *options, "-movflags",
        "+cmaf+frag_keyframe+empty_moov+default_base_moof", "-f", container, "-",
    ]  # fmt: skip
    return subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout


def stamps(body: bytes, container: str) -> dict[str, list[tuple[float, float]]]:
    """Seconds at which packets are decoded and shown."""
    found: dict[str, list[tuple[float, float]]] = {"video": [], "audio": []}
    with av.open(io.BytesIO(body), format=container) as opened:
        for packet in opened.demux():
            if packet.dts is not None and packet.pts is not None and packet.time_base is not None:
                times = float(packet.dts * packet.time_base), float(packet.pts * packet.time_base)
                found[packet.stream.type].append(times)
    return found


def pieces(body: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(body), size):
        yield body[at : at + size]


def settled(start: float = 0) -> Timekeeper:
    keeper = Timekeeper()
    keeper.settle(start=round(start * 1_000_000), anchor=0, phase=0, rate=25)
    return keeper


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("size", [1, 188, 777, 1 << 20])
def test_nothing_changes_before_it_is_known_what_to(ffmpeg: str, container: str, size: int) -> None:
    body = clip(ffmpeg, container, seconds=1)
    moving = restamper(container, Timekeeper())
    assert b"".join(moving.feed(piece, 0) for piece in pieces(body, size)) == body


@pytest.mark.parametrize("container", CONTAINERS)
def test_an_encoder_that_is_started_again_goes_on(ffmpeg: str, container: str) -> None:
    body = clip(ffmpeg, container)
    before = stamps(body, container)
    metadata = int.from_bytes(body[14:17]) + 15  # the first tag
    begins = {"flv": FLV_HEADER + metadata, "mpegts": 0, "mp4": body.find(b"moof") - 4}[container]
    moving = restamper(container, settled(min(pts for _, pts in before["video"] + before["audio"])))
    made = b""
    for number, part in enumerate((body, body[begins:], body[begins:])):
        cut = list(pieces(part, len(part) // 97))
        for place, piece in enumerate(cut):
            made += moving.feed(piece, 1000 * SECONDS * number + 1000 * SECONDS * (place + 1) // len(cut))
    after = stamps(made, container)
    for kind in ("video", "audio"):
        decoded = [dts for dts, _ in after[kind]]
        assert len(decoded) == 3 * len(before[kind])
        # Where it begins again one of the two may overlap, since they do not end together.
        assert all(later > earlier - 0.06 for earlier, later in pairwise(decoded))
        assert sum(later <= earlier for earlier, later in pairwise(decoded)) <= 2
        assert decoded[-1] - decoded[0] == pytest.approx(3 * SECONDS, abs=0.7)
        # What lies between a packet's two stamps is as it was.
        waits = [round(pts - dts, 2) for dts, pts in before[kind]]
        assert [round(pts - dts, 2) for dts, pts in after[kind]] == 3 * waits
    last = [min(pts for _, pts in after[kind][-len(before[kind]) :]) for kind in ("video", "audio")]
    meant = [min(pts for _, pts in before[kind]) for kind in ("video", "audio")]
    assert last[0] - last[1] == pytest.approx(meant[0] - meant[1], abs=0.026)


def test_a_transport_streams_clock_may_go_round(ffmpeg: str) -> None:
    begin = (1 << 33) / 90_000 - 2
    body = clip(ffmpeg, "mpegts", options=("-output_ts_offset", str(begin), "-mpegts_copyts", "1"))
    keeper = settled(begin)
    moving = restamper("mpegts", keeper)
    cut = list(pieces(body, len(body) // 97))
    made = b"".join(moving.feed(piece, 1000 * SECONDS * (place + 1) // 97) for place, piece in enumerate(cut))
    assert stamps(made, "mpegts").keys() == {"video", "audio"}
    assert abs(keeper.moved) < 20_000


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("size", [3, 1000])
def test_garbage_goes_through(ffmpeg: str, container: str, size: int) -> None:
    body = (clip(ffmpeg, container, seconds=1))[:-188] + bytes(range(256)) * 20
    moving = restamper(container, Timekeeper())
    made = b"".join(moving.feed(piece, 0) for piece in pieces(body, size))
    assert len(made) > len(body) - 256
    assert body.startswith(made)


@pytest.mark.parametrize("container", ["flv", "mpegts"])
@pytest.mark.parametrize("ppm", [-500, 500])
def test_nobody_hears_that_a_clock_is_made_up_for(ffmpeg: str, container: str, ppm: int) -> None:
    body = clip(ffmpeg, container, seconds=40)
    keeper = settled(stamps(body, container)["audio"][0][0])
    moving = restamper(container, keeper)
    cut = list(pieces(body, len(body) // 997))
    made, moved = b"", []
    for place, piece in enumerate(cut):
        sent = 40_000 * (place + 1) // len(cut)
        made += moving.feed(piece, sent - 20 * sent * ppm // 1_000_000)  # fast enough for the most that is made up
        moved.append(keeper.moved)
    assert max(moved) - min(moved) > 20 * FASTEST_AT_FIRST_PPM  # for more than half of the time
    argv = [
        ffmpeg, "-loglevel", "error", "-f", container, "-i", "pipe:0", "-map", "0:a", "-af",
        "aresample=48000:async=1000:first_pts=0:flags=res", "-f", "s16le", "-ac", "1", "-",
    ]  # fmt: skip
    decoded = subprocess.run(argv, input=made, stdout=subprocess.PIPE, check=True).stdout
    heard = array("h", decoded)[24_000:-24_000]
    # A sine wave follows from its last two samples; a click is what does not. Rounding, and a codec, are 3.
    turn = 2 * math.cos(2 * math.pi * 440 / 48_000)
    threes = zip(heard, heard[1:], heard[2:], strict=False)
    assert max(heard) > 3000
    assert max(abs(third - turn * second + first) for first, second, third in threes) < 8

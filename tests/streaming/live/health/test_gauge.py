"""What is measured in passing, against the encoder that gets the same bytes."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from prometheus_client import REGISTRY

from infra.tasks import end
from streaming.live.health.gauge import Gauge
from streaming.live.ingest.publisher import Container, Place, Publisher, Way
from tests.transcoder.live import feeds
from transcoder.encoder_settings import EncoderSettings
from transcoder.live.argv import live_argv, origin_of
from transcoder.live.arrivals import Arrivals
from transcoder.live.opening import read_opening
from transcoder.live.restarts import Restarts
from transcoder.live.timing.keeper import Timekeeper

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_795_000_000_130
FRAGMENTED = ("-movflags", "+cmaf+frag_keyframe+empty_moov+default_base_moof")


@pytest.fixture
def nowhere() -> Iterator[tuple[int, ...]]:
    """Files for what an encoder makes of rungs and sound."""
    opened = tuple(os.open(os.devnull, os.O_WRONLY) for _ in range(3))
    yield opened
    for each in opened:
        os.close(each)


def publisher(container: Container, way: Way = Way.SRT) -> Publisher:
    return Publisher(
        channel="arena", place=Place.BACKUP, key_id="k", way=way, address="192.0.2.1", container=container
    )  # fmt: skip


def made(who: Publisher, arrivals: Arrivals, keeper: Timekeeper | None = None) -> Gauge:
    return Gauge(who, arrivals, Restarts(), keeper or Timekeeper(), lambda: NOW)


def test_before_anything_came_nothing_is_known() -> None:
    health, lately, silent_s = made(publisher(Container.MPEG_TS), Arrivals(lambda: NOW)).look(NOW)
    known = {"place", "way", "since", "encoder_restarts"}
    assert {name for name in health.__slots__ if getattr(health, name) is not None} == known
    assert (lately.frames, lately.held, silent_s) == (0, 0, 0)


def test_the_clock_of_a_publisher_is_told_until_he_is_gone() -> None:
    keeper, place = Timekeeper(), {"channel": "arena", "place": "backup"}
    gauge = made(publisher(Container.FLV), Arrivals(lambda: NOW), keeper)
    keeper.settle(start=0, anchor=NOW, phase=0, rate=25)

    def told() -> list[float | None]:
        names = ("clock_drift_ppm", "clock_corrected_seconds")
        return [REGISTRY.get_sample_value(f"channel_live_publisher_{name}", place) for name in names]

    for passed in range(0, 3_600_000, 1000):  # an hour by our clock; his is 200 ppm too slow
        keeper.sound(8, passed * 1000 - passed * 200 // 1000, NOW + passed)
    health, _, _ = gauge.look(NOW)
    assert health.clock_drift_ppm == pytest.approx(-200, abs=1)
    assert health.clock_corrected_ms == pytest.approx(0.2 * 3600, abs=25)
    assert told() == [health.clock_drift_ppm, pytest.approx((health.clock_corrected_ms or 0) / 1000, abs=0.001)]
    gauge.close()
    assert told() == [None, None]


@pytest.mark.parametrize(
    ("container", "options"), [(Container.FLV, ()), (Container.MPEG_TS, ()), (Container.MP4, FRAGMENTED)]
)
async def test_dropped_and_filled_are_those_of_the_encoder(
    ffmpeg: str, nowhere: tuple[int, ...], container: Container, options: tuple[str, ...]
) -> None:
    """30 pictures a second, some missing, for an event of 25; with sound, which begins at another time."""
    argv = [ffmpeg, "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=64x36:rate=30"]
    argv += ["-f", "lavfi", "-i", "sine=sample_rate=44100", "-t", "3", "-vf", "select=not(between(n\\,40\\,49))"]
    argv += ["-fps_mode", "passthrough", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "30"]
    argv += ["-c:a", "aac", *options, "-f", container.value, "-"]
    stream = (await asyncio.to_thread(subprocess.run, argv, capture_output=True, check=True)).stdout
    arrivals = Arrivals(lambda: NOW)
    gauge = made(publisher(container), arrivals)

    async def send() -> None:
        for at in range(0, len(stream), 5000):
            gauge.take(stream[at : at + 5000])
            await arrivals.put(stream[at : at + 5000])
        arrivals.end()

    sending = asyncio.create_task(send())
    opening = await read_opening(arrivals, demuxer=container.value)
    await end(sending)
    event = feeds.event(rate=25)
    origin = origin_of(event, opening.anchor)
    gauge.settle(opening, event, origin)
    gauge._cadence.close()
    health, _, _ = gauge.look(NOW + 1000)

    settings = EncoderSettings(preset="superfast", threads=1)
    command = live_argv(event, opening, origin, demuxer=container.value, fds=nowhere, settings=settings)
    command[command.index("-loglevel") + 1] = "verbose"
    ran = await asyncio.to_thread(
        subprocess.run, command, input=stream, capture_output=True, pass_fds=nowhere, check=True
    )  # fmt: skip
    said = re.findall(rb"(\d+) frames in, (\d+) frames out; (\d+) frames dropped, (\d+) frames duplicated", ran.stderr)
    frames, _, dropped, duplicated = max(tuple(map(int, each)) for each in said)
    grid = gauge._cadence._grid
    assert grid is not None
    first = min(picture.pts for picture in type(gauge._scanner)().feed(stream))
    assert (health.frames, health.dropped_frames) == (frames, dropped)
    assert health.filled_frames == duplicated - grid.place(first)  # less those before the first picture
    assert health.bitrate_bps == len(stream) * 8
    assert health.measured_frame_rate == pytest.approx(80 / 3, rel=0.02)
    assert health.keyframe_interval_s == pytest.approx(40 / 30, abs=0.002)  # of a second, but for what is missing
    assert (health.way, health.width, health.frame_rate) == ("srt", 64, float(opening.rate))

from __future__ import annotations

import asyncio
import subprocess
import time

import pytest

from tests.transcoder.live import feeds
from transcoder.ffmpeg import telling
from transcoder.live.arrivals import Arrivals
from transcoder.live.errors import FeedRefused, OpeningDied
from transcoder.live.opening import anchor, read_opening


def clock() -> int:
    return time.time_ns() // 1_000_000


@pytest.mark.parametrize("demuxer", ["flv", "mpegts"])
async def test_what_a_publisher_sends_is_found_out_while_he_sends(ffmpeg: str, demuxer: str) -> None:
    begun = clock()
    async with feeds.publishing(ffmpeg, clock, seconds=20, rate=50, demuxer=demuxer) as arrivals:
        found = await read_opening(arrivals, demuxer=demuxer)
        assert (found.width, found.height, found.rate) == (320, 180, 50)
        assert (found.video_codec, found.audio_codec, found.channels) == ("h264", "aac", 1)
        # ffmpeg sends half a second ahead of its time.
        assert begun - 1000 < found.anchor <= clock()
        reader = arrivals.replay()
        assert await anext(reader)  # nothing of it is lost for the encoder
        await reader.aclose()


async def test_a_feed_without_sound_has_no_channels(ffmpeg: str) -> None:
    async with feeds.publishing(ffmpeg, clock, seconds=20, sound=False) as arrivals:
        assert (await read_opening(arrivals, demuxer="flv")).channels == 0


async def test_an_encoder_that_says_nothing_of_the_shape_of_its_pixels_has_square_ones(ffmpeg: str) -> None:
    encoded = await asyncio.create_subprocess_exec(
        ffmpeg, "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=64x36:rate=25:duration=1,setsar=0", "-c:v",
        "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-f", "flv", "-", stdout=subprocess.PIPE,
    )  # fmt: skip
    body, _ = await encoded.communicate()
    arrivals = Arrivals(clock)
    await arrivals.put(body)
    arrivals.end()
    assert (await read_opening(arrivals, demuxer="flv")).sar == 1


@pytest.mark.parametrize("body", [b"", b"FLV\x01\x05\x00\x00\x00\x09" + bytes(5000), bytes(range(256)) * 400])
async def test_garbage_is_refused_with_a_reason(body: bytes) -> None:
    arrivals = Arrivals(clock)
    await arrivals.put(body)
    arrivals.end()
    with pytest.raises(FeedRefused, match=r"found|read"):
        await read_opening(arrivals, demuxer="flv")


async def test_whoever_dies_of_a_beginning_does_not_say_that_it_was_refused() -> None:
    with telling(lambda child: child.kill()), pytest.raises(OpeningDied, match="cannot be read"):
        await read_opening(Arrivals(clock), demuxer="flv")


def test_the_anchor_is_that_of_the_packet_that_was_on_its_way_for_the_shortest_time() -> None:
    moments = [(100, 5_000), (200, 5_040), (300, 5_200)]
    # Packets of 0, 40 and 80 ms: the last one came 80 ms late.
    assert anchor([(90, 0), (190, 40_000), (290, 80_000)], moments, start=0) == 5_000
    # A relay sends two seconds of the past at once.
    assert anchor([(90, 0), (95, 1_000_000), (99, 2_000_000)], moments, start=0) == 3_000
    # The stream's clock begins somewhere; places that nobody can tell are not asked.
    assert anchor([(90, 7_000_000)], moments, start=6_990_000) == 4_990
    assert anchor([], moments, start=0) == 5_000

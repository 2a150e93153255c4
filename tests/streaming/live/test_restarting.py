"""The encoder of a feed is killed, and nothing else: whoever publishes it notices nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from prometheus_client import REGISTRY

from infra.tasks import end
from manifests.layout import ChannelId
from streaming.live.health.teller import report_of
from streaming.live.ingest.gate import Gate
from streaming.live.ingest.publisher import Place
from streaming.live.ingest.rtmp.server import RtmpServer
from streaming.live.ingest.settings import RtmpSettings
from streaming.live.shows import Shows
from tests.streaming.live.ingest.recorder import GOOD, Keys
from transcoder.encoder_settings import EncoderSettings
from transcoder.ffmpeg import telling
from transcoder.live import board
from transcoder.live.event import load
from transcoder.live.restarts import MOST
from transcoder.live.resume import read_states
from transcoder.live.selector import Source

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from streaming.live.show import Feed
    from streaming.services import Services
    from transcoder.ffmpeg import Child

    Eventually = Callable[..., Awaitable[None]]

CHANNEL = ChannelId("alpine")
ENCODER, OPENING = "pipe:0", "opening_child.py"
"""What stands in the commands of children."""


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


class Server:
    """A live process, less what it does not need here: its shows, RTMP, and all children it ever had."""

    def __init__(self, services: Services) -> None:
        self.children: list[Child] = []
        self.shows = Shows(
            channels=services.channels, profiles=services.profiles, cache=services.infra.cache,
            store=services.infra.store, encoder=EncoderSettings(preset="superfast", threads=1), capacity=1000,
            clock=lambda: time.time_ns() // 1_000_000,
        )  # fmt: skip

    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        """Yields the port of RTMP."""
        server = RtmpServer(gate=Gate(Keys()), feeds=self.shows, settings=RtmpSettings(port=0))
        running = asyncio.create_task(self.shows.run())
        try:
            with telling(self.children.append):
                async with server.serving() as port:
                    yield port
        finally:
            await end(running)

    def of(self, word: str) -> list[Child]:
        return [child for child in self.children if any(said.endswith(word) for said in child.argv)]

    @property
    def on_air(self) -> Source | None:
        return self.shows._shows[CHANNEL].on_air

    @property
    def has_pictures(self) -> bool:
        """Whether a segment of pictures is whole: an encoder that has shown nothing is not replaced."""
        broadcast = self.shows._shows[CHANNEL].broadcast
        return broadcast is not None and any(
            (state := broadcast.packager.states.get(rung.id)) is not None and state.last_whole is not None
            for rung in broadcast.event.rungs
        )

    @property
    def feed(self) -> Feed | None:
        show = self.shows._shows.get(CHANNEL)
        return None if show is None else show.feeds.get(Place.PRIMARY)


@asynccontextmanager
async def publishing(ffmpeg: str, port: int, *, gop: int = 12) -> AsyncIterator[asyncio.subprocess.Process]:
    """By one process, which does not come again; key pictures are `gop` pictures apart, 25 are a second."""
    publisher = await asyncio.create_subprocess_exec(
        ffmpeg, "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=64x36:rate=25", "-f", "lavfi", "-i",
        "sine=sample_rate=48000", "-c:v", "libx264", "-preset", "ultrafast", "-g", str(gop), "-pix_fmt", "yuv420p",
        "-c:a", "aac", "-f", "flv", f"rtmp://127.0.0.1:{port}/live/{GOOD}", stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield publisher
    finally:
        if publisher.returncode is None:
            publisher.kill()
        await publisher.wait()


async def test_another_encoder_goes_on_for_the_same_connection_and_not_without_end(
    services: Services, ffmpeg: str, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    await services.channels.create(title="Alpine", channel_id=CHANNEL, dvr=timedelta(minutes=5), created_by="me")
    await services.channels.start(CHANNEL)
    server = Server(services)

    def is_seen(count: int) -> bool:
        return len(server.of(ENCODER)) == count and server.on_air is Source.PRIMARY

    async def says(why: str) -> bool:
        return why in (await services.channels.get(CHANNEL)).trouble

    def restarts() -> float:
        labels = {"channel": CHANNEL, "place": "primary"}
        return REGISTRY.get_sample_value("channel_live_encoder_restarts_total", labels) or 0

    before = restarts()
    monkeypatch.setattr("transcoder.live.restarts.WINDOW_MS", 3_600_000)  # a busy machine may need its minute
    async with server.running() as port:
        async with publishing(ffmpeg, port) as publisher:
            await eventually(lambda: is_seen(1) and server.has_pictures)
            feed = server.feed
            os.kill(server.of(ENCODER)[0].pid, signal.SIGKILL)
            await eventually(lambda: server.on_air is Source.SLATE)
            await eventually(lambda: is_seen(2))

            # The same process, the same connection, the same publication; and it is said what happened.
            assert (publisher.returncode, server.feed) == (None, feed)
            report = report_of(server.shows._shows[CHANNEL], now=server.shows.clock())
            assert (report.publishers[0].encoder_restarts, restarts() - before) == (1, 1)
            assert "ended by signal 9" in (report.last_error or "")
            assert any("encoder died once" in warning for warning in report.warnings)
            assert (await services.channels.get(CHANNEL)).trouble == ""
            kept = await services.infra.cache.get(board.event_key(CHANNEL))
            assert kept is not None
            event = load(kept)

            async def is_whole() -> bool:
                states = await read_states(services.infra.cache, event)
                return all(any(segment.discontinuity for segment in state.segments) for state in states.values())

            await eventually(is_whole)
            for state in (await read_states(services.infra.cache, event)).values():
                for one, next_one in pairwise(state.segments):
                    assert next_one.number == one.number + 1
                    assert next_one.pdt_ms == one.pdt_ms + event.grid.segment_ms
                assert [segment.number for segment in state.segments if segment.gap] == []
                assert len([segment for segment in state.segments if segment.discontinuity]) == 1

            # One that dies again and again is given up; so does what reads the stream for the next one.
            for word, count in ((ENCODER, 2), (OPENING, 3), (ENCODER, 3)):
                await eventually(lambda word=word, count=count: len(server.of(word)) == count)
                assert publisher.returncode is None
                server.of(word)[-1].kill()
            await eventually(lambda: server.feed is None)
            await publisher.wait()
            await eventually(partial(says, f"It was the {MOST + 1}th within a minute"))
            assert restarts() - before == MOST

        # Without another key picture there is no other encoder.
        monkeypatch.setattr("streaming.live.show._KEY_S", 0.3)
        async with publishing(ffmpeg, port, gop=10_000) as publisher:
            await eventually(lambda: is_seen(4))
            server.of(ENCODER)[-1].kill()
            await eventually(partial(says, "No key picture came"))
            await publisher.wait()

"""SRT with ffmpeg as the publisher; the passphrase is checked by libsrt, in the child."""

from __future__ import annotations

import asyncio
import math
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from infra.errors import DatabaseUnavailable, SettingsError
from streaming.live.ingest.publisher import Container, Place, Way
from streaming.live.ingest.settings import SrtSettings
from streaming.live.ingest.srt import SrtServer, srt_argv
from streaming.live.ingest.turned_away import Door
from streaming.live.keys.model import StreamKey, srt_passphrase
from tests.streaming.live.ingest.recorder import Recorder
from transcoder.ffmpeg import telling

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from transcoder.ffmpeg import Child

    Eventually = Callable[..., Awaitable[None]]

PEPPER = b"pepper"


class Wanted:
    """The keys that are listened to; `is_away`: nobody knows."""

    def __init__(self, *keys: StreamKey) -> None:
        self.keys = list(keys)
        self.is_away = False
        self.asked = 0

    async def __call__(self) -> list[StreamKey]:
        self.asked += 1
        if self.is_away:
            raise DatabaseUnavailable("away")
        return self.keys


@pytest.fixture
def key(free_port: Callable[[], int]) -> StreamKey:
    return StreamKey(
        id="k", channel="alpine", place=Place.PRIMARY, created_by="ann", created_at=datetime(2026, 2, 6, tzinfo=UTC),
        expires_at=None, revoked_at=None, srt_port=free_port(),
    )  # fmt: skip


@pytest.fixture
def feeds() -> Recorder:
    return Recorder()


@pytest.fixture
def door() -> Door:
    return Door(lambda: 0.0)


@pytest.fixture
def wanted(key: StreamKey) -> Wanted:
    return Wanted(key)


@pytest.fixture
async def server(feeds: Recorder, wanted: Wanted, door: Door) -> AsyncIterator[SrtServer]:
    made = SrtServer(feeds=feeds, wanted=wanted, pepper=PEPPER, settings=SrtSettings(), door=door)
    async with made.serving():
        yield made


async def push(ffmpeg: str, key: StreamKey, *, passphrase: str | None = None, seconds: int = 1) -> int:
    """Try until somebody listens: a caller gives up after three seconds otherwise."""
    secret = passphrase or srt_passphrase(key.id, pepper=PEPPER)
    process = await asyncio.create_subprocess_exec(
        ffmpeg, "-loglevel", "quiet", "-re", "-f", "lavfi", "-i", "testsrc=size=160x90:rate=25", "-t", str(seconds),
        "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-f", "mpegts",
        f"srt://127.0.0.1:{key.srt_port}?passphrase={secret}", stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return await process.wait()


async def test_publishers_come_one_after_the_other(
    server: SrtServer, feeds: Recorder, key: StreamKey, ffmpeg: str, eventually: Eventually, tmp_path: Path
) -> None:
    for number in range(2):

        async def published(number: int = number) -> bool:
            await push(ffmpeg, key)
            return len(feeds.recordings) > number

        await eventually(published, timeout=60)
        await eventually(lambda number=number: feeds.recordings[number].ended)
    publisher = feeds.recordings[0].publisher
    assert (publisher.channel, publisher.place, publisher.key_id) == ("alpine", Place.PRIMARY, "k")
    assert (publisher.way, publisher.container) == (Way.SRT, Container.MPEG_TS)
    for recording in feeds.recordings:
        body = bytes(recording.body)
        assert len(body) % 188 == 0
        assert {body[at] for at in range(0, len(body), 188)} == {0x47}
    clip = tmp_path / "clip.ts"
    clip.write_bytes(feeds.recordings[0].body)
    process = await asyncio.create_subprocess_exec(
        ffmpeg, "-loglevel", "error", "-i", clip, "-f", "framemd5", "-", stdout=subprocess.PIPE
    )
    frames, _ = await process.communicate()
    assert len([line for line in frames.splitlines() if not line.startswith(b"#")]) > 10


async def test_nobody_is_put_out_because_his_listener_is_old(
    feeds: Recorder, wanted: Wanted, eventually: Eventually
) -> None:
    children: list[Child] = []
    with telling(children.append):
        made = SrtServer(feeds=feeds, wanted=wanted, pepper=PEPPER, settings=SrtSettings())
        async with made.serving():
            await eventually(lambda: bool(children))
            assert children[0].deadline == math.inf
    assert not children[0].is_running


async def test_a_wrong_passphrase_reaches_nobody(
    server: SrtServer, feeds: Recorder, door: Door, key: StreamKey, ffmpeg: str, eventually: Eventually
) -> None:
    assert await push(ffmpeg, key, passphrase="another-passphrase") != 0
    assert feeds.recordings == []
    await eventually(lambda: bool(door.lately(key.channel, publishers=0)), timeout=60)
    assert {(one.way, one.channel) for one in door.lately(key.channel, publishers=0)} == {(Way.SRT, key.channel)}

    async def published() -> bool:
        return await push(ffmpeg, key) == 0

    await eventually(published, timeout=60)
    await eventually(lambda: len(feeds.recordings) == 1)


async def test_who_publishes_goes_on_when_his_key_is_over_and_the_channel_ends_it(
    server: SrtServer, feeds: Recorder, wanted: Wanted, key: StreamKey, ffmpeg: str, eventually: Eventually
) -> None:
    async def publish() -> None:
        while not feeds.recordings:
            await push(ffmpeg, key, seconds=60)

    publishing = asyncio.create_task(publish())
    await eventually(lambda: bool(feeds.recordings), timeout=60)
    wanted.keys.clear()
    asked = wanted.asked
    server.look()
    await eventually(lambda: wanted.asked > asked)
    size = len(feeds.recordings[0].body)
    await eventually(lambda: len(feeds.recordings[0].body) > size)
    feeds.recordings[0].closed = True
    await eventually(lambda: feeds.recordings[0].ended)
    async with asyncio.timeout(60):
        await publishing  # its connection is gone


async def test_a_database_that_is_away_ends_no_listener(
    server: SrtServer, feeds: Recorder, wanted: Wanted, key: StreamKey, ffmpeg: str, eventually: Eventually
) -> None:
    await eventually(lambda: wanted.asked > 0)
    wanted.is_away = True
    server.look()
    await eventually(lambda: wanted.asked > 1)

    async def published() -> bool:
        return await push(ffmpeg, key) == 0

    await eventually(published, timeout=60)


def test_the_command_of_a_listener() -> None:
    argv = srt_argv(host="::", port=10080, passphrase="a&b c_d-e-f", latency_us=120_000)
    (address,) = [word for word in argv if word.startswith("srt:")]
    assert address.startswith("srt://[::]:10080?mode=listener&")
    assert "passphrase=a%26b+c_d-e-f&" in address
    assert argv[argv.index("-protocol_whitelist") + 1] == "srt"


@pytest.mark.parametrize("ports", ["", "x", "10-", "9-8", "0-5", "1-70000", "1-2-3", "-5-3"])
def test_pools_of_ports(ports: str) -> None:
    if ports:
        with pytest.raises(SettingsError):
            SrtSettings(ports=ports)
    assert SrtSettings(ports="off").pool == range(0)
    assert SrtSettings(ports="10080-10081", latency=timedelta()).pool == range(10080, 10082)

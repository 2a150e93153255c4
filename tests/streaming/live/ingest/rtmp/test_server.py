"""The server with clients that nobody here wrote: ffmpeg, GStreamer where it is installed; and with bare sockets."""

from __future__ import annotations

import asyncio
import shutil
import socket
import struct
import subprocess
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from infra.errors import DatabaseUnavailable
from streaming.live.ingest.gate import Gate
from streaming.live.ingest.publisher import Container, Place, Way
from streaming.live.ingest.rtmp.flv import header
from streaming.live.ingest.rtmp.messages import Kind
from streaming.live.ingest.rtmp.server import RtmpServer
from streaming.live.ingest.settings import RtmpSettings
from streaming.live.ingest.tries import Tries
from tests.streaming.live.ingest.recorder import BACKUP, GOOD, Keys, Recorder
from tests.streaming.live.ingest.rtmp.peer import HELLO, KEY_PICTURE, PICTURE, VIDEO_HEADER, greeting, media

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    Eventually = Callable[..., Awaitable[None]]

TWO_SECONDS = (
    "-f", "lavfi", "-i", "testsrc=size=160x90:rate=25", "-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", "2",
)  # fmt: skip
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "0", "-pix_fmt", "yuv420p")


@pytest.fixture
def feeds() -> Recorder:
    return Recorder()


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
async def serve(feeds: Recorder, keys: Keys) -> AsyncIterator[Callable[..., Awaitable[int]]]:
    """`await serve(greeting=…)`: a server with these settings; returns its port."""
    async with AsyncExitStack() as stack:

        async def start(**settings: object) -> int:
            chosen = RtmpSettings(**{"port": 0, **settings})  # type: ignore[arg-type]
            gate = Gate(keys, tries=Tries(burst=10, refill_s=3600))
            server = RtmpServer(gate=gate, feeds=feeds, settings=chosen)
            return await stack.enter_async_context(server.serving())

        yield start


async def run(*command: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, said = await process.communicate()
    return process.returncode or 0, said.decode("utf-8", "replace")


async def push(ffmpeg: str, port: int, name: str, *options: str, realtime: bool = False) -> tuple[int, str]:
    flags = ("-hide_banner", "-loglevel", "error", *(("-re",) if realtime else ()))
    target = ("-f", "flv", f"rtmp://127.0.0.1:{port}/live/{name}")
    return await run(ffmpeg, *flags, *TWO_SECONDS, *options, *target)


async def decoded(ffmpeg: str, body: bytes, folder: Path, *options: str) -> list[str]:
    """Hashes of the frames in a file, as ffmpeg decodes them."""
    file = folder / "read.bin"
    file.write_bytes(body)
    output = folder / "frames.txt"
    code, said = await run(
        ffmpeg, "-y", "-loglevel", "error", "-xerror", "-i", str(file), *options, "-f", "framemd5", str(output)
    )
    assert code == 0, said
    return [line.rpartition(",")[2].strip() for line in output.read_text().splitlines() if not line.startswith("#")]


async def test_ffmpeg_publishes_and_every_frame_arrives(
    serve: Callable[..., Awaitable[int]], feeds: Recorder, ffmpeg: str, tmp_path: Path
) -> None:
    port = await serve()
    options = (*H264, "-c:a", "aac", "-bitexact", "-flags", "+bitexact", "-threads", "1")
    code, said = await push(ffmpeg, port, GOOD, *options)
    assert code == 0, said
    (recording,) = feeds.recordings
    assert recording.ended
    publisher = recording.publisher
    assert (publisher.channel, publisher.place, publisher.way) == ("alpine", Place.PRIMARY, Way.RTMP)
    assert (publisher.container, publisher.address) == (Container.FLV, "127.0.0.1")

    kept = tmp_path / "kept.flv"
    code, said = await run(ffmpeg, "-loglevel", "error", *TWO_SECONDS, *options, "-f", "flv", str(kept))
    assert code == 0, said
    for stream in ("0:v", "0:a"):
        arrived = await decoded(ffmpeg, bytes(recording.body), tmp_path, "-map", stream)
        assert arrived == await decoded(ffmpeg, kept.read_bytes(), tmp_path, "-map", stream)
        assert len(arrived) >= 50


async def test_enhanced_rtmp_passes_through(
    serve: Callable[..., Awaitable[int]], feeds: Recorder, ffmpeg: str, tmp_path: Path
) -> None:
    port = await serve()
    hevc = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p", "-an")
    code, said = await push(ffmpeg, port, GOOD, *hevc, "-rtmp_enhanced_codecs", "hvc1")
    assert code == 0, said
    body = bytes(feeds.recordings[0].body)
    assert b"hvc1" in body
    assert body[4] == 1  # no sound was promised
    assert len(await decoded(ffmpeg, body, tmp_path)) == 50


async def test_timestamps_behind_the_24_bits(
    serve: Callable[..., Awaitable[int]], feeds: Recorder, ffmpeg: str, tmp_path: Path
) -> None:
    port = await serve()
    code, said = await push(ffmpeg, port, GOOD, *H264, "-c:a", "aac", "-output_ts_offset", "16776")
    assert code == 0, said
    body = bytes(feeds.recordings[0].body)
    assert len(await decoded(ffmpeg, body, tmp_path, "-map", "0:v")) == 50
    at = [int.from_bytes(body[place + 7 : place + 8] + body[place + 4 : place + 7], "big") for place in _tags(body)]
    assert max(at) < 2100


def _tags(body: bytes) -> Sequence[int]:
    found, at = [], len(header())
    while at < len(body):
        found.append(at)
        at += 15 + int.from_bytes(body[at + 1 : at + 4], "big")
    return found


@pytest.mark.parametrize("name", ["live_wrong", f"{GOOD}x", f"nordic/{GOOD}"])
async def test_ffmpeg_with_a_wrong_key_is_refused(
    serve: Callable[..., Awaitable[int]], feeds: Recorder, ffmpeg: str, name: str
) -> None:
    code, said = await push(ffmpeg, await serve(), name, *H264, "-an")
    assert code != 0
    assert "no such stream key" in said
    assert feeds.recordings == []


async def test_a_channel_that_is_not_running_says_so(
    serve: Callable[..., Awaitable[int]], feeds: Recorder, ffmpeg: str
) -> None:
    feeds.is_full = True
    code, said = await push(ffmpeg, await serve(), f"alpine/{GOOD}", *H264, "-an")
    assert code != 0
    assert "not running" in said


async def test_gstreamer_publishes(
    serve: Callable[..., Awaitable[int]], feeds: Recorder, ffmpeg: str, tmp_path: Path
) -> None:
    launch = shutil.which("gst-launch-1.0")
    if launch is None or (await run("gst-inspect-1.0", "rtmp2sink"))[0] != 0:
        pytest.skip("no GStreamer with rtmp2sink")
    clip = tmp_path / "clip.flv"
    code, said = await run(ffmpeg, "-loglevel", "error", *TWO_SECONDS, *H264, "-an", str(clip))
    assert code == 0, said
    port = await serve()
    code, said = await run(
        launch, "-q", "filesrc", f"location={clip}", "!", "flvdemux", "!", "h264parse", "!", "flvmux",
        "streamable=true", "!", "rtmp2sink", f"location=rtmp://127.0.0.1:{port}/live/{GOOD}",
    )  # fmt: skip
    assert code == 0, said
    assert len(await decoded(ffmpeg, bytes(feeds.recordings[0].body), tmp_path, "-map", "0:v")) == 50


async def test_twenty_publish_at_once(serve: Callable[..., Awaitable[int]], feeds: Recorder, ffmpeg: str) -> None:
    port = await serve()
    url = f"rtmp://127.0.0.1:{port}/live"
    outputs = [
        argument
        for number in range(20)
        for argument in ("-map", "0:v", "-c", "copy", "-f", "flv", f"{url}/{(GOOD, BACKUP)[number % 2]}")
    ]
    source = ("-f", "lavfi", "-i", "testsrc=size=160x90:rate=25:duration=1", *H264, "-f", "flv", "pipe:1")
    process = await asyncio.create_subprocess_exec(ffmpeg, "-loglevel", "error", *source, stdout=subprocess.PIPE)
    clip, _ = await process.communicate()
    command = (ffmpeg, "-loglevel", "error", "-i", "pipe:0", *outputs)
    process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    _, said = await process.communicate(clip)
    assert process.returncode == 0, said.decode()
    assert len(feeds.recordings) == 20
    assert len({bytes(recording.body) for recording in feeds.recordings}) == 1
    assert {recording.publisher.place for recording in feeds.recordings} == {Place.PRIMARY, Place.BACKUP}


async def test_a_publisher_that_vanishes_comes_back(
    serve: Callable[..., Awaitable[int]], feeds: Recorder, eventually: Eventually
) -> None:
    port = await serve()
    for number in range(2):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(greeting(GOOD) + media(Kind.VIDEO, VIDEO_HEADER) + media(Kind.VIDEO, KEY_PICTURE))
        await eventually(
            lambda number=number: len(feeds.recordings) > number and len(feeds.recordings[number].body) > 50
        )
        assert not feeds.recordings[number].ended
        linger = struct.pack("ii", 1, 0)  # the connection is reset, not closed
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()
        await eventually(lambda number=number: feeds.recordings[number].ended)
    assert feeds.recordings[0].body == feeds.recordings[1].body


async def test_a_slow_encoder_holds_the_publisher_back(
    serve: Callable[..., Awaitable[int]], feeds: Recorder, eventually: Eventually
) -> None:
    feeds.is_held = True
    port = await serve()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(greeting(GOOD))
    picture = media(Kind.VIDEO, KEY_PICTURE + bytes(100_000))
    sent = 0

    async def send() -> None:
        nonlocal sent
        while True:
            writer.write(picture)
            await writer.drain()
            sent += 1

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await send()
    assert sent < 200  # the kernel's buffers, and no more
    feeds.recordings[0].held.set()
    await eventually(lambda: len(feeds.recordings[0].body) > sent * 100_000)
    writer.transport.abort()


@pytest.mark.parametrize("said", [b"", b"\x03", HELLO, HELLO + HELLO[1:], greeting(GOOD)[:-20]])
async def test_who_does_not_get_to_the_point_is_thrown_out(
    serve: Callable[..., Awaitable[int]], feeds: Recorder, said: bytes
) -> None:
    port = await serve(greeting=timedelta(milliseconds=100))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    with suppress(ConnectionResetError):
        await reader.read()  # until the server closes
    writer.close()
    assert feeds.recordings == []


async def test_who_publishes_silence_is_gone(
    serve: Callable[..., Awaitable[int]], feeds: Recorder, eventually: Eventually
) -> None:
    port = await serve(silence=timedelta(milliseconds=100))
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(greeting(GOOD) + media(Kind.VIDEO, KEY_PICTURE))
    await eventually(lambda: bool(feeds.recordings) and feeds.recordings[0].ended)
    writer.close()


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01" * 600, b"\x03" + b"\xff" * 9000]
)
async def test_noise_is_closed_and_the_next_one_is_served(
    serve: Callable[..., Awaitable[int]], feeds: Recorder, eventually: Eventually, noise: bytes
) -> None:
    port = await serve()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(noise)
    with suppress(ConnectionResetError):
        await reader.read()
    writer.close()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(greeting(GOOD) + media(Kind.VIDEO, KEY_PICTURE))
    await eventually(lambda: len(feeds.recordings) == 1)
    writer.close()


async def test_guessing_is_slowed_down(serve: Callable[..., Awaitable[int]], keys: Keys) -> None:
    port = await serve()
    for _ in range(14):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(greeting("live_guess"))
        assert b"NetStream.Publish.BadName" in await reader.read()
        writer.close()
    assert len(keys.looked_up) == 10


async def test_one_address_does_not_take_all_connections(serve: Callable[..., Awaitable[int]]) -> None:
    port = await serve(connections_of_address=2)
    async with AsyncExitStack() as stack:
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.callback(writer.close)
            writer.write(HELLO)
            await reader.readexactly(1)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        stack.callback(writer.close)
        assert await reader.read() == b""


async def test_a_channel_that_is_stopped_puts_its_publisher_out(
    serve: Callable[..., Awaitable[int]], feeds: Recorder, eventually: Eventually
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", await serve())
    writer.write(greeting(GOOD) + media(Kind.VIDEO, KEY_PICTURE))
    await eventually(lambda: bool(feeds.recordings and feeds.recordings[0].body))
    feeds.recordings[0].closed = True
    writer.write(media(Kind.VIDEO, KEY_PICTURE))
    assert b"NetStream.Publish.Failed" in await reader.read()
    assert feeds.recordings[0].ended
    writer.close()


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (greeting(""), b"and the stream key"),
        (greeting(GOOD, app="vod"), b"has to end in /live/"),
        (greeting(GOOD) + media(Kind.VIDEO, PICTURE, 60_000) + media(Kind.VIDEO, PICTURE, 1), b"clock was set back"),
        (greeting(GOOD) + media(Kind.VIDEO, bytes(9 << 20), size=128), b"A message of 9437184 bytes"),
    ],
)
async def test_why_it_is_over_reaches_who_goes_on_sending(
    serve: Callable[..., Awaitable[int]], sent: bytes, told: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", await serve())
    writer.write(sent + bytes(1 << 20))
    assert told in await reader.read()
    writer.close()


async def test_who_publishes_while_nobody_can_look_is_told_so(
    serve: Callable[..., Awaitable[int]], keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def find(secret: str) -> None:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(keys, "find", find)
    reader, writer = await asyncio.open_connection("127.0.0.1", await serve())
    writer.write(greeting(GOOD))
    assert b"try again" in await reader.read()
    writer.close()

"""Connections that only hold on, and heads without an end: raw sockets against the server of a live process."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from streaming.live.ingest.gate import Gate
from streaming.live.ingest.http.server import serve_http
from streaming.live.ingest.settings import HttpIngestSettings
from streaming.live.ingest.tries import Tries
from tests.streaming.live.ingest.recorder import GOOD, Keys, Recorder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

HEAD = b"POST /ingest/alpine/v.cmfv HTTP/1.1\r\nHost: x\r\n"
KEY = f"Authorization: Bearer {GOOD}\r\n".encode()
WAIT_S = 50.0


@asynccontextmanager
async def serving(
    port: int, *, greeting: timedelta = timedelta(minutes=5), connections: int = 50, of_address: int = 50
) -> AsyncIterator[HttpIngestSettings]:
    settings = HttpIngestSettings(
        port=port, greeting=greeting, connections=connections, connections_of_address=of_address
    )
    async with serve_http(gate=Gate(Keys(), tries=Tries(burst=99)), feeds=Recorder(), settings=settings):
        yield settings


class Peer:
    """One connection to it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    async def answer(self) -> bytes:
        """The head of the next answer; nothing if the connection was closed instead."""
        try:
            async with asyncio.timeout(WAIT_S):
                return await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""

    async def is_closed(self) -> bool:
        try:
            async with asyncio.timeout(WAIT_S):
                while await self._reader.read(1 << 16):
                    pass
        except ConnectionError:
            pass
        return True


@asynccontextmanager
async def peer(settings: HttpIngestSettings, *pieces: bytes) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection(settings.host, settings.port)
    try:
        writer.writelines(pieces)
        yield Peer(reader, writer)
    finally:
        writer.close()


async def test_a_port_that_is_taken_is_said_so(free_port: Callable[[], int]) -> None:
    async with serving(free_port()) as settings:
        with pytest.raises(OSError, match="in use"):
            async with serving(settings.port):
                pass
        async with peer(settings, HEAD, KEY, b"Content-Length: 0\r\n\r\n") as one:
            assert (await one.answer()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /ing",
        HEAD,
        # Answered, and then it goes on for ever.
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
    ],
)
async def test_who_does_not_come_to_an_end(sent: bytes, free_port: Callable[[], int]) -> None:
    async with serving(free_port(), greeting=timedelta(seconds=0.3)) as settings, peer(settings, sent) as one:
        dripping = asyncio.create_task(drip(one.writer, b"5\r\nabcde\r\n" if b"chunked" in sent else b"x" * bool(sent)))
        try:
            assert await one.is_closed()
        finally:
            dripping.cancel()


async def drip(writer: asyncio.StreamWriter, piece: bytes) -> None:
    while True:
        writer.write(piece)
        await asyncio.sleep(0.1)


async def test_who_waits_for_his_answer_is_not_put_out(free_port: Callable[[], int]) -> None:
    async with (
        serving(free_port(), greeting=timedelta(seconds=0.3)) as settings,
        peer(settings, HEAD, KEY, b"Transfer-Encoding: chunked\r\n\r\n") as one,
    ):
        for _ in range(5):  # a track lasts as long as it lasts
            await asyncio.sleep(0.15)
            one.writer.write(b"9\r\n\0\0\0\x09skip!\r\n")
        one.writer.write(b"0\r\n\r\n")
        assert (await one.answer()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (HEAD + b"x: " + b"y" * 200_000, b"HTTP/1.1 431 "),
        (HEAD + b"".join(b"x%d: y\r\n" % number for number in range(20_000)), b"HTTP/1.1 431 "),
        (b"POST /" + b"z" * 200_000, b"HTTP/1.1 431 "),
        (HEAD + KEY + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"x: y\r\n" * 200_000, b""),
        (HEAD + KEY + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", b"HTTP/1.1 400 "),
    ],
)
async def test_heads_and_trailers_without_an_end(
    sent: bytes, answered: bytes, free_port: Callable[[], int]
) -> None:  # fmt: skip
    async with serving(free_port()) as settings, peer(settings, sent) as one:
        assert (await one.answer())[: len(answered) or 1] == answered
        assert await one.is_closed()


@pytest.mark.parametrize(("connections", "of_address"), [(2, 50), (50, 2)])
async def test_no_more_connections_than_allowed(
    connections: int, of_address: int, free_port: Callable[[], int]
) -> None:  # fmt: skip
    whole = HEAD + KEY + b"Content-Length: 0\r\n\r\n"
    async with (
        serving(free_port(), connections=connections, of_address=of_address) as settings,
        peer(settings, whole) as first,
        peer(settings, whole) as second,
    ):
        assert (await first.answer()).startswith(b"HTTP/1.1 200 ")
        assert (await second.answer()).startswith(b"HTTP/1.1 200 ")
        async with peer(settings, whole) as third:
            assert (await third.answer()).startswith(b"HTTP/1.1 503 ")
            assert await third.is_closed()

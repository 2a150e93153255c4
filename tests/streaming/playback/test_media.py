from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from infra.errors import ObjectStoreError
from infra.ports import ObjectBody, ObjectStat
from streaming.playback.media import ObjectResponse, StreamedResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Blocks:
    """A stream that says whether it is closed; after its blocks it ends, fails or hangs."""

    def __init__(self, *blocks: bytes, then: BaseException | None = None, hangs: bool = False) -> None:
        self.closed = False
        self._blocks = list(blocks)
        self._then = then
        self._hangs = hangs

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._blocks:
            return self._blocks.pop(0)
        if self._hangs:
            await asyncio.Event().wait()
        raise self._then or StopAsyncIteration

    async def aclose(self) -> None:
        self.closed = True


class Client:
    """An ASGI client; it hangs up after `leaves_after` body messages."""

    def __init__(self, *, leaves_after: int | None = None) -> None:
        self.sent: list[dict[str, object]] = []
        self._leaves_after = leaves_after
        self._gone = asyncio.Event()

    async def receive(self) -> dict[str, object]:
        if not self.sent:
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, object]) -> None:
        self.sent.append(message)
        if self._leaves_after is not None and len(self.sent) > self._leaves_after:
            self._gone.set()

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])


async def answer(stream: Blocks, client: Client) -> None:
    stat = ObjectStat(key="k", size=6, etag="e", modified=datetime(2028, 1, 1, tzinfo=UTC))
    body = ObjectBody(stat=stat, start=0, length=6, stream=stream)
    response = ObjectResponse(body, status_code=206, headers={"ETag": '"e"'}, media_type="video/mp4")
    await response({"type": "http", "method": "GET"}, client.receive, client.send)


async def test_of_a_head_request_nothing_is_read() -> None:
    stream, client = Blocks(hangs=True), Client()
    response = StreamedResponse(stream, length=None, headers={}, media_type="video/mp4")
    await response({"type": "http", "method": "HEAD"}, client.receive, client.send)
    assert b"content-length" not in dict(client.sent[0]["headers"])
    assert client.sent[1:] == [{"type": "http.response.body", "body": b""}]
    assert stream.closed


async def test_all_of_it() -> None:
    stream, client = Blocks(b"abc", b"def"), Client()
    await answer(stream, client)
    assert client.sent[0]["status"] == 206
    assert dict(client.sent[0]["headers"])[b"content-length"] == b"6"
    assert client.body == b"abcdef"
    assert client.sent[-1] == {"type": "http.response.body", "body": b""}
    assert stream.closed


async def test_a_client_that_leaves() -> None:
    stream, client = Blocks(b"abc", hangs=True), Client(leaves_after=1)
    async with asyncio.timeout(60):
        await answer(stream, client)
    assert client.body == b"abc"
    assert stream.closed


async def test_a_store_that_fails_half_way() -> None:
    stream, client = Blocks(b"abc", then=ObjectStoreError("cut")), Client()
    with pytest.raises(ObjectStoreError, match="cut"):
        await answer(stream, client)
    assert client.body == b"abc"
    assert client.sent[-1]["more_body"] is True
    assert stream.closed


async def test_a_request_that_is_cancelled(eventually) -> None:
    stream, client = Blocks(hangs=True), Client()
    task = asyncio.create_task(answer(stream, client))
    await eventually(lambda: bool(client.sent))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stream.closed

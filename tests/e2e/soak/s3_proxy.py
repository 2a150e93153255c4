"""An S3 server's front on the loopback that breaks requests when it is told to, and counts what was written."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from infra.tasks import end
from tests.e2e.soak.faults import FaultKind
from tests.e2e.soak.ledger import now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.e2e.soak.plan import Fault

_BLOCK: Final = 64 * 1024
_DROPS: Final = 10
_ANSWERS: Final = {
    FaultKind.S3_ERROR: (500, "InternalError"),
    FaultKind.S3_BUSY: (503, "SlowDown"),
}
Mood = Callable[[str], "Fault[FaultKind] | tuple[int, str] | None"]
"""What becomes of requests by this method, as long as it lasts: a fault, or a status with S3's word for it."""
_FITS: Final = {
    FaultKind.S3_CUT_ANSWER: frozenset({"GET"}),
    FaultKind.S3_SLOW: frozenset({"GET"}),
    FaultKind.S3_CUT_REQUEST: frozenset({"PUT"}),
    FaultKind.S3_LOST_ANSWER: frozenset({"PUT", "POST"}),
}


class _Cut(Exception):
    """The connection is to be reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """The head of a request or an answer: its first line in three words, its header fields by their small names."""

    first: tuple[str, str, str]
    fields: dict[str, str]

    @property
    def length(self) -> int:
        return int(self.fields.get("content-length", "0"))

    def encode(self, **changed: str | None) -> bytes:
        fields = {**self.fields, **{name: text for name, text in changed.items() if text is not None}}
        left_out = {name for name, text in changed.items() if text is None}
        lines = [f"{name}: {text}" for name, text in fields.items() if name not in left_out]
        return "\r\n".join([" ".join(self.first), *lines, "", ""]).encode("latin-1")


async def _read_head(reader: asyncio.StreamReader) -> _Head:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    first = head[0].split(" ", 2)
    fields = dict(line.split(":", 1) for line in head[1:] if line)
    return _Head(
        first=(first[0], first[1], first[2] if len(first) > 2 else ""),
        fields={name.lower(): text.strip() for name, text in fields.items()},
    )


class S3Proxy:
    """Forwards to the S3 server at `port` of this machine. `written` counts the writes that it said yes to, by key."""

    def __init__(self, port: int, *, bucket: str) -> None:
        self.written: Counter[str] = Counter()
        self.stored: dict[str, float] = {}
        """When each key was first written, in seconds since boot."""
        self.requests = 0
        self.mood: Mood = lambda _: None
        self._port, self._prefix = port, f"/{bucket}/"
        self._armed: dict[Fault[FaultKind], asyncio.Event] = {}
        self._connections: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        try:
            yield
        finally:
            server.close()
            await end(*self._connections)
            await server.wait_closed()

    async def strike(self, fault: Fault[FaultKind], *, patience_s: float) -> bool:
        """Let a fault hit the next request that it fits; False if none came."""
        struck = self._armed[fault] = asyncio.Event()
        try:
            async with asyncio.timeout(patience_s):
                await struck.wait()
        except TimeoutError:
            return self._armed.pop(fault, None) is None
        return True

    def _take(self, head: _Head) -> Fault[FaultKind] | None:
        for fault, struck in self._armed.items():
            fitting = _FITS.get(fault.kind)
            if fitting is None or (head.first[0] in fitting and (head.length > 1 or head.first[0] == "GET")):
                del self._armed[fault]
                struck.set()
                return fault
        return None

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(serving)
        serving.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(await _read_head(reader), reader, writer):
                pass
        except _Cut:
            # SO_LINGER 0: closing sends a RST instead of a FIN.
            connection: socket.socket = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except (OSError, asyncio.IncompleteReadError):
            pass  # either side has gone
        finally:
            writer.close()

    async def _exchange(self, head: _Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the client's connection can carry another."""
        self.requests += 1
        struck = self.mood(head.first[0])
        if isinstance(struck, tuple):
            return await _refuse(writer, *struck)
        fault = struck or self._take(head)
        kind = fault.kind if fault is not None else None
        if fault is not None and kind in _ANSWERS:
            return await _refuse(writer, *_ANSWERS[fault.kind])
        if fault is not None and kind is FaultKind.S3_HANG:
            await asyncio.sleep(fault.lasts_s)
        if kind in (FaultKind.S3_RESET, FaultKind.S3_HANG):
            raise _Cut
        if "expect" in head.fields:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            store_reader, store = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError as exc:
            raise _Cut from exc
        try:
            store.write(head.encode(expect=None, connection="close"))
            half = head.length // 2 if kind is FaultKind.S3_CUT_REQUEST else None
            await _pump(reader, store, head.length if half is None else half)
            if half is not None:
                raise _Cut
            answer = await _read_head(store_reader)
            body = b"" if head.first[0] == "HEAD" else await store_reader.read()
            if head.first[0] != "HEAD" and answer.length > len(body):
                raise _Cut  # the store was killed meanwhile
        finally:
            store.close()
        self._note(head, answer)
        if kind is FaultKind.S3_LOST_ANSWER:
            raise _Cut
        if fault is not None and kind is FaultKind.S3_LATE:
            await asyncio.sleep(fault.lasts_s)
        writer.write(answer.encode(connection=None, **_framed(head, answer, body)))
        if kind is FaultKind.S3_CUT_ANSWER:
            writer.write(body[: len(body) // 2])
            await writer.drain()
            raise _Cut
        if fault is not None and kind is FaultKind.S3_SLOW:
            await _drip(writer, body, fault.lasts_s)
        writer.write(b"" if kind is FaultKind.S3_SLOW else body)
        await writer.drain()
        return True

    def _note(self, head: _Head, answer: _Head) -> None:
        url = urlsplit(head.first[1])
        path = unquote(url.path)
        if answer.first[1] != "200" or not path.startswith(self._prefix):
            return
        if (head.first[0] == "PUT" and not url.query) or (head.first[0] == "POST" and "uploadId" in url.query):
            key = path.removeprefix(self._prefix)
            self.written[key] += 1
            self.stored.setdefault(key, now())


def _framed(head: _Head, answer: _Head, body: bytes) -> dict[str, str | None]:
    """How the answer's body is told from the next answer, now that it was read to its end."""
    if head.first[0] == "HEAD" or answer.first[1] in ("204", "304"):
        return {}
    return {"transfer-encoding": None, "content-length": str(len(body))}


async def _refuse(writer: asyncio.StreamWriter, status: int, code: str) -> bool:
    body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>soak</Message></Error>"
    head = f"HTTP/1.1 {status} {code}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n{body}".encode())
    with suppress(OSError):
        await writer.drain()
    return False  # the request's body was not read


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, length: int) -> None:
    left = length
    while left:
        block = await reader.read(min(left, _BLOCK))
        if not block:
            raise _Cut
        left -= len(block)
        writer.write(block)
        await writer.drain()


async def _drip(writer: asyncio.StreamWriter, body: bytes, lasts_s: float) -> None:
    size = max(1, -(-len(body) // _DROPS))
    for start in range(0, len(body), size):
        writer.write(body[start : start + size])
        await writer.drain()
        await asyncio.sleep(lasts_s / _DROPS)

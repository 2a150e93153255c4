"""A source for a child in the sandbox: a socket that answers reads, from the local file or from the bucket.

The child has no network and no keys, and may be taken over by the file that it reads: it can ask for bytes of this one
source and for nothing else. The protocol is in `child_file.py`.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

from infra.errors import InfraError
from infra.tasks import end
from transcoder.errors import TranscodeError
from transcoder.sources.ahead import Ahead
from transcoder.sources.arrivals import Arrivals, arrivals
from transcoder.sources.child_file import ANSWER, LARGEST, LENGTH, LENGTH_QUESTION, REQUEST, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from transcoder.plan import Span
    from transcoder.sources.source import OpenSource


@asynccontextmanager
async def serve(source: OpenSource, *, wait: bool, touched: list[Span] | None) -> AsyncIterator[int]:
    """The child's end of the socket while a task answers it. Raises what kept the task from answering."""
    ours, theirs = socket.socketpair()
    async with AsyncExitStack() as stack:
        stack.enter_context(ours)
        stack.enter_context(theirs)
        ours.setblocking(False)
        arriving = await stack.enter_async_context(arrivals(source)) if wait else None
        server = _Server(source, ours, arriving=arriving, touched=touched)
        task = asyncio.create_task(server.run())
        try:
            try:
                yield theirs.fileno()
            finally:
                await end(task, *server.fetches)
        except Exception as exc:
            if server.failure is not None:
                raise server.failure from exc
            raise
        # What the child says, or that it ended well, means nothing if it did not get the bytes that it asked for.
        if server.failure is not None:
            raise server.failure


class _Server:
    def __init__(
        self, source: OpenSource, ours: socket.socket, *, arriving: Arrivals | None, touched: list[Span] | None
    ) -> None:
        self.failure: Exception | None = None
        self.fetches: set[asyncio.Task[None]] = set()
        self._source, self._socket, self._arriving, self._touched = source, ours, arriving, touched
        self._ahead = Ahead()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(ConnectionError):  # the child is gone, or has closed its file
            while (request := await self._request(loop)) is not None:
                offset, length = request
                try:
                    body = self._length() if offset == LENGTH_QUESTION else await self._read(offset, length)
                    answer = ANSWER.pack(len(body)) + body
                except Exception as exc:  # the child must not wait for an answer that never comes
                    self.failure = exc
                    answer = ANSWER.pack(-errno.EIO)
                await loop.sock_sendall(self._socket, answer)

    async def _request(self, loop: asyncio.AbstractEventLoop) -> tuple[int, int] | None:
        head = b""
        while len(head) < REQUEST.size:
            piece = await loop.sock_recv(self._socket, REQUEST.size - len(head))
            if not piece:
                return None
            head += piece
        offset, length = REQUEST.unpack(head)
        return offset, length

    def _length(self) -> bytes:
        known = self._source.source
        length = known.arrived if known.whole or self._arriving is None else known.length
        return LENGTH.pack(UNKNOWN if length is None else length)

    async def _read(self, offset: int, length: int) -> bytes:
        length = min(length, LARGEST)
        if self._arriving is not None:
            await self._arriving.beyond(offset)
        if self._touched is not None:
            self._touched.append((offset, offset + length))
        if (span := self._ahead.wanted(offset, length)) is not None and not self._source.holds([span]):
            self._fetch(span)
        return await self._source.read(offset, length)

    def _fetch(self, span: Span) -> None:
        fetch = asyncio.create_task(self._try(span))
        self.fetches.add(fetch)
        fetch.add_done_callback(self.fetches.discard)

    async def _try(self, span: Span) -> None:
        # Not asked for yet: whoever reads there meets the same error, and it is his.
        with suppress(InfraError, TranscodeError):
            await self._source.ensure([span])

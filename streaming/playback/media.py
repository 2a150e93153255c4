"""Media bytes from the object store to a client, in bounded memory and without blocking anybody else."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

import anyio
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope, Send

    from infra.ports import ByteStream, ObjectBody


class StreamedResponse(Response):
    """What comes block by block; `length`: how many bytes that is, None where nobody knows yet (it is sent in chunks,
    RFC 9112 §7.1). The stream is closed when the client has it all, or goes away.

    Raises what the stream raises: the server then cuts the connection, so that nobody takes the part for the whole.
    """

    def __init__(
        self, stream: ByteStream, *, length: int | None, headers: Mapping[str, str], media_type: str,
        status_code: int = 200,
    ) -> None:  # fmt: skip
        super().__init__(status_code=status_code, headers=headers, media_type=media_type)
        if length is None:
            del self.headers["Content-Length"]
        else:
            self.headers["Content-Length"] = str(length)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with aclosing(self._stream), anyio.create_task_group() as group:

                async def hang_up() -> None:
                    while (await receive())["type"] != "http.disconnect":
                        pass
                    group.cancel_scope.cancel()

                group.start_soon(hang_up)
                await self._send(send, with_body=scope["method"] != "HEAD")
                group.cancel_scope.cancel()
        except ExceptionGroup as exc:
            raise exc.exceptions[0] from None

    async def _send(self, send: Send, *, with_body: bool) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if with_body:
            async for block in self._stream:
                await send({"type": "http.response.body", "body": block, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class ObjectResponse(StreamedResponse):
    """An object or a range of it."""

    def __init__(self, body: ObjectBody, *, status_code: int, headers: Mapping[str, str], media_type: str) -> None:
        super().__init__(
            body.stream, length=body.length, status_code=status_code, headers=headers, media_type=media_type
        )  # fmt: skip

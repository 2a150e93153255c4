"""`If-None-Match: *` for the embedded S3 server: of two writers of a key the first wins, the other gets 412.

nanio knows no conditions. The header's only value that we send is "*" (PutObject; RFC 9110 §13.1.2).
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from nanio.errors import S3Error
from starlette.datastructures import Headers

from infra.local.snapshots import SnapshotStorage

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_only_if_absent: Final[ContextVar[bool]] = ContextVar("only_if_absent", default=False)


class PreconditionFailed(S3Error):  # type: ignore[misc]  # nanio has no types
    code = "PreconditionFailed"
    message = "There is an object under this key."
    http_status = 412


class Conditions:
    """Lets the storage below know of a request's condition, which nanio's handlers do not hand on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and Headers(scope=scope).get("if-none-match") == "*"
        token = _only_if_absent.set(asked and scope["method"] == "PUT")
        try:
            await self._app(scope, receive, send)
        finally:
            _only_if_absent.reset(token)


class FirstWriterStorage(SnapshotStorage):
    """Objects as files; conditional writes of one key come one after the other."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def put_object(self, bucket: str, key: str, *args: Any, **kwargs: Any) -> Any:
        if not _only_if_absent.get():
            return await super().put_object(bucket, key, *args, **kwargs)
        # A writer whose connection breaks gives its turn back: the body ends with an error.
        async with self._turns.setdefault((bucket, key), asyncio.Lock()):
            if self.is_finished(bucket, key):
                raise PreconditionFailed(resource=f"{bucket}/{key}")
            return await super().put_object(bucket, key, *args, **kwargs)

"""Waits for an asset to be encoded, by its server-sent events."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx
import msgspec

from streaming.upload.client.errors import Unreachable, UploadFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DELAYS_S: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0, 8.0)
_SETTLED: Final = frozenset({"ready", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeFailure:
    """Why the asset cannot be made."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeProgress:
    """Where the asset stands; `percent` of what goes on in this state."""

    state: str
    percent: int
    failure: EncodeFailure | None = None
    replacement: EncodeProgress | None = None
    """Of a source that takes the place of the one that is played."""


def wait_until_ready(
    http: httpx.Client,
    asset: str,
    on_progress: Callable[[EncodeProgress], None],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> EncodeProgress:
    """Follow an asset, or what is to replace it, until it is ready or failed, over any number of connections. Raises
    UploadFailed."""
    tries = 0
    while True:
        try:
            for progress in _events(http, asset):
                tries = 0
                on_progress(progress)
                if progress.state in _SETTLED:
                    return progress
        except httpx.TransportError:
            pass
        if tries >= len(_DELAYS_S):
            raise Unreachable(f"{http.base_url} says nothing any more about asset {asset}")
        sleep(_DELAYS_S[tries])
        tries += 1


def _events(http: httpx.Client, asset: str) -> Iterator[EncodeProgress]:
    # The server sends a comment every 15 s: a connection that is silent for much longer is dead.
    timeout = httpx.Timeout(10, read=45)
    with http.stream("GET", f"/api/assets/{asset}/events", timeout=timeout) as answer:
        if answer.status_code in (401, 403, 404, 410):
            raise UploadFailed(f"asset {asset} cannot be followed any more ({answer.status_code})")
        if answer.status_code != 200:
            return
        name = ""
        for line in answer.iter_lines():
            if line.startswith("event:"):
                name = line.removeprefix("event:").strip()
            elif line.startswith("data:") and name == "gone":
                raise UploadFailed(f"asset {asset} has been deleted")
            elif line.startswith("data:"):
                told = msgspec.json.decode(line.removeprefix("data:").strip(), type=EncodeProgress)
                yield told.replacement or told

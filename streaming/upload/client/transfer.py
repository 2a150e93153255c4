"""Sends a file by tus 1.0.0, and goes on after whatever interrupts it: a cut, a restart of the server, a busy lock."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

import httpx
import msgspec

from streaming.upload import tus
from streaming.upload.client.errors import Unreachable, UploadFailed
from streaming.upload.client.memory import Begun, Memory, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_BLOCK: Final = 256 * 1024
_DELAYS_S: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0, 8.0)
"""Waits between tries that brought nothing: about 48 s in all, longer than a server takes to come back."""
_AGAIN: Final = frozenset({408, 409, 423, 425, 429, 460, 500, 502, 503, 504})
_LOST: Final = frozenset({403, 404, 410})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A file that has arrived whole. `size` in bytes; `resumed_at` is where this run began to send."""

    asset: str
    size: int
    resumed_at: int


class Transfer:
    """Uploads files to one server. `http` has its address and the token."""

    def __init__(self, http: httpx.Client, memory: Memory, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._http = http
        self._memory = memory
        self._sleep = sleep

    def send(self, file: Path, said: dict[str, str], on_offset: Callable[[int], None]) -> Sent:
        """Upload a file; `said` is its tus metadata, `on_offset` hears how many bytes have been sent. Raises
        UploadFailed."""
        try:
            return self._send(file, said, on_offset)
        except OSError as exc:  # the file's: those of the connection are httpx's
            raise UploadFailed(exc.strerror or str(exc)) from exc

    def _send(self, file: Path, said: dict[str, str], on_offset: Callable[[int], None]) -> Sent:
        size, key = file.stat().st_size, key_of(str(self._http.base_url), file, tus.dump_metadata(said))
        begun, offset = self._take_up(key, size, said)
        first = offset
        tries = 0
        while offset < size:
            on_offset(offset)
            reached = self._send_from(begun, file, offset, size, on_offset)
            if reached is None:
                reached = self._offset(begun)
                if reached <= offset:
                    self._pause(tries)
                tries = 0 if reached > offset else tries + 1
            offset = reached
        if key_of(str(self._http.base_url), file, tus.dump_metadata(said)) != key:
            raise UploadFailed("the file changed while it was being sent: upload it again")
        on_offset(size)
        self._memory.forget(key)
        return Sent(asset=begun.asset, size=size, resumed_at=first)

    def _take_up(self, key: str, size: int, said: dict[str, str]) -> tuple[Begun, int]:
        begun = self._memory.recall(key)
        if begun is not None:
            answer = self._ask("HEAD", begun.location)
            if answer.status_code == 200:
                return begun, int(answer.headers["Upload-Offset"])
            if answer.status_code not in _LOST:
                raise _failure(answer)
            self._memory.forget(key)
        answer = self._ask(
            "POST", "/api/uploads", {"Upload-Length": str(size), "Upload-Metadata": tus.dump_metadata(said)}
        )
        if answer.status_code != 201:
            raise _failure(answer)
        begun = Begun(
            location=urljoin(str(answer.request.url), answer.headers["Location"]),
            asset=answer.headers["Channel-Asset-Id"],
        )
        self._memory.keep(key, begun)
        return begun, 0

    def _send_from(
        self, begun: Begun, file: Path, offset: int, size: int, on_offset: Callable[[int], None]
    ) -> int | None:
        """One PATCH of all that is left: the offset after it, or None if it broke off. Raises UploadFailed."""
        headers = {
            "Upload-Offset": str(offset), "Content-Type": tus.BODY_TYPE, "Content-Length": str(size - offset),
        }  # fmt: skip
        try:
            answer = self._http.patch(begun.location, headers=headers, content=_blocks(file, offset, size, on_offset))
        except httpx.TransportError:
            return None
        if answer.status_code == 204:
            return int(answer.headers["Upload-Offset"])
        if answer.status_code not in _AGAIN:
            raise _failure(answer)
        return None

    def _offset(self, begun: Begun) -> int:
        answer = self._ask("HEAD", begun.location)
        if answer.status_code != 200:
            raise _failure(answer)
        return int(answer.headers["Upload-Offset"])

    def _ask(self, method: str, url: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """A request without a body, again until there is an answer that stands. Raises Unreachable."""
        for tries in range(len(_DELAYS_S) + 1):
            try:
                answer = self._http.request(method, url, headers=headers)
            except httpx.ConnectError as exc:
                # Nobody there at all, from the first try on: most likely a wrong address.
                if method == "POST" and tries >= 3:
                    raise Unreachable(f"{self._http.base_url} does not answer: is the service running?") from exc
            except httpx.TransportError:
                pass
            else:
                if answer.status_code not in _AGAIN - {409}:
                    return answer
            self._pause(tries)
        raise Unreachable(f"{self._http.base_url} does not answer")

    def _pause(self, tries: int) -> None:
        if tries >= len(_DELAYS_S):
            raise Unreachable(
                f"{self._http.base_url} took no byte in {len(_DELAYS_S)} tries: run the same command again to go on"
            )
        self._sleep(_DELAYS_S[tries])


def _blocks(file: Path, offset: int, size: int, on_offset: Callable[[int], None]) -> Iterator[bytes]:
    with file.open("rb") as opened:
        opened.seek(offset)
        while offset < size:
            block = opened.read(min(_BLOCK, size - offset))
            if not block:
                raise UploadFailed("the file became shorter while it was being sent: upload it again")
            yield block
            offset += len(block)
            on_offset(offset)


def _failure(answer: httpx.Response) -> UploadFailed:
    """What a problem+json body says, in one line."""
    try:
        problem = msgspec.json.decode(answer.content)
        said = str(problem["detail"])
    except (msgspec.DecodeError, KeyError, TypeError):
        said = answer.reason_phrase
    return UploadFailed(f"{said} ({answer.status_code})")

"""Many viewers of one rendition who wait for the next part: connections that ask as players do, and when each is woken.

A loop over epoll instead of asyncio, for it must not be what is measured. All that is there at a look at the sockets
came before it, so that moment is noted; `looked_s` of a round, the longest time between two looks, is the most that any
figure of it can be too large.
"""

from __future__ import annotations

import select
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit

from manifests.layout import ChannelId
from transcoder.live import board

if TYPE_CHECKING:
    from collections.abc import Iterator

Position: TypeAlias = tuple[int, int]
"""Segment number, part index."""
_READ: Final = 1 << 18
_HEAD: Final = b"\r\n\r\n"
_PATIENCE_S: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What happened when a part came: seconds from its being published to the first byte of each answer, and to the
    last byte of the part that was asked for behind it. `refused`: answers that were not 200. `looked_s`: see above."""

    woken_s: tuple[float, ...]
    whole_s: tuple[float, ...]
    refused: int
    looked_s: float


@dataclass(slots=True)
class _Viewer:
    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)
    first: float = 0.0
    whole: float = 0.0
    has_playlist: bool = False


class Crowd:
    """`count` connections to a server. `folder`: of the rendition's playlist; `parts` of a segment."""

    def __init__(self, *, address: tuple[str, int], folder: str, count: int, parts: int) -> None:
        self._folder, self._parts = folder, parts
        self._viewers: dict[int, _Viewer] = {}
        self._epoll = select.epoll()
        for _ in range(count):
            connected = socket.create_connection(address)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connected.setblocking(False)
            self._viewers[connected.fileno()] = _Viewer(connected)
            self._epoll.register(connected, select.EPOLLIN)

    def close(self) -> None:
        self._epoll.close()
        for viewer in self._viewers.values():
            viewer.socket.close()

    def watch(self, first: Position, rounds: int, wake_ups: WakeUps) -> Iterator[Round]:
        """Ask for `first`, and as soon as all have it for the one that comes next by then."""
        self._epoll.register(wake_ups.socket, select.EPOLLIN)
        at = first
        for _ in range(rounds):
            yield self._round(at, wake_ups)
            msn, part = wake_ups.last
            at = (msn, part + 1) if part + 1 < self._parts else (msn + 1, 0)

    def _round(self, at: Position, wake_ups: WakeUps) -> Round:
        query = f"?_HLS_msn={at[0]}&_HLS_part={at[1]}&_HLS_skip=v2"
        playlist, part = _request(f"{self._folder}/index.m3u8{query}"), _request(f"{self._folder}/{at[0]}.{at[1]}.m4s")
        for viewer in self._viewers.values():
            viewer.has_playlist, viewer.first = False, 0.0
            viewer.received.clear()
            viewer.socket.send(playlist)
        left, refused, published, looked = len(self._viewers), 0, 0.0, 0.0
        while left or not published:
            ready = self._epoll.poll(_PATIENCE_S)
            assert ready, f"nothing came for {_PATIENCE_S} s, {left} wait for {at}"
            begun = time.perf_counter()
            for number, _ in ready:
                if number == wake_ups.socket.fileno():
                    if wake_ups.read() >= at:
                        published = published or begun
                    continue
                viewer = self._viewers[number]
                viewer.received += viewer.socket.recv(_READ)
                viewer.first = viewer.first or begun
                if not is_whole(viewer.received):
                    continue
                refused += not viewer.received.startswith(b"HTTP/1.1 200")
                viewer.received.clear()
                if viewer.has_playlist:
                    viewer.whole = begun
                    left -= 1
                else:
                    viewer.has_playlist = True
                    viewer.socket.send(part)
            looked = max(looked, time.perf_counter() - begun)
        return Round(
            woken_s=tuple(viewer.first - published for viewer in self._viewers.values()),
            whole_s=tuple(viewer.whole - published for viewer in self._viewers.values()),
            refused=refused, looked_s=looked,
        )  # fmt: skip


class WakeUps:
    """The wake-ups of a rendition, as an API process hears them: Redis's own messages, on a plain socket."""

    def __init__(self, *, url: str, channel: str, rendition: str) -> None:
        self._start = f"{rendition}\n".encode()
        server = urlsplit(url)
        self.socket = socket.create_connection((server.hostname, server.port))
        self.socket.send(f"AUTH {server.password}\r\n".encode())
        assert self.socket.recv(_READ) == b"+OK\r\n"
        self.socket.send(f"SUBSCRIBE {board.wake_up(ChannelId(channel))}\r\n".encode())
        self._received = b""
        self.last: Position = (0, 0)
        """The last part that was published."""

    def close(self) -> None:
        self.socket.close()

    def read(self) -> Position:
        """Reads what there is; the last one."""
        self._received += self.socket.recv(_READ)
        while (found := message(self._received)) is not None:
            body, self._received = found
            if body.startswith(self._start):
                self.last = board.load_tail(body.removeprefix(self._start)).state.last_part or self.last
        return self.last


def message(received: bytes) -> tuple[bytes, bytes] | None:
    """The last of the three strings of a message (RESP: *3, then each as $length and bytes), and what follows it."""
    at = received.find(b"\r\n") + 2
    word = b""
    for _ in range(3):
        end = received.find(b"\r\n", at)
        if at < 2 or end < 0:
            return None
        if received[at : at + 1] == b":":  # the answer to SUBSCRIBE ends with a number
            word, at = b"", end + 2
            continue
        length = int(received[at + 1 : end])
        at = end + 4 + length
        if len(received) < at:
            return None
        word = received[end + 2 : at - 2]
    return word, received[at:]


def _request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: gzip\r\n\r\n".encode()


def is_whole(received: bytearray) -> bool:
    head = received.find(_HEAD)
    if head < 0:
        return False
    at = received.lower().find(b"content-length:", 0, head)
    length = int(received[at + 15 : received.find(b"\r\n", at)])
    return len(received) >= head + len(_HEAD) + length

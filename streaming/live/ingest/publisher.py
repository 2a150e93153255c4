"""A publisher that was let in, and where its bytes go: what every way in has in common with whoever encodes.

async with feeds.open(publisher) as sink:     # refused before a byte of media was read
    async for piece in …:
        await sink.write(piece)               # waits while the encoder is behind
                                              # left: the publisher is gone
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager


class Container(StrEnum):
    """What the bytes are: the value is ffmpeg's name of the demuxer."""

    FLV = "flv"
    MPEG_TS = "mpegts"
    MP4 = "mp4"


class Place(StrEnum):
    """Which of a channel's two publishers it is; each has keys of its own."""

    PRIMARY = "primary"
    BACKUP = "backup"


class Way(StrEnum):
    """How it came in."""

    RTMP = "rtmp"
    SRT = "srt"
    CMAF = "cmaf"
    HLS = "hls"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Somebody whose key was good. `key_id` names the key in public, `address` is the host it came from."""

    channel: str
    place: Place
    key_id: str
    way: Way
    address: str
    container: Container


class Sink(Protocol):
    """Takes the stream of one publisher, in order."""

    async def write(self, body: bytes) -> None:
        """Waits while the encoder is behind. Raises FeedClosed when the publisher is to go."""
        ...


class Feeds(Protocol):
    """The channels that run, as the ways in see them."""

    def open(self, publisher: Publisher) -> AbstractAsyncContextManager[Sink]:
        """Begin a publication; leaving the context ends it. Raises Refused on entering."""
        ...

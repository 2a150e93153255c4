"""The stream of a publisher with his time stamps kept to our clock: bytes in, the same bytes with other stamps out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from transcoder.live.timing.flv import FlvRestamper
from transcoder.live.timing.mp4 import Mp4Restamper
from transcoder.live.timing.ts import TsRestamper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from transcoder.live.timing.keeper import Timekeeper


class Restamper(Protocol):
    """Of one publication. It raises nothing, whatever the bytes are: what it does not understand goes through."""

    def feed(self, body: bytes, now: int) -> bytes:
        """What came at `now` (ms), as far as its stamps are known; the beginning of a header waits for its end."""
        ...


_RESTAMPERS: Final[Mapping[str, Callable[[Timekeeper], Restamper]]] = {
    "flv": FlvRestamper, "mpegts": TsRestamper, "mp4": Mp4Restamper,
}  # fmt: skip


def restamper(demuxer: str, keeper: Timekeeper) -> Restamper:
    """For a stream that ffmpeg reads with this demuxer."""
    return _RESTAMPERS[demuxer](keeper)

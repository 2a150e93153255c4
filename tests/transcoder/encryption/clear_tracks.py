"""Clear renditions to encrypt."""

from __future__ import annotations

from dataclasses import dataclass

from transcoder.profile import Codec

SOUND = "sound"
TRACKS = (*(codec.value for codec in Codec), SOUND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A clear rendition."""

    init: bytes
    segments: tuple[bytes, ...]

    @property
    def whole(self) -> bytes:
        return b"".join((self.init, *self.segments))

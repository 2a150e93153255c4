"""Where a stream key stands in an address: `live/KEY` or `live/CHANNEL/KEY`, for RTMP and for the gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

APP: Final = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPath:
    """A key, and the channel that it is said to be of."""

    key: str
    channel: str | None

    def __repr__(self) -> str:
        return f"KeyPath(channel={self.channel!r})"

    @classmethod
    def parse(cls, path: str) -> Self | None:
        """None where it does not begin with `live/`. What stands behind a question mark is of no interest."""
        app, *rest = path.partition("?")[0].strip("/").split("/")
        if app != APP or not 1 <= len(rest) <= 2 or not all(rest):
            return None
        return cls(key=rest[-1], channel=rest[0] if len(rest) == 2 else None)

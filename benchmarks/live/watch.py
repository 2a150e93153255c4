"""A viewer of one feed, who notes when each part was named: what of it came late, and when a moment was published."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final

import httpx

from manifests import hls
from manifests.hls import MediaPlaylist

_LOOK_S: Final = 0.01


@dataclass(slots=True, kw_only=True)
class Watch:
    """`named`: where what is published ends, and when that was told, both in seconds since the epoch. Durations in
    seconds."""

    client: httpx.AsyncClient
    url: str
    named: list[tuple[float, float]] = field(default_factory=list)
    part: float = 0.0

    async def run(self) -> None:
        """Until it is cancelled: ask for each part before it is there."""
        query: dict[str, int] = {}
        while True:
            answer = await self.client.get(self.url, params=query)
            now = time.time()
            if answer.status_code != 200:
                await asyncio.sleep(_LOOK_S)
                continue
            found = hls.parse(answer.text)
            assert isinstance(found, MediaPlaylist)
            self._take(found, now)
            growing = 0 if found.growing is None else len(found.growing.parts)
            query = {"_HLS_msn": (found.media_sequence or 0) + len(found.segments), "_HLS_part": growing}

    def _take(self, found: MediaPlaylist, now: float) -> None:
        if not found.segments:
            return
        begin = found.segments[0].program_date_time
        assert begin is not None
        length = sum(segment.duration for segment in found.segments)
        length += 0 if found.growing is None else sum(part.duration for part in found.growing.parts)
        stop = begin.timestamp() + float(length)
        if not self.named or stop > self.named[-1][0] + 1e-3:
            self.named.append((stop, now))
        self.part = float(found.part_target or 0)

    async def published(self, moment: float) -> float:
        """When the part was named that ends with this moment, or behind it."""
        while not self.named or self.named[-1][0] < moment:  # noqa: ASYNC110 - another process publishes
            await asyncio.sleep(_LOOK_S)
        return next(now for stop, now in self.named if stop >= moment)

    def lags(self, begun: float) -> list[float]:
        """How long each part took since then, from its last picture to its name in the playlist."""
        return [now - stop for stop, now in self.named if now >= begun]

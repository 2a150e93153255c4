"""An event that has happened: numbered pictures and a tone through a real live encoder, all of it in a bucket."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from infra.memory import MemoryStore
from manifests import layout
from manifests.layout import ChannelId
from tests.transcoder.live import feeds
from tests.transcoder.odd.made import BARS, ffmpeg
from transcoder.encoder_settings import EncoderSettings
from transcoder.live.argv import origin_of
from transcoder.live.arrivals import Arrivals
from transcoder.live.event import LiveEvent, dump, plan_event
from transcoder.live.recording.model import Stretch
from transcoder.live.run import Run
from transcoder.profile import Profile, row

if TYPE_CHECKING:
    from pathlib import Path

    from infra.ports import ObjectStore
    from manifests.layout import RenditionId
    from transcoder.live.part import Part

FIRST: Final = 935_070_981
"""Number of the first segment: of some day in 2026."""
LADDER: Final = Profile(ladder=(row(64, 100, 25, halved=True), row(96, 300, 20)))
SETTINGS: Final = EncoderSettings(preset="superfast", threads=1)
CHANNEL: Final = ChannelId("arena")


class Tape:
    """What a run has handed over, as the objects of a bucket."""

    def __init__(self, event: LiveEvent) -> None:
        self.event, self.store = event, MemoryStore()
        self.inits: dict[RenditionId, bytes] = {}
        self.bodies: dict[tuple[RenditionId, int], bytes] = defaultdict(bytes)
        self.samples: dict[RenditionId, int] = defaultdict(int)

    def init(self, rendition: RenditionId, body: bytes) -> None:
        self.inits[rendition] = body

    def part(self, part: Part) -> None:
        self.bodies[part.rendition, part.msn] += part.body
        self.samples[part.rendition] += part.duration // self.event.track(part.rendition).sample

    async def keep(self) -> None:
        channel = self.event.channel
        for rendition, body in self.inits.items():
            key = layout.live_init(channel, rendition, "init-0.mp4")
            await self.store.put(key, body, content_type="video/mp4")
        for (rendition, number), body in self.bodies.items():
            key = layout.live_segment(channel, rendition, number)
            await self.store.put(key, body, content_type="video/mp4")
        key = layout.live_event(channel, self.event.number)
        await self.store.put(key, dump(self.event), content_type="application/json")

    def playlist(self, rendition: RenditionId) -> bytes:
        """As it lies in the bucket at the end."""
        track, numbers = self.event.track(rendition), sorted({number for _, number in self.bodies})
        left, lines = self.samples[rendition] * track.sample, []
        for number in numbers:
            lines += [f"#EXTINF:{min(left, track.segment) / track.timescale:.6f},", f"{number}.m4s"]
            left -= track.segment
        head = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-TARGETDURATION:4", f"#EXT-X-MEDIA-SEQUENCE:{numbers[0]}"]
        return "\n".join([*head, '#EXT-X-MAP:URI="init-0.mp4"', *lines, "#EXT-X-ENDLIST", ""]).encode()

    async def copy(self, store: ObjectStore) -> None:
        """All of it into another bucket, and at last its playlists."""
        async for stat in self.store.list(""):
            await store.put(stat.key, await self.store.read(stat.key), content_type="video/mp4")
        for rendition in self.event.renditions:
            key = layout.live_playlist(self.event.channel, rendition)
            await store.put(key, self.playlist(rendition), content_type="application/vnd.apple.mpegurl")

    def stretch(self, segments: range | None = None) -> Stretch:
        """Some of its segments, or all."""
        numbers = sorted({number for _, number in self.bodies})
        segments = segments or range(numbers[0], numbers[-1] + 1)
        grid, length = self.event.grid, len(segments)
        top, sound = self.event.rungs[-1].id, self.event.sound.id
        is_last, missing = segments.stop > numbers[-1], len(numbers) - length
        frames, units = grid.parts * grid.part, grid.parts * grid.audio_part
        return Stretch(
            event=self.event, segments=segments,
            frames=self.samples[top] - missing * frames if is_last else length * frames,
            units=self.samples[sound] - missing * units if is_last else length * units,
            sizes={
                (rendition, number): len(self.bodies[rendition, number])
                for rendition in (top, sound) for number in segments
            },
            inits=dict.fromkeys(self.event.renditions, "init-0.mp4"),
        )  # fmt: skip


async def tape(folder: Path, *, rate: int = 25, frames: int = 110) -> Tape:
    """Pictures with their number in them, from the beginning of segment FIRST on."""
    path = folder / "feed.flv"
    seconds = frames / rate
    ffmpeg(
        "-f", "lavfi", "-i", f"color=gray:s=160x96:r={rate},{BARS}", "-f", "lavfi", "-t", f"{seconds}", "-i",
        "sine=frequency=440:sample_rate=48000", "-frames:v", str(frames), "-c:v", "libx264", "-preset", "superfast",
        "-crf", "12", "-g", "50", "-bf", "0", "-c:a", "aac", str(path),
    )  # fmt: skip
    opening = feeds.opening(160, 96, rate=rate)
    event = plan_event(CHANNEL, 1, opening, LADDER, long_parts=False)
    begin = FIRST * event.grid.segment_ms
    opening = feeds.opening(160, 96, rate=rate, anchor=begin)

    def clock() -> int:
        return begin + int(seconds * 1000)

    arrivals, made = Arrivals(clock), Tape(event)
    await arrivals.put(path.read_bytes())
    arrivals.end()
    run = Run(
        event=event, opening=opening, origin=origin_of(event, begin), demuxer="flv", settings=SETTINGS,
        clock=clock,
    )  # fmt: skip
    await asyncio.wait_for(run.encode(arrivals, made), 60)
    await made.keep()
    return made

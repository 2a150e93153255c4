"""What the bucket holds of an event, as stretches that can be recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import anyio
from anyio import to_thread

from infra.errors import ObjectNotFound
from manifests import hls, layout
from manifests.errors import PlaylistError
from manifests.hls import MediaPlaylist
from transcoder.live.diary import shown_segments
from transcoder.live.grid import AAC_FRAME
from transcoder.live.recording.model import Stretch
from transcoder.live.recording.taking import samples_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from infra.ports import ObjectStore
    from manifests.layout import RenditionId
    from transcoder.live.event import LiveEvent

_MOST: Final = 20
"""Stretches of an event that are recorded: the longest."""
_ENDED: Final = b"#EXT-X-ENDLIST"


@dataclass(slots=True, kw_only=True)
class Found:
    """What lies in the bucket of one rendition: bytes of its segments by number, names of its init sections, and what
    its playlist says: which segments are shorter than others, and which init section they have."""

    sizes: dict[int, int] = field(default_factory=dict)
    inits: list[str] = field(default_factory=list)
    short: set[int] = field(default_factory=set)
    init_of: dict[int, str] = field(default_factory=dict)

    def init(self, number: int) -> str | None:
        """Of a segment; of one that the playlist does not name any more the earliest that it knows."""
        if len(self.inits) < 2:
            return self.inits[0] if self.inits else None
        known = self.init_of.get(number)
        return known or next(iter(self.init_of.values()), self.inits[0])

    def goes_on(self, number: int) -> bool:
        """Whether a segment goes on from the one before it, as one stretch."""
        return number - 1 not in self.short and self.init(number - 1) == self.init(number)


async def is_complete(store: ObjectStore, event: LiveEvent) -> bool:
    """Whether all of it is in the bucket: a playlist that says the end comes behind every segment that it names."""
    for rendition in event.renditions:
        try:
            text = await store.read(layout.live_playlist(event.channel, rendition))
        except ObjectNotFound:
            return False
        if not text.rstrip().endswith(_ENDED):
            return False
    return True


async def find_stretches(store: ObjectStore, event: LiveEvent) -> list[Stretch]:
    """In the order of time. What lies between two of them was never shown, or has not come into the bucket.

    Raises what the store raises, OutputBroken.
    """
    found: dict[RenditionId, Found] = {}

    async def look(rendition: RenditionId) -> None:
        found[rendition] = await _look(store, event, rendition)

    try:
        async with anyio.create_task_group() as looks:
            for rendition in event.renditions:
                looks.start_soon(look, rendition)
    except ExceptionGroup as exc:
        raise exc.exceptions[0] from exc
    longest = sorted(stretches(found), key=len, reverse=True)[:_MOST]
    made = [await _stretch(store, event, segments, found) for segments in sorted(longest, key=lambda each: each.start)]
    return [stretch for stretch in made if stretch is not None]


async def lacking(store: ObjectStore, event: LiveEvent, recorded: Sequence[Stretch]) -> float:
    """Seconds between the first and the last segment that was shown, by the diary, that are in none of what was
    recorded. Raises what the store raises."""
    shown = await shown_segments(store, event)
    there = sum(len(each.segments) for each in recorded)
    return max(0, len(shown) - there) * event.grid.segment_ms / 1000


def stretches(found: Mapping[RenditionId, Found]) -> list[range]:
    """Numbers without a hole that all renditions have, with one init section; only the last segment may be short."""
    common = sorted(set.intersection(*(set(each.sizes) for each in found.values()))) if found else []
    made: list[range] = []
    for number in common:
        if not all(each.init(number) for each in found.values()):
            continue
        if made and made[-1].stop == number and all(each.goes_on(number) for each in found.values()):
            made[-1] = range(made[-1].start, number + 1)
        else:
            made.append(range(number, number + 1))
    return made


async def _look(store: ObjectStore, event: LiveEvent, rendition: RenditionId) -> Found:
    found = Found()
    async for stat in store.list(layout.live_rendition(event.channel, rendition)):
        segment = layout.parse_live_segment(stat.key)
        name = stat.key.rpartition("/")[2]
        if segment is not None:
            found.sizes[segment.number] = stat.size
        elif name.startswith("init-"):
            found.inits.append(name)
    try:
        text = await store.read(layout.live_playlist(event.channel, rendition))
    except ObjectNotFound:
        return found
    # A playlist of hours: live feeds must not wait for it.
    await to_thread.run_sync(_read_playlist, text.decode(), event, found)
    return found


def _read_playlist(text: str, event: LiveEvent, found: Found) -> None:
    try:
        playlist = hls.parse(text)
    except PlaylistError:
        return
    if not isinstance(playlist, MediaPlaylist):
        return
    whole, init = event.grid.segment_s, playlist.map
    for number, segment in enumerate(playlist.segments, playlist.media_sequence):
        init = segment.map or init
        if init is not None:
            found.init_of[number] = init.uri
        if whole - segment.duration > whole / 1000:
            found.short.add(number)


async def _stretch(
    store: ObjectStore, event: LiveEvent, segments: range, found: Mapping[RenditionId, Found]
) -> Stretch | None:  # fmt: skip
    """With what is in its last segment; that is left out if it lacks pictures or sound."""
    frames, units = await _counted(store, event, segments[-1])
    if not (frames and units):
        segments = segments[:-1]
        if not segments:
            return None
        frames, units = await _counted(store, event, segments[-1])
    grid, before = event.grid, len(segments) - 1
    inits = {rendition: each.init(segments.start) or "" for rendition, each in found.items()}
    kept = (max(event.rungs, key=lambda rung: (rung.width * rung.height, -rung.divisor)).id, event.sound.id)
    return Stretch(
        event=event, segments=segments, frames=before * grid.parts * grid.part + frames,
        units=before * grid.parts * grid.audio_part + units, inits=inits,
        sizes={(rendition, number): found[rendition].sizes[number] for rendition in kept for number in segments},
    )  # fmt: skip


async def _counted(store: ObjectStore, event: LiveEvent, number: int) -> tuple[int, int]:
    """Frames of the grid that every rung has of a segment, and AAC frames."""
    grid, counts = event.grid, []
    for rung in event.rungs:
        body = await store.read(layout.live_segment(event.channel, rung.id, number))
        track = grid.video(rung.divisor)
        found = samples_of(body, sample=track.sample)
        counts.append(_run(found, number * track.segment // track.sample) * rung.divisor)
    body = await store.read(layout.live_segment(event.channel, event.sound.id, number))
    sound = _run(samples_of(body, sample=AAC_FRAME), number * grid.audio().segment // AAC_FRAME)
    return min(counts), sound


def _run(numbers: Iterable[int], first: int) -> int:
    """How many follow one another from the first on."""
    found = set(numbers)
    return next(count for count in range(len(found) + 1) if first + count not in found)

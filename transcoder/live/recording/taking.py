"""Segments of a recording out of live ones: the samples stay as they are, a group of pictures becomes one fragment.

Live pictures refer to none that follow. So whatever begins with a key picture can be taken, wherever it ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from infra.errors import ObjectNotFound
from manifests import layout
from transcoder.audio_boxes import init_section, segment
from transcoder.boxes import read_moof
from transcoder.clip_plan import renamed
from transcoder.fragments import fragments_of
from transcoder.live.grid import AAC_FRAME, VIDEO_TIMESCALE
from transcoder.live.part import Frame, fragment
from transcoder.live.recording.head import with_timescale
from transcoder.retiming import Shift, retimed
from transcoder.video import timescale, unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcoder.clip_segments import Piece
    from transcoder.plan import AudioPlan, Plan, Recorded, VideoPlan, VideoRung
    from transcoder.remaining import Sink

_SEQUENCES: Final = 1 << 32


class Objects(Protocol):
    """What live segments are read from."""

    async def read(self, key: str) -> bytes:
        """Raises ObjectNotFound, and what the store raises."""
        ...


def samples_of(body: bytes, *, sample: int) -> dict[int, Frame]:
    """The samples of a live segment by their number since the epoch; each lasts `sample` ticks. Raises OutputBroken."""
    found: dict[int, Frame] = {}
    for part in fragments_of(body):
        told = read_moof(part.body)
        at, number = told.data_offset, part.decode_time // sample
        for each in told.samples:
            found[number] = Frame(body=part.body[at : at + each.size], sync=each.sync)
            at, number = at + each.size, number + 1
    return found


class LivePictures:
    """What live segments have of a plan's pictures: see `clip_segments.Above`."""

    def __init__(self, *, store: Objects, video: VideoPlan, recorded: Recorded) -> None:
        self._store, self._recorded, self._video = store, recorded, video

    async def init(self, rung: VideoRung) -> bytes | None:
        rendition = renamed(rung.id, self._recorded.event)
        name = self._recorded.inits.get(rendition)
        body = None if name is None else await self._read(layout.live_init(self._recorded.channel, rendition, name))
        return None if body is None else with_timescale(body, timescale(self._video))

    async def fragments(self, rung: VideoRung, wanted: Sequence[Piece]) -> dict[Piece, bytes] | None:
        """Pieces of one segment, where the plan puts them; None: there is no such segment."""
        number = wanted[0].start // self._video.segment
        rendition = renamed(rung.id, self._recorded.event)
        key = layout.live_segment(self._recorded.channel, rendition, self._recorded.first + number)
        body = await self._read(key)
        if body is None:
            return None
        sample = VIDEO_TIMESCALE * rung.divisor // int(self._video.rate)
        frames = samples_of(body, sample=sample)
        zero = self._recorded.first * self._video.segment
        found = ((piece, self._fragment(rung, piece, frames, zero)) for piece in wanted)
        return {piece: made for piece, made in found if made is not None}

    def _fragment(self, rung: VideoRung, piece: Piece, frames: dict[int, Frame], zero: int) -> bytes | None:
        """`zero`: the first frame of the source's grid, counted from the epoch."""
        if (zero + piece.start) % rung.divisor:
            return None
        numbers = range((zero + piece.start) // rung.divisor, -(-(zero + piece.stop) // rung.divisor))
        if numbers.start not in frames or not frames[numbers.start].sync or numbers[-1] not in frames:
            return None
        video, ticks = self._video, unit(self._video)
        body = fragment(
            [frames[number] for number in numbers], sequence=(piece.start // video.gop + 1) % _SEQUENCES,
            start=piece.start * ticks, duration=rung.divisor * ticks,
        )  # fmt: skip
        return retimed(body, Shift(ticks=-video.skip * ticks, fragments=-(video.skip // video.gop)))

    async def _read(self, key: str) -> bytes | None:
        try:
            return await self._store.read(key)
        except ObjectNotFound:
            return None


async def take_sound(store: Objects, plan: Plan, track: AudioPlan, number: int, sink: Sink) -> None:
    """Hand a segment of sound to `sink`, init section first, if the live ones have all of it and its frames are theirs.

    Raises OutputBroken, and what the store and `sink` raise.
    """
    recorded, video = plan.recorded, plan.video
    if recorded is None or video is None or track.skip % AAC_FRAME:
        return
    units = int(video.segment / video.rate * track.sample_rate) // AAC_FRAME
    zero = recorded.first * units
    begin, end = (zero + (track.skip // AAC_FRAME) + cut for cut in track.cuts[number : number + 2])
    frames: dict[int, Frame] = {}
    for above in range(begin // units, (end - 1) // units + 1):
        key = layout.live_segment(recorded.channel, recorded.sound, above)
        try:
            frames |= samples_of(await store.read(key), sample=AAC_FRAME)
        except ObjectNotFound:
            return
    if all(unit in frames for unit in range(begin, end)):
        await sink(track.id, None, init_section(track))
        await sink(track.id, number, segment(track, number, [frames[unit].body for unit in range(begin, end)]))

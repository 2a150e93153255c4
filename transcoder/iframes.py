"""Where the key pictures of a finished asset lie: byte ranges of the very segments that players fetch.

They are read from the objects that stand in the bucket: two encodes of a segment are both right but not the same
bytes, and which of them was first only the bucket knows.
"""

from __future__ import annotations

import logging
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import anyio

from manifests import layout
from transcoder.boxes import read_header, read_moof
from transcoder.errors import OutputBroken
from transcoder.measured import IFrame
from transcoder.profile import Codec, Encryption

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from infra.ports import ObjectStore
    from manifests.layout import RenditionId
    from transcoder.plan import Plan, VideoRung

log = logging.getLogger(__name__)

_AT_ONCE: Final = 8
"""Reads in flight: a quarter of what the store takes, so that encodes which hand over segments go on."""
_WHOLE: Final = 128 * 1024
"""An object up to this size (bytes) is read at once; of a larger one only the boxes in front of its pictures are."""
_HEAD: Final = 4096
"""Bytes that hold the `moof` of two seconds at 60 frames/s, and the header of the `mdat` behind it."""
_BOX_HEADER: Final = 16


def shown_in_trick_play(plan: Plan) -> tuple[RenditionId, ...]:
    """The rungs that get an I-frame playlist, of those in H.264: the lowest, and the one in the middle of the ladder;
    none where whole segments are encrypted, for a range of such a segment is no use to anybody.

    Pictures that fly by are small or short: the lowest is what a phone or a preview scrubs through, the other fills a
    screen. Higher ones would cost reads at the end of an encode, and viewers bandwidth, for detail that nobody sees.
    """
    if plan.encryption is Encryption.AES_128:
        return ()
    return () if plan.video is None else lowest_and_middle(plan.video.rungs)


def lowest_and_middle(rungs: Sequence[VideoRung]) -> tuple[RenditionId, ...]:
    """Of the rungs in H.264, by bandwidth; one of a single rung, none of none."""
    known = sorted((rung for rung in rungs if rung.codec is Codec.H264), key=lambda rung: rung.bandwidth)
    return tuple(dict.fromkeys(known[place].id for place in (0, len(known) // 2) if known))


async def find_iframes(
    store: ObjectStore, plan: Plan, sizes: Mapping[RenditionId, Sequence[int]]
) -> dict[RenditionId, tuple[tuple[IFrame, ...], ...]]:
    """The key pictures of each segment, for the rungs of `shown_in_trick_play`. `sizes`: bytes of every segment.

    A rung whose objects cannot be read as fragments is left out: an asset is whole without it. Raises what the store
    raises.
    """
    found = {}
    for rendition in shown_in_trick_play(plan):
        try:
            found[rendition] = await _of_rendition(store, plan, rendition, sizes[rendition])
        except OutputBroken as exc:
            log.warning("no I-frames", extra={"asset": plan.asset, "rendition": rendition, "cause": str(exc)})
    return found


async def _of_rendition(
    store: ObjectStore, plan: Plan, rendition: RenditionId, sizes: Sequence[int]
) -> tuple[tuple[IFrame, ...], ...]:
    found: list[tuple[IFrame, ...]] = [()] * len(sizes)

    async def read(numbers: Iterator[tuple[int, int]]) -> None:
        for number, size in numbers:
            found[number] = await _of_segment(_Object(store, layout.segment(plan.asset, rendition, number), size))

    left = iter(enumerate(sizes))
    try:
        async with anyio.create_task_group() as readers:
            for _ in range(_AT_ONCE):
                readers.start_soon(read, left)
    except ExceptionGroup as exc:
        raise exc.exceptions[0] from exc.exceptions[0].__cause__
    return tuple(found)


class _Object:
    """An object of which little is wanted: what was read last is kept."""

    def __init__(self, store: ObjectStore, key: str, size: int) -> None:
        self._store, self._key, self.size = store, key, size
        self._start, self._kept = 0, b""

    async def read(self, start: int, length: int) -> bytes:
        """Bytes from `start` on, fewer at the end."""
        end = min(start + length, self.size)
        if not (self._start <= start and end <= self._start + len(self._kept)):
            more = self.size if self.size <= _WHOLE else min(max(end, start + _HEAD), self.size)
            body = await self._store.get(self._key, start=start, length=more - start)
            async with aclosing(body.stream) as blocks:
                self._start, self._kept = start, b"".join([block async for block in blocks])
        return self._kept[start - self._start : end - self._start]


async def _of_segment(body: _Object) -> tuple[IFrame, ...]:
    """Each `moof` that begins with a key picture, up to the end of that picture in the `mdat` behind it."""
    found, at, samples = [], 0, 0
    while at < body.size:
        box = read_header(await body.read(at, _BOX_HEADER))
        if box is None or at + box.end > body.size:
            raise OutputBroken(f"a box at byte {at} is larger than its segment")
        if box.kind == b"moof":
            told = read_moof(await body.read(at, box.end))
            if told.samples and told.samples[0].sync:
                found.append(IFrame(samples, at, told.data_offset + told.samples[0].size))
            samples += len(told.samples)
        at += box.end
    if not found or found[0].sample or max(each.start + each.length for each in found) > body.size:
        raise OutputBroken("a segment that does not begin with a key picture")
    return tuple(found)

"""Sound for a feed that has none: AAC frames of silence, as long as the pictures. Pure.

Players take a channel whose sound comes and goes between two publishers only if it is always there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transcoder.live.part import Frame, part_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.layout import RenditionId
    from transcoder.live.grid import TrackGrid
    from transcoder.live.part import Part

_FRAME: Final = Frame(body=bytes.fromhex("210049900219002380"), sync=True)
"""A channel pair element of AAC-LC in which nothing is coded (ISO/IEC 14496-3 §4.4.2.1)."""


def silence(rendition: RenditionId, track: TrackGrid, *, start: int, stop: int) -> Iterator[Part]:
    """Parts from tick `start` to the last frame that ends by `stop`, both from the epoch."""
    at = -(-start // track.sample) * track.sample
    while at + track.sample <= stop:
        until = min((at // track.part + 1) * track.part, stop // track.sample * track.sample)
        yield part_of(rendition, track, [_FRAME] * ((until - at) // track.sample), start=at)
        at = until

"""Sound for a feed that has none: AAC frames of silence, as long as the pictures. Pure.

Players take a channel whose sound comes and goes between two publishers only if it is always there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transcoder.live.part import Frame, Part, fragment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.layout import RenditionId
    from transcoder.live.grid import TrackGrid

_FRAME: Final = Frame(body=bytes.fromhex("210049900219002380"), sync=True)
"""A channel pair element of AAC-LC in which nothing is coded (ISO/IEC 14496-3 §4.4.2.1)."""
_SEQUENCES: Final = 1 << 32


def silence(rendition: RenditionId, track: TrackGrid, *, start: int, stop: int) -> Iterator[Part]:
    """Parts from tick `start` to the last frame that ends by `stop`, both from the epoch."""
    at = -(-start // track.sample) * track.sample
    while at + track.sample <= stop:
        until = min((at // track.part + 1) * track.part, stop // track.sample * track.sample)
        yield Part(
            rendition=rendition,
            msn=at // track.segment,
            start=at,
            duration=until - at,
            independent=True,
            last=until % track.segment == 0,
            body=fragment(
                [_FRAME] * ((until - at) // track.sample), sequence=at // track.part % _SEQUENCES, start=at,
                duration=track.sample, track=track.id,
            ),
        )  # fmt: skip
        at = until

"""The playlist that lies in the bucket beside the segments: for players of a bucket that plays alone, without parts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from manifests.live import change
from manifests.live.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Collection

    from manifests.live.state import LiveRendition

_LISTED: Final = 300
"""Segments of it while the event runs: it is written again for each. That of the end has them all."""


def bucket_playlist(state: LiveRendition, *, lost: Collection[int] = ()) -> bytes:
    """The last segments, or all of an event that has ended. `lost`: numbers that never came into the bucket."""
    if lost:
        state = change.lose(state, lost)
    if state.ended or len(state.segments) <= _LISTED:
        return Texts().plain(state).encode()
    left = state.segments[:-_LISTED]
    discontinuities = sum(segment.discontinuity for segment in left)
    return (
        Texts()
        .plain(
            replace(
                state,
                segments=state.segments[-_LISTED:],
                discontinuity_sequence=state.discontinuity_sequence + discontinuities,
            )
        )
        .encode()
    )

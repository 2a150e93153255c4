"""The playlist that lies in the bucket beside the segments: for players of a bucket that plays alone, without parts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from manifests.live.texts import Texts

if TYPE_CHECKING:
    from manifests.live.state import LiveRendition

_LISTED: Final = 300
"""Segments of it while the event runs: it is written again for each. That of the end has them all."""


def bucket_playlist(state: LiveRendition) -> str:
    """The last segments, or all of an event that has ended."""
    if state.ended or len(state.segments) <= _LISTED:
        return Texts().plain(state)
    left = state.segments[:-_LISTED]
    discontinuities = sum(segment.discontinuity for segment in left)
    return Texts().plain(
        replace(
            state,
            segments=state.segments[-_LISTED:],
            discontinuity_sequence=state.discontinuity_sequence + discontinuities,
        )
    )

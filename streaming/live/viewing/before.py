"""The event before: another one has taken the place of its playlists, and players may still be in the middle of it.

Who takes a presentation away leaves its segments there for as long as its playlist was (RFC 8216bis §6.2.1). Longer
they are for nobody: what became of an event is for editors to publish.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests import layout

if TYPE_CHECKING:
    from collections.abc import Collection

    from manifests.layout import RenditionId
    from manifests.live.state import LiveRendition
    from transcoder.live.event import LiveEvent


def is_left(
    event: LiveEvent, states: Collection[LiveRendition], rendition: RenditionId, *, now_ms: int
) -> bool:  # fmt: skip
    """Whether a rendition is one of the event before `event`, whose renditions are in `states`, and that began not
    longer ago than viewers may go back."""
    if not layout.is_name(rendition) or layout.rendition_version(rendition) != event.number - 1:
        return False
    if not states:
        return True
    began_ms = min(state.first for state in states) * event.grid.segment_ms
    windows = [state.pace.ms(state.window) for state in states if state.window is not None]
    return not windows or now_ms - began_ms < max(windows)

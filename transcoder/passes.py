"""In which order a window is encoded: from its start, or around the one segment that somebody waits for. Pure.

A window is up to six segments of all rungs: a viewer who waits for the last of them, in one rung, must not wait for the
rest. So what he waits for is encoded alone; then what he will play next; then what lies before. The price is that one
segment is decoded twice and two more processes start, once a seek.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from manifests.layout import RenditionId
from transcoder.windows import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One encode of a part of a window: of all its renditions, or of `only` one."""

    window: Window
    only: RenditionId | None = None


def passes(window: Window, wanted: tuple[RenditionId, int] | None) -> tuple[Pass, ...]:
    """The passes over a window, in order; every pass skips what exists by then."""
    if wanted is None or not window.first <= wanted[1] < window.first + window.count:
        return (Pass(window=window),)
    rendition, number = wanted
    end = window.first + window.count
    if window.track != "video":
        # Audio is so quick that only the order matters.
        return tuple(
            Pass(window=part)
            for part in (_part(window, number, end), _part(window, window.first, number))
            if part.count
        )
    return tuple(
        made
        for made in (
            Pass(window=_part(window, number, number + 1), only=rendition),
            Pass(window=_part(window, number + 1, end)),
            Pass(window=_part(window, window.first, number + 1)),
        )
        if made.window.count
    )


def _part(window: Window, first: int, end: int) -> Window:
    return replace(window, first=first, count=end - first)

"""Windows: which consecutive segments one task encodes. Pure functions of the plan, the same in every process.

The first windows are short, so that the first segments exist within seconds; later ones grow to spread the cost of
starting a process and seeking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.ports import Level, Task

if TYPE_CHECKING:
    from manifests.layout import AssetId, RenditionId
    from transcoder.plan import Plan

_VIDEO_GROWTH = (1, 1, 2, 4)
_VIDEO_WINDOW = 6
_AUDIO_GROWTH = (4, 16)
_AUDIO_WINDOW = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Segments [first, first + count) of one track: "video" (all rungs at once) or an audio rendition's id."""

    track: str
    index: int
    first: int
    count: int


def _cut(track: str, segments: int, growth: tuple[int, ...], steady: int) -> tuple[Window, ...]:
    windows: list[Window] = []
    first = 0
    while first < segments:
        index = len(windows)
        count = min(growth[index] if index < len(growth) else steady, segments - first)
        windows.append(Window(track=track, index=index, first=first, count=count))
        first += count
    return tuple(windows)


def windows(plan: Plan) -> tuple[Window, ...]:
    """All windows of a plan in the order in which they are wanted: by their first segment, video before audio."""
    found: list[Window] = []
    if plan.video is not None:
        found += _cut("video", plan.video.segments, _VIDEO_GROWTH, _VIDEO_WINDOW)
    for track in plan.audio:
        found += _cut(track.id, track.segments, _AUDIO_GROWTH, _AUDIO_WINDOW)
    return tuple(sorted(found, key=lambda window: (window.first, window.track != "video")))


def window_of(plan: Plan, rendition: RenditionId, number: int) -> Window:
    """The window that makes segment `number` of a rendition. Raises KeyError, IndexError for what the plan lacks."""
    segments = plan.renditions()[rendition]
    if not 0 <= number < segments:
        raise IndexError(number)
    track = rendition if any(track.id == rendition for track in plan.audio) else "video"
    return next(w for w in windows(plan) if w.track == track and w.first <= number < w.first + w.count)


def index_task(asset: AssetId, version: int) -> Task:
    return Task(
        name=f"{asset}/{version}/index", kind="index", group=asset, level=Level.INDEX,
        arguments={"asset": asset, "version": version},
    )  # fmt: skip


def grow_task(asset: AssetId, version: int) -> Task:
    """The task that follows an upload while its bytes come."""
    return Task(
        name=f"{asset}/{version}/grow", kind="grow", group=asset, level=Level.ARRIVING,
        arguments={"asset": asset, "version": version},
    )  # fmt: skip


def window_task(
    asset: AssetId, version: int, window: Window, level: Level, *, wanted: tuple[RenditionId, int] | None = None
) -> Task:
    """The task that makes a window. `wanted` is the segment somebody waits for: it is made first, the task stays the
    same (its name too), so that all who wait for something of the window share one encode."""
    arguments: dict[str, str | int] = {
        "asset": asset, "version": version, "track": window.track, "window": window.index,
    }  # fmt: skip
    if wanted is not None:
        arguments |= {"rendition": wanted[0], "number": wanted[1]}
    return Task(
        name=f"{asset}/{version}/{window.track}/{window.index}", kind="window", group=asset, level=level,
        arguments=arguments,
    )  # fmt: skip


def finish_task(asset: AssetId, version: int) -> Task:
    return Task(
        name=f"{asset}/{version}/finish", kind="finish", group=asset, level=Level.FIRST,
        arguments={"asset": asset, "version": version},
    )  # fmt: skip

"""Paces and states that tests of live playlists share."""

from __future__ import annotations

from manifests.live import change
from manifests.live.state import LiveRendition, Pace

VIDEO = Pace(timescale=90_000, part=28_800, parts=6, target_duration=2)
"""25 pictures a second: parts of 0.32 s, segments of 1.92 s."""
THIRDS = Pace(timescale=90_000, part=48_000, parts=6, target_duration=3)
"""30 pictures a second: parts of 16/30 s, which have no decimal form."""
DAWN = 1_795_334_400_000
PART_MS = 320


def begun(pace: Pace = VIDEO, *, window_s: int | None = None, number: int = 40) -> LiveRendition:
    return change.begin(pace=pace, number=number, init="init-1.mp4", window_s=window_s)


def later(state: LiveRendition, parts: int) -> LiveRendition:
    """So many parts further, each published when its last frame is there."""
    for _ in range(parts):
        now = max(DAWN, state.changed_ms) + PART_MS
        count = 0 if state.growing is None else state.growing.count
        state = change.add_part(
            state, duration=state.pace.part, size=1000, independent=count == 0, pdt_ms=DAWN, now_ms=now,
            picture=100 + state.number
        )  # fmt: skip
        if state.growing is not None and state.growing.count == state.pace.parts:
            state = change.end_segment(state, now_ms=now)
    return state

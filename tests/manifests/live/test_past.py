from __future__ import annotations

from typing import TYPE_CHECKING

from manifests.live import playlist
from manifests.live.past import Past
from tests.manifests.live.paces import begun, later

if TYPE_CHECKING:
    from manifests.hls import Segment
    from manifests.live.playlist import At
    from manifests.live.state import LiveRendition, LiveSegment


def test_a_segment_that_is_old_is_written_once_and_forgotten_when_it_leaves() -> None:
    written: list[int] = []

    def write(state: LiveRendition, segment: LiveSegment, at: At) -> Segment:
        written.append(segment.number)
        return playlist.segment_of(state, segment, at, with_parts=False)

    past, state = Past(write), begun(window_s=20)
    for _ in range(40):
        state = later(state, 6)
        for _ in range(2):
            text = past.before(playlist.build(state, {}, with_parts=False), state, {})
            assert text.count("#EXTINF") == len(state.segments)
    assert written == sorted(set(written))
    assert len(written) > 30
    assert set(past._written) == {segment.number for segment in state.segments[: playlist.skipped(state)]}

from __future__ import annotations

from manifests.live import ageing, change
from tests.manifests.live.paces import begun, later

TARGET_MS = 2000


def test_parts_leave_the_playlist_at_three_target_durations_all_of_a_segment_at_once() -> None:
    state = later(begun(), 6 * 5)
    listed = [segment for segment in state.segments if segment.unlisted_ms is None]
    assert [segment.number for segment in listed] == [43, 44]
    for parts in range(40):
        state = later(state, 1)
        recent = [segment for segment in state.segments if segment.unlisted_ms is None]
        assert all(state.end - segment.start <= 6 * 90_000 for segment in recent), parts
        assert len(recent) == 2
    assert [len(segment.parts) for segment in state.segments[-4:]] == [6, 6, 6, 6]


def test_parts_can_be_downloaded_for_three_target_durations_more() -> None:
    state = later(begun(), 6 * 5)
    unlisted = state.segments[1].unlisted_ms
    assert unlisted == state.changed_ms - 6 * 320
    due = unlisted + 3 * TARGET_MS
    assert len(ageing.age(state, due - 1).segments[1].parts) == 6
    aged = ageing.age(state, due).segments[1]
    assert aged.parts == ()
    assert (aged.count, aged.duration, aged.size) == (6, 6 * 28_800, 6000)


def test_a_state_in_which_nothing_is_due_is_the_same() -> None:
    state = later(begun(), 5)
    assert ageing.age(state, state.changed_ms) is state


def test_segments_leave_when_the_window_is_full_without_them() -> None:
    state = later(begun(window_s=12), 6 * 20)
    assert state.media_sequence == 40 + 20 - 7
    assert state.duration == 7 * 6 * 28_800
    assert later(begun(), 6 * 20).media_sequence == 40


def test_discontinuity_sequence_numbers_stay_with_their_segments() -> None:
    state = begun(window_s=12)
    for _ in range(30):
        state = later(change.discontinue(later(state, 6), init="b", now_ms=0), 6)
        found = state.discontinuity_sequence
        for segment in state.segments:
            found += segment.discontinuity
            assert found == (segment.number - 40 + 1) // 2
    assert state.discontinuity_sequence > 20


def test_nothing_leaves_a_stream_that_has_ended() -> None:
    state = change.end(later(begun(window_s=12), 6 * 9), now_ms=0)
    much_later = ageing.age(state, state.changed_ms + 10**9)
    assert (much_later.media_sequence, much_later.duration) == (state.media_sequence, state.duration)

from __future__ import annotations

from streaming.live.timeline.board import Told
from streaming.live.timeline.marks import Marks
from tests.manifests.live.paces import DAWN, begun, later

LINE = '#EXT-X-DATERANGE:ID="{id}",START-DATE="2026-11-22T08:00:00.000Z",DURATION={s}'


def told(number: int, *, seconds: int = 0) -> Told:
    return Told(number=number, tag=LINE.format(id=f"m{number}", s=seconds), added_ms=DAWN, position=(40, number))


def test_what_was_told_twice_counts_once() -> None:
    marks, states = Marks(), [later(begun(), 3)]
    marks.take(1, [told(1)])
    marks.take(1, [told(1), told(2)])
    found = marks.present(states, now_ms=DAWN)
    assert [tag.id for tag in found.tags()] == ["m1", "m2"]
    assert marks.present(states, now_ms=DAWN) is found


def test_what_cannot_be_read_harms_no_playlist() -> None:
    marks = Marks()
    marks.take(1, [Told(number=1, tag="#EXT-X-DATERANGE:ID=1", added_ms=DAWN, position=(40, 1)), told(2)])
    assert [tag.id for tag in marks.present([], now_ms=DAWN).tags()] == ["m2"]


def test_another_event_begins_without_marks() -> None:
    marks = Marks()
    marks.take(1, [told(1), told(2)])
    marks.take(2, [told(1)])
    assert [tag.id for tag in marks.present([], now_ms=DAWN).tags()] == ["m1"]


def test_what_ended_before_all_that_is_in_the_playlists_leaves_and_is_named_for_a_while() -> None:
    marks, state = Marks(), later(begun(window_s=12), 6 * 9)
    marks.take(1, [told(1, seconds=2), told(2, seconds=60)])
    assert state.first_ms is not None
    assert state.first_ms > DAWN + 2000
    late = later(begun(), 3)  # a rendition whose playlist begins earlier
    assert len(marks.present([late, state], now_ms=state.changed_ms).entries) == 2
    found = marks.present([state], now_ms=state.changed_ms)
    assert [tag.id for tag in found.tags()] == ["m2"]
    assert [each.id for each in found.removed] == ["m1"]
    assert marks.present([state], now_ms=state.changed_ms + 12_001).removed == ()

from __future__ import annotations

from fractions import Fraction

import pytest

from manifests import hls
from manifests.hls import DateRange, MediaPlaylist, date_time
from manifests.live import change, timeline
from manifests.live.playlist import Reported
from manifests.live.state import LiveRendition, Pace
from manifests.live.texts import Texts
from manifests.live.timeline import EMPTY, Timeline
from manifests.live.updates import Skipping
from tests.manifests.live.paces import DAWN, THIRDS, begun, later

SOUND = Pace(timescale=48_000, part=15 * 1024, parts=6, target_duration=2)


def read(text: str) -> MediaPlaylist:
    found = hls.parse(text)
    assert isinstance(found, MediaPlaylist)
    return found


def full(state: LiveRendition, found: Timeline = EMPTY, **others: LiveRendition) -> str:
    by_uri = {f"../{name}/index.m3u8": other for name, other in others.items()}
    return Texts().full(state, timeline=found, others=Reported(media=by_uri))


def delta(state: LiveRendition, skipping: Skipping = Skipping.SEGMENTS, found: Timeline = EMPTY) -> MediaPlaylist:
    return read(Texts().delta(state, skipping, now_ms=state.changed_ms, timeline=found))


GOLDEN = """#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12,CAN-SKIP-DATERANGES=YES,HOLD-BACK=6,PART-HOLD-BACK=1.32
#EXT-X-PART-INF:PART-TARGET=0.32
#EXT-X-MEDIA-SEQUENCE:40
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="init-1.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:00.000Z
#EXT-X-PART:DURATION=0.32,URI="40.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.32,URI="40.1.m4s"
#EXTINF:0.64,
40.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:00.640Z
#EXT-X-PART:DURATION=0.32,URI="41.0.m4s",GAP=YES
#EXT-X-GAP
#EXTINF:0.32,
41.m4s
#EXT-X-DATERANGE:ID="goal",START-DATE="2026-11-22T08:00:00.500Z",X-TEAM="FRA"
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="init-2.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:00.960Z
#EXT-X-PART:DURATION=0.32,URI="42.0.m4s",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="42.1.m4s"
#EXT-X-RENDITION-REPORT:URI="../sound/index.m3u8",LAST-MSN=41,LAST-PART=1
"""
GOAL = DateRange(id="goal", start=date_time.from_ms(DAWN + 500), own=frozenset({("X-TEAM", "FRA")}))


def golden() -> tuple[LiveRendition, Timeline]:
    state = change.add_gap(later(begun(), 2), parts=1, now_ms=DAWN + 960)
    state = change.discontinue(state, init="init-2.mp4", now_ms=DAWN + 960)
    return later(state, 1), timeline.add(EMPTY, GOAL, now_ms=DAWN + 1000, position=state.edge)


def test_golden() -> None:
    state, found = golden()
    assert full(state, found, sound=later(begun(SOUND), 8)) == GOLDEN


def test_a_gap_is_marked_in_its_segment_and_in_its_parts() -> None:
    (_, gap), growing = read(GOLDEN).segments, read(GOLDEN).growing
    assert gap.gap
    assert [part.gap for part in gap.parts] == [True]
    assert growing is not None
    assert not any(part.gap for part in growing.parts)


@pytest.mark.parametrize(("parts", "hinted"), [(0, "40.0"), (1, "40.1"), (6, "41.0"), (8, "41.2")])
def test_the_next_part_is_hinted_across_segments(parts: int, hinted: str) -> None:
    hints = read(full(later(begun(), parts))).preload_hints
    assert [(hint.type, hint.uri) for hint in hints] == [("PART", f"{hinted}.m4s")]


def test_a_segment_that_has_all_its_parts_but_has_not_ended_hints_at_the_next() -> None:
    state = later(begun(), 5)
    state = change.add_part(state, duration=state.pace.part, size=1, now_ms=0)
    assert [hint.uri for hint in read(full(state)).preload_hints] == ["41.0.m4s"]


def test_another_init_section_is_hinted_before_its_first_part() -> None:
    state = change.discontinue(later(begun(), 6), init="init-2.mp4", now_ms=0)
    assert [(hint.type, hint.uri) for hint in read(full(state)).preload_hints] == [
        ("MAP", "init-2.mp4"),
        ("PART", "41.0.m4s"),
    ]
    assert [hint.type for hint in read(full(later(state, 1))).preload_hints] == ["PART"]


def test_a_stream_that_has_ended_says_so_and_hints_at_nothing() -> None:
    found = read(full(change.end(later(begun(), 8), now_ms=0)))
    assert found.ended
    assert (found.preload_hints, found.growing) == ((), None)
    assert [segment.uri for segment in found.segments] == ["40.m4s", "41.m4s"]


def test_every_other_rendition_is_reported_with_its_last_part() -> None:
    reports = read(full(later(begun(), 8), a=later(begun(SOUND), 7), b=later(begun(), 12), c=begun())).rendition_reports
    assert [(each.uri, each.last_msn, each.last_part) for each in reports] == [
        ("../a/index.m3u8", 41, 0),
        ("../b/index.m3u8", 41, 5),
    ]


def test_all_renditions_have_the_same_server_control() -> None:
    """And it holds for the longest PART-TARGET among them (RFC 8216bis §4.4.3.8)."""
    short = Pace(timescale=1000, part=500, parts=6, target_duration=3)
    one, other = later(begun(THIRDS), 1), later(begun(short), 1)
    controls = [read(full(one, other=other)).server_control, read(full(other, other=one)).server_control]
    assert controls[0] == controls[1]
    assert controls[0] is not None
    assert controls[0].part_hold_back == 3 * Fraction(533_334, 10**6)
    assert (controls[0].hold_back, controls[0].can_skip_until) == (9, 18)
    quarter = read(full(later(begun(Pace(timescale=1000, part=250, parts=12, target_duration=3)), 1))).server_control
    assert quarter is not None
    assert quarter.part_hold_back == Fraction(5, 4)  # a second and a part
    assert (controls[0].can_block_reload, controls[0].can_skip_dateranges) == (True, True)


def test_durations_without_a_decimal_form_sum_to_the_end() -> None:
    found = read(full(later(begun(THIRDS), 6 * 100)))
    assert sum(segment.duration for segment in found.segments) == 320
    assert found.part_target == Fraction(533_334, 10**6)


def test_date_and_init_section_stand_in_front_of_the_first_part() -> None:
    lines = GOLDEN.splitlines()
    first = lines.index('#EXT-X-PART:DURATION=0.32,URI="42.0.m4s",INDEPENDENT=YES')
    assert [line.partition(":")[0] for line in lines[first - 3 : first]] == [
        "#EXT-X-DISCONTINUITY",
        "#EXT-X-MAP",
        "#EXT-X-PROGRAM-DATE-TIME",
    ]


def test_every_segment_has_a_date() -> None:
    found = read(full(later(begun(), 6 * 30 + 1)))
    dates = [segment.program_date_time for segment in found.segments]
    assert dates == [date_time.from_ms(DAWN + 1920 * number) for number in range(30)]


def test_the_version_is_what_the_tags_need() -> None:
    state = later(begun(), 6 * 20)
    ranges = timeline.add(EMPTY, GOAL, now_ms=DAWN)
    assert read(full(state)).version == 6
    assert delta(state).version == 9
    assert delta(state, Skipping.DATE_RANGES, ranges).version == 10


def test_a_delta_update_leaves_out_what_is_behind_the_skip_boundary() -> None:
    state = later(begun(), 6 * 20 + 2)
    found, whole = delta(state), read(full(state))
    assert found.skip is not None
    assert found.skip.segments == 13
    left = [segment.duration for segment in found.segments]
    assert sum(left[1:]) < 12 <= sum(left)
    assert (found.segments, found.growing) == (whole.segments[13:], whole.growing)
    assert found.preload_hints == whole.preload_hints
    assert (found.map, found.media_sequence) == (whole.map, whole.media_sequence)


def test_a_delta_update_of_what_is_short_is_all_of_it() -> None:
    state = later(begun(), 6 * 6)
    for skipping in Skipping:
        assert delta(state, skipping) == read(full(state))


def test_a_delta_update_keeps_the_date_ranges_of_segments_that_it_leaves_out() -> None:
    state = later(begun(), 6 * 20)
    ranges = timeline.add(EMPTY, GOAL, now_ms=DAWN + 3000, position=(41, 3))
    (kept,) = delta(state, found=ranges).segments[0].before
    assert kept == GOAL


def test_the_second_kind_leaves_out_old_date_ranges_and_names_those_that_left() -> None:
    state = later(begun(), 6 * 20)
    ranges = timeline.add(EMPTY, DateRange(id="gone", start=GOAL.start, duration=Fraction(1)), now_ms=DAWN)
    ranges = timeline.prune(ranges, first_ms=DAWN + 9000, now_ms=state.changed_ms - 12_000, remembered_ms=10**9)
    old = timeline.add(ranges, GOAL, now_ms=state.changed_ms - 12_001)
    both = timeline.add(old, DateRange(id="new", start=GOAL.start), now_ms=state.changed_ms - 12_000)
    found = delta(state, Skipping.DATE_RANGES, both)
    assert [each.id for segment in found.segments for each in segment.date_ranges] == ["new"]
    assert found.skip is not None
    assert found.skip.removed_date_ranges == ("gone",)
    later_on = timeline.prune(both, first_ms=0, now_ms=state.changed_ms, remembered_ms=11_999)
    assert delta(state, Skipping.DATE_RANGES, later_on).skip == hls.Skip(segments=13, removed_date_ranges=())
    first_kind = delta(state, found=both)
    assert [each.id for segment in first_kind.segments for each in segment.date_ranges] == ["goal", "new"]
    assert first_kind.skip == hls.Skip(segments=13)


def test_date_ranges_are_the_same_in_all_renditions() -> None:
    video, ranges = golden()
    for number in range(5):
        tag = DateRange(id=f"r{number}", start=GOAL.start)
        ranges = timeline.add(ranges, tag, now_ms=DAWN, position=video.edge)
    texts = [
        full(video, ranges),
        full(later(begun(SOUND), 20), ranges),
        Texts().plain(later(begun(), 30), timeline=ranges),
    ]
    listed = [sorted(line for line in text.splitlines() if line.startswith("#EXT-X-DATERANGE")) for text in texts]
    assert listed[0] == listed[1] == listed[2]
    assert len(listed[0]) == 6


def test_players_that_know_no_parts_see_whole_segments_alone() -> None:
    state, ranges = golden()
    found = read(Texts().plain(state, timeline=ranges))
    assert [(segment.uri, segment.gap, segment.parts) for segment in found.segments] == [
        ("40.m4s", False, ()),
        ("41.m4s", True, ()),
    ]
    assert (found.server_control, found.part_target, found.preload_hints, found.rendition_reports) == (
        None,
        None,
        (),
        (),
    )
    assert [each.id for each in (found.growing.date_ranges if found.growing else ())] == ["goal"]
    assert found.version == 6


def test_what_is_remembered_is_what_it_is() -> None:
    texts, state = Texts(), begun(window_s=12)
    for _ in range(40):
        state = later(state, 6)
        assert texts.full(state) == full(state)
        assert texts.plain(state) == Texts().plain(state)

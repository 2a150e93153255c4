"""One row a rule of RFC 8216bis §6.2.5, §6.2.6 and §B.1: the state, what is asked for, what is answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from manifests.live import change, decide
from manifests.live.decide import Decision, Deliver, Reason, Refuse, Wait
from manifests.live.directives import Directives
from manifests.live.names import InitName, MediaName, PartName, SegmentName
from manifests.live.state import Pace
from manifests.live.updates import Skipping
from tests.manifests.live.paces import THIRDS, VIDEO, begun, later

NOW = 5_000_000
UNTIL = NOW + 3 * 2000
LIVE = later(begun(window_s=12), 6 * 10 + 3)
"""Segments 43 to 49 are listed, of 50 there are parts 0, 1, 2. Parts of 48 and later are listed."""
ENDED = change.end(LIVE, now_ms=0)
FRESH = begun()
FULL = Deliver(cache_control="public, max-age=1")
BLOCKED = Deliver(cache_control="public, max-age=12")
GONE = Refuse(reason=Reason.UNKNOWN, cache_control="public, max-age=2")
AHEAD = Refuse(reason=Reason.TOO_FAR_AHEAD)


def waits(msn: int, part: int | None) -> Wait:
    return Wait(msn=msn, part=part, until_ms=UNTIL)


def test_the_states_are_what_the_table_says() -> None:
    assert (LIVE.media_sequence, LIVE.last_whole, LIVE.last_part) == (43, 49, (50, 2))


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        pytest.param(Directives(), FULL, id="no directive"),
        pytest.param(Directives(msn=49), BLOCKED, id="msn alone: that segment is whole"),
        pytest.param(Directives(msn=50), waits(50, None), id="msn alone: the whole segment, not its first part"),
        pytest.param(Directives(msn=50, part=2), BLOCKED, id="the last part"),
        pytest.param(Directives(msn=50, part=3), waits(50, 3), id="the next part"),
        pytest.param(Directives(msn=51, part=0), waits(51, 0), id="the first part of the next segment"),
        pytest.param(Directives(msn=49, part=5), BLOCKED, id="a part of a whole segment"),
        pytest.param(Directives(msn=49, part=6), BLOCKED, id="past the last part: part 0 of the next, which is there"),
        pytest.param(Directives(msn=49, part=99), BLOCKED, id="far past the last part: still part 0 of the next"),
        pytest.param(Directives(msn=44), BLOCKED, id="not the last one in the playlist: all of it"),
        pytest.param(Directives(msn=3), BLOCKED, id="no more in the playlist: all of it"),
        pytest.param(Directives(msn=3, part=1), BLOCKED, id="a part of what is no more in the playlist"),
        pytest.param(Directives(msn=51), waits(51, None), id="two behind the last whole one"),
        pytest.param(Directives(msn=52), AHEAD, id="three behind the last whole one"),
        pytest.param(Directives(msn=10**19), AHEAD, id="absurdly far"),
        pytest.param(Directives(msn=50, part=11), waits(50, 11), id="as many parts ahead as the limit allows"),
        pytest.param(Directives(msn=50, part=12), AHEAD, id="one part more"),
        pytest.param(Directives(msn=51, part=9), waits(51, 9), id="as hls.js asks after a late answer"),
        pytest.param(Directives(msn=51, part=10), AHEAD, id="one part more in a segment that has none"),
        pytest.param(
            Directives(part=0),
            Refuse(reason=Reason.PART_WITHOUT_MSN, cache_control="public, max-age=8"),
            id="part without msn",
        ),
        pytest.param(Directives(skip=Skipping.SEGMENTS), replace(FULL, skip=Skipping.SEGMENTS), id="a delta update"),
        pytest.param(
            Directives(msn=50, part=2, skip=Skipping.DATE_RANGES),
            replace(BLOCKED, skip=Skipping.DATE_RANGES),
            id="a delta update of the second kind, blocking",
        ),
        pytest.param(
            Directives(msn=50, part=3, skip=Skipping.SEGMENTS), waits(50, 3), id="a delta update that has to wait"
        ),
    ],
)
def test_playlists_that_go_on(asked: Directives, answer: Decision) -> None:
    assert decide.playlist(LIVE, asked, arrived_ms=NOW, now_ms=NOW) == answer


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (Directives(), FULL),
        (Directives(msn=49), BLOCKED),
        (Directives(msn=50), waits(50, None)),
        (Directives(msn=52), AHEAD),
        (Directives(msn=49, skip=Skipping.SEGMENTS), replace(BLOCKED, skip=Skipping.SEGMENTS)),
        (Directives(msn=50, part=0), Refuse(reason=Reason.NO_PARTS, cache_control="public, max-age=8")),
        (Directives(part=0), Refuse(reason=Reason.NO_PARTS, cache_control="public, max-age=8")),
    ],
)
def test_playlists_of_i_frames_block_by_segments_alone(asked: Directives, answer: Decision) -> None:
    assert decide.iframes(LIVE, asked, arrived_ms=NOW, now_ms=NOW) == answer
    assert decide.iframes(ENDED, asked, arrived_ms=NOW, now_ms=NOW) == FULL
    assert Reason.NO_PARTS.status == 400


@pytest.mark.parametrize(
    "asked",
    [
        Directives(),
        Directives(msn=49),
        Directives(msn=10**6),
        Directives(msn=50, part=3),
        Directives(part=3),
        Directives(skip=Skipping.SEGMENTS),
        Directives(msn=51, skip=Skipping.DATE_RANGES),
    ],
)
def test_directives_are_ignored_once_the_playlist_has_ended(asked: Directives) -> None:
    assert decide.playlist(ENDED, asked, arrived_ms=NOW, now_ms=NOW) == FULL


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (Directives(), waits(40, None)),
        (Directives(msn=40), waits(40, None)),
        (Directives(msn=40, part=0), waits(40, 0)),
        (Directives(msn=41, part=0), waits(41, 0)),
        (Directives(msn=42), AHEAD),
    ],
)
def test_playlists_of_which_nothing_is_there_yet(asked: Directives, answer: Decision) -> None:
    assert decide.playlist(FRESH, asked, arrived_ms=NOW, now_ms=NOW) == answer


def test_a_playlist_is_there_with_its_first_whole_segment() -> None:
    """Parts alone are for who asks for them."""
    state = later(FRESH, 3)
    assert decide.playlist(state, Directives(), arrived_ms=NOW, now_ms=NOW) == waits(40, None)
    assert decide.playlist(state, Directives(msn=40, part=2), arrived_ms=NOW, now_ms=NOW) == BLOCKED
    assert decide.playlist(later(FRESH, 6), Directives(), arrived_ms=NOW, now_ms=NOW) == FULL


@pytest.mark.parametrize("asked", [Directives(msn=50), Directives(msn=50, part=3), Directives(msn=51, part=0)])
def test_nobody_waits_longer_than_three_target_durations(asked: Directives) -> None:
    assert isinstance(decide.playlist(LIVE, asked, arrived_ms=NOW, now_ms=UNTIL - 1), Wait)
    late = decide.playlist(LIVE, asked, arrived_ms=NOW, now_ms=UNTIL)
    assert late == Refuse(reason=Reason.NOT_YET)
    assert Reason.NOT_YET.status == 503


def test_who_waits_is_answered_by_the_state_that_has_it() -> None:
    asked = Directives(msn=50, part=3)
    assert isinstance(decide.playlist(LIVE, asked, arrived_ms=NOW, now_ms=NOW), Wait)
    assert decide.playlist(later(LIVE, 1), asked, arrived_ms=NOW, now_ms=NOW + 320) == BLOCKED
    whole = Directives(msn=50)
    assert isinstance(decide.playlist(later(LIVE, 2), whole, arrived_ms=NOW, now_ms=NOW + 640), Wait)
    assert decide.playlist(later(LIVE, 3), whole, arrived_ms=NOW, now_ms=NOW + 960) == BLOCKED


def test_a_part_that_never_comes_since_its_segment_ended_is_the_first_of_the_next() -> None:
    short = change.end_segment(LIVE, now_ms=0)
    asked = Directives(msn=50, part=3)
    assert decide.playlist(short, asked, arrived_ms=NOW, now_ms=NOW) == waits(50, 3)
    assert decide.playlist(later(short, 1), asked, arrived_ms=NOW, now_ms=NOW) == BLOCKED


@pytest.mark.parametrize(
    ("part_ms", "limit"), [(320, 9), (500, 6), (999, 3), (1000, 3), (1500, 3)], ids=lambda value: str(value)
)
def test_the_advance_limit_depends_on_the_part_target(part_ms: int, limit: int) -> None:
    pace = Pace(timescale=1000, part=part_ms, parts=30, target_duration=60)
    state = later(begun(pace), 1)
    allowed, refused = Directives(msn=40, part=limit), Directives(msn=40, part=limit + 1)
    assert isinstance(decide.playlist(state, allowed, arrived_ms=NOW, now_ms=NOW), Wait)
    assert decide.playlist(state, refused, arrived_ms=NOW, now_ms=NOW) == AHEAD


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        (PartName(number=50, index=3), waits(50, 3)),
        (PartName(number=50, index=2), Deliver(cache_control="public, max-age=31536000, immutable")),
        (PartName(number=47, index=0), Deliver(cache_control="public, max-age=31536000, immutable")),
        (PartName(number=50, index=4), waits(50, 4)),  # hinted by a process that is a part further
        (PartName(number=51, index=0), waits(51, 0)),
        (PartName(number=50, index=6), Refuse(reason=Reason.NOT_HINTED)),
        (PartName(number=52, index=0), Refuse(reason=Reason.NOT_HINTED)),
        (PartName(number=49, index=6), GONE),
        (PartName(number=43, index=0), Deliver(cache_control="public, max-age=31536000, immutable")),  # if it is kept
        (PartName(number=42, index=0), Deliver(cache_control="public, max-age=31536000, immutable")),  # if it is kept
        (PartName(number=39, index=0), GONE),  # before the event
        (SegmentName(number=49), Deliver(cache_control="public, max-age=31536000, immutable")),
        (SegmentName(number=2), Deliver(cache_control="public, max-age=31536000, immutable")),
        (SegmentName(number=50), waits(50, None)),
        (SegmentName(number=51), waits(51, None)),
        (SegmentName(number=2604), waits(2604, None)),  # by the clock it has begun
        (SegmentName(number=2605), Refuse(reason=Reason.NOT_HINTED)),
        (InitName(name="init-1.mp4"), Deliver(cache_control="public, max-age=31536000, immutable")),
    ],
)
def test_media(name: MediaName, answer: Decision) -> None:
    assert decide.media(LIVE, name, arrived_ms=NOW, now_ms=NOW) == answer


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        (49, Deliver(cache_control="public, max-age=31536000, immutable")),
        (50, Deliver(cache_control="public, max-age=31536000, immutable")),
        (51, waits(51, 0)),
        (2605, Refuse(reason=Reason.NOT_HINTED)),
    ],
)
def test_a_segment_that_grows_is_delivered_to_whoever_takes_it_part_by_part(number: int, answer: Decision) -> None:
    assert decide.media(LIVE, SegmentName(number=number), arrived_ms=NOW, now_ms=NOW, whole=False) == answer
    assert decide.media(FRESH, SegmentName(number=40), arrived_ms=NOW, now_ms=NOW, whole=False) == waits(40, 0)


def test_what_was_before_the_first_segment_is_what_the_store_has() -> None:
    """Players that stand in the event before go on (§6.2.2)."""
    there = Deliver(cache_control="public, max-age=31536000, immutable")
    for state in (FRESH, later(FRESH, 3), later(FRESH, 6), change.end(FRESH, now_ms=0)):
        assert decide.media(state, SegmentName(number=39), arrived_ms=NOW, now_ms=NOW) == there


def test_what_left_with_a_leap_is_there_before_the_next_segment_is_whole() -> None:
    """§6.2.2: players that stand there go on; nothing of it is listed, and nothing else is yet."""
    leapt = change.leap(LIVE, number=90, now_ms=NOW)
    there = Deliver(cache_control="public, max-age=31536000, immutable")
    for state in (leapt, later(leapt, 3)):
        for number in (43, 50):
            assert decide.media(state, SegmentName(number=number), arrived_ms=NOW, now_ms=NOW) == there


def test_the_part_behind_a_full_segment_is_hinted_and_waited_for() -> None:
    full = LIVE
    for _ in range(3):
        full = change.add_part(full, duration=VIDEO.part, size=1, now_ms=0)
    for state in (full, change.end_segment(full, now_ms=0)):
        assert decide.media(state, PartName(number=51, index=0), arrived_ms=NOW, now_ms=NOW) == waits(51, 0)
    assert decide.media(full, PartName(number=52, index=0), arrived_ms=NOW, now_ms=NOW) == Refuse(
        reason=Reason.NOT_HINTED
    )


def test_a_hinted_part_that_does_not_come_is_not_found() -> None:
    short, hinted = change.end_segment(LIVE, now_ms=0), PartName(number=50, index=3)
    assert decide.media(short, hinted, arrived_ms=NOW, now_ms=NOW) == GONE
    assert decide.media(LIVE, hinted, arrived_ms=NOW, now_ms=UNTIL) == Refuse(reason=Reason.NOT_YET)
    assert decide.media(ENDED, hinted, arrived_ms=NOW, now_ms=NOW) == GONE
    assert decide.media(ENDED, SegmentName(number=51), arrived_ms=NOW, now_ms=NOW) == GONE


def test_there_is_nothing_to_load_of_a_gap() -> None:
    state = change.add_gap(LIVE, now_ms=0)
    for name in (SegmentName(number=51), PartName(number=51, index=0)):
        assert decide.media(state, name, arrived_ms=NOW, now_ms=NOW) == GONE


def test_what_is_not_yet_there_never_stays_in_a_cache() -> None:
    """Or who asks too early would put a refusal there for everybody."""
    early = [
        decide.playlist(LIVE, Directives(msn=52), arrived_ms=NOW, now_ms=NOW),
        decide.playlist(LIVE, Directives(msn=50), arrived_ms=NOW, now_ms=UNTIL),
        decide.media(LIVE, PartName(number=52, index=1), arrived_ms=NOW, now_ms=NOW),
        decide.media(LIVE, SegmentName(number=2605), arrived_ms=NOW, now_ms=NOW),
        decide.media(LIVE, SegmentName(number=51), arrived_ms=NOW, now_ms=UNTIL, whole=False),
    ]
    assert [answer.cache_control for answer in early if isinstance(answer, Refuse)] == ["no-store"] * 5


def test_lifetimes_follow_the_target_duration() -> None:
    state = later(begun(THIRDS), 8)
    assert decide.playlist(state, Directives(), arrived_ms=NOW, now_ms=NOW) == Deliver(
        cache_control="public, max-age=1"
    )
    assert decide.playlist(state, Directives(msn=40), arrived_ms=NOW, now_ms=NOW) == Deliver(
        cache_control="public, max-age=18"
    )

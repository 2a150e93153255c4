from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest

from manifests.errors import LiveError
from manifests.hls import DateRange, date_time
from manifests.live import timeline
from manifests.live.timeline import EMPTY, Entry, Removed, Timeline
from tests.manifests.live.paces import DAWN

SUNRISE = date_time.from_ms(DAWN)
SPLICE = DateRange(id="splice", start=SUNRISE, planned_duration=Fraction(30), scte35_out=b"\xfc")


def with_all(*tags: DateRange) -> Timeline:
    found = EMPTY
    for number, tag in enumerate(tags):
        found = timeline.add(found, tag, now_ms=DAWN + number)
    return found


def prune(found: Timeline, *, first_ms: int, now_ms: int = DAWN + 60_000) -> Timeline:
    return timeline.prune(found, first_ms=first_ms, now_ms=now_ms, remembered_ms=12_000)


def test_tags_keep_their_order_and_the_moment_they_came() -> None:
    back = DateRange(id="splice", duration=Fraction(29), scte35_in=b"\xfd")
    found = with_all(SPLICE, back)
    assert found.entries == (Entry(tag=SPLICE, added_ms=DAWN), Entry(tag=back, added_ms=DAWN + 1))
    assert timeline.add(found, DateRange(id="b", start=SUNRISE), now_ms=0).entries[-1].added_ms == DAWN + 1


@pytest.mark.parametrize(
    "tag",
    [
        DateRange(id="other"),
        DateRange(id="splice", planned_duration=Fraction(31)),
        DateRange(id="splice", end=SUNRISE - timedelta(seconds=1)),
        DateRange(id='a"b', start=SUNRISE),
        DateRange(id="other", start=SUNRISE, cue=("PRE", "POST")),
    ],
)
def test_what_was_said_is_not_taken_back(tag: DateRange) -> None:
    with pytest.raises(LiveError):
        timeline.add(with_all(SPLICE), tag, now_ms=DAWN)


def test_a_range_leaves_when_no_date_of_it_is_in_a_playlist() -> None:
    tags = [
        DateRange(id="instant", start=SUNRISE, duration=Fraction(0)),
        DateRange(id="ten", start=SUNRISE, duration=Fraction(10)),
        DateRange(id="to", start=SUNRISE, end=SUNRISE + timedelta(seconds=20)),
        SPLICE,
    ]
    found = with_all(*tags)
    for first_ms, left in (
        (0, ["instant", "ten", "to", "splice"]),
        (1, ["ten", "to", "splice"]),
        (10_000, ["ten", "to", "splice"]),
        (10_001, ["to", "splice"]),
        (10**9, ["splice"]),
    ):
        pruned = prune(found, first_ms=DAWN + first_ms)
        assert [tag.id for tag in pruned.tags()] == left
        assert [each.id for each in pruned.removed] == [tag.id for tag in tags if tag.id not in left]
    assert prune(found, first_ms=DAWN) is found


def test_all_tags_of_a_range_leave_together() -> None:
    found = with_all(SPLICE, DateRange(id="b", start=SUNRISE), DateRange(id="splice", duration=Fraction(9)))
    assert [tag.id for tag in prune(found, first_ms=DAWN + 9001).tags()] == ["b"]


def test_what_left_is_remembered_for_a_while_and_its_id_is_not_used_again() -> None:
    found = prune(with_all(DateRange(id="a", start=SUNRISE, duration=Fraction(1))), first_ms=DAWN + 5000, now_ms=DAWN)
    assert found.removed == (Removed(id="a", removed_ms=DAWN),)
    with pytest.raises(LiveError, match="before"):
        timeline.add(found, DateRange(id="a", start=SUNRISE), now_ms=DAWN)
    assert prune(found, first_ms=DAWN, now_ms=DAWN + 12_000) is found
    assert prune(found, first_ms=DAWN, now_ms=DAWN + 12_001) == EMPTY


def test_a_range_that_ends_with_the_next_one_of_its_class() -> None:
    first = DateRange(id="one", class_="period", start=SUNRISE, end_on_next=True)
    second = DateRange(id="two", class_="period", start=SUNRISE + timedelta(seconds=10), end_on_next=True)
    found = with_all(first, DateRange(id="other", class_="else", start=SUNRISE + timedelta(seconds=5)), second)
    assert [tag.id for tag in prune(found, first_ms=DAWN + 10_001).tags()] == ["other", "two"]
    assert prune(with_all(first), first_ms=DAWN + 10**9).tags() == (first,)
    between = DateRange(id="late", class_="period", start=SUNRISE + timedelta(seconds=5), end_on_next=True)
    with pytest.raises(LiveError, match="none comes between"):
        timeline.add(found, between, now_ms=DAWN)

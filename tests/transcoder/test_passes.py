from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.layout import RenditionId
from transcoder.passes import Costs, Pass, costs, is_worth_leaving, passes

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from transcoder.plan import Plan

LARGE, MEDIUM, SMALL = RenditionId("v720-1"), RenditionId("v360-1"), RenditionId("v180-1")
ALL = frozenset({LARGE, MEDIUM, SMALL})
PRICES = Costs(start=20, decode=15, encode={LARGE: 100, MEDIUM: 25, SMALL: 6})


def made(first: int, count: int, *renditions: RenditionId) -> Pass:
    return Pass(first=first, count=count, renditions=frozenset(renditions) or ALL)


@pytest.mark.parametrize(
    ("missing", "wanted"),
    [
        ({}, ()),
        ({4: frozenset(), 5: frozenset()}, ()),
        ({4: ALL, 5: ALL, 6: ALL}, (made(4, 3),)),
        # What exists at the ends is left out.
        ({4: frozenset(), 5: ALL, 6: frozenset()}, (made(5, 1),)),
        # A viewer went through the largest rung: to encode it again costs more than two starts.
        (
            {4: ALL, 5: ALL, 6: {MEDIUM, SMALL}, 7: {MEDIUM, SMALL}, 8: ALL},
            (made(4, 2), made(6, 2, MEDIUM, SMALL), made(8, 1)),
        ),
        # The smallest rung is cheaper than a start.
        ({4: ALL, 5: {LARGE, MEDIUM}, 6: ALL}, (made(4, 3),)),
        # A gap of whole segments is bridged only where that costs less than a start.
        ({4: {SMALL}, 5: frozenset(), 6: {SMALL}}, (made(4, 1, SMALL), made(6, 1, SMALL))),
    ],
)
def test_the_cheapest_way(missing: Mapping[int, Set[RenditionId]], wanted: tuple[Pass, ...]) -> None:
    assert passes(missing, PRICES) == wanted


def test_a_short_gap_of_a_cheap_track_is_bridged() -> None:
    cheap = Costs(start=20, decode=1, encode={SMALL: 2})
    assert passes({4: {SMALL}, 5: set(), 6: {SMALL}}, cheap) == (made(4, 3, SMALL),)


LACKING = st.lists(st.sets(st.sampled_from(sorted(ALL))), min_size=1, max_size=9)


@given(lacking=LACKING, start=st.integers(0, 300), decode=st.integers(0, 50))
def test_all_that_is_missing_is_made_and_no_other_way_is_cheaper(
    lacking: list[set[RenditionId]], start: int, decode: int
) -> None:
    prices = Costs(start=start, decode=decode, encode=PRICES.encode)
    missing = {number: frozenset(each) for number, each in enumerate(lacking, 7)}
    found = passes(missing, prices)
    names = {(rendition, number) for number, each in missing.items() for rendition in each}
    assert names <= {name for each in found for name in each.names}
    assert all(before.end <= after.first for before, after in pairwise(found))
    price = sum(prices.of(each) for each in found)
    one_by_one = sum(prices.of(Pass(first=n, count=1, renditions=each)) for n, each in missing.items() if each)
    assert price <= one_by_one
    if names:
        numbers = [number for _, number in names]
        together = Pass(
            first=min(numbers), count=max(numbers) - min(numbers) + 1, renditions=frozenset(name[0] for name in names)
        )
        assert price <= prices.of(together)


@pytest.mark.parametrize(
    ("lost", "is_worth"),
    [
        (set(), False),
        ({(SMALL, 5), (SMALL, 6)}, False),
        ({(LARGE, 6)}, True),
        ({(LARGE, number) for number in range(5, 9)}, True),
    ],
)
def test_when_to_leave_what_others_make(lost: set[tuple[RenditionId, int]], *, is_worth: bool) -> None:
    assert is_worth_leaving(made(5, 4), lost, PRICES) is is_worth


def test_costs_follow_the_pixels(plan: Plan) -> None:
    prices = costs(plan, "video")
    assert prices.encode[RenditionId("v180-1")] == 320 * 180 * 100
    assert prices.encode[RenditionId("v90-1")] * 4 == prices.encode[RenditionId("v180-1")]
    assert costs(plan, "a1-1").encode == {RenditionId("a1-1"): 1}

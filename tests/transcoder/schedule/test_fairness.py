from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.layout import AssetId
from transcoder.schedule.fairness import Turns, Waiting, joining, slots_each


def waiting(name: str, tenant: str, *, served: float = 0) -> Waiting:
    return Waiting(served=served, asset=AssetId(name), version=1, tenant=tenant)


def order(turns: Turns, seconds: dict[str, float], *, count: int) -> str:
    """The assets of the next turns, each of which is served so many seconds."""
    found = []
    while len(found) < count and (each := turns.next()) is not None:
        turns.served(each, seconds[each.asset])
        found.append(each.asset)
    return "".join(found)


@pytest.mark.parametrize(
    ("others", "served", "queued", "expected"),
    [
        ([], {}, {}, 0),
        # Who is new stands where the least was begun, whatever others had before.
        (["anna", "carol"], {"anna": 900.0, "carol": 870.0}, {}, 870),
        # What is in the queue before him is not begun.
        (["anna"], {"anna": 900.0}, {"anna": 80.0}, 820),
        # Who comes back has not earned anything by being away, and is not forgiven what he has had.
        (["anna"], {"anna": 900.0, "ben": 100.0}, {}, 900),
        (["anna"], {"anna": 900.0, "ben": 950.0}, {}, 950),
        # Another asset of somebody who waits already changes nothing.
        (["anna", "ben"], {"anna": 900.0, "ben": 890.0}, {"anna": 80.0}, 890),
        # Nobody waits now, but did a moment ago.
        ([], {"anna": 900.0}, {}, 900),
    ],
)
def test_where_somebody_begins(
    others: list[str], served: dict[str, float], queued: dict[str, float], expected: float
) -> None:
    found = [waiting(name, name) for name in others]
    assert joining("ben", found, served=served, queued=queued) == expected


def test_the_assets_of_a_tenant_take_turns() -> None:
    turns = Turns([waiting(name, "anna") for name in "cab"], {})
    assert order(turns, {"a": 9, "b": 1, "c": 5}, count=6) == "abcabc"


def test_tenants_share_seconds_whatever_they_have_uploaded_and_however_long_their_windows_are() -> None:
    many = [waiting(name, "anna") for name in "abcd"]
    turns = Turns([*many, waiting("x", "ben")], {})
    assert order(turns, {**dict.fromkeys("abcd", 40.0), "x": 10.0}, count=10) == "axxxxbxxxx"


def test_who_is_new_comes_first_and_makes_up_for_the_queue() -> None:
    anna, served = waiting("a", "anna", served=500), {"anna": 500.0}
    served["ben"] = joining("ben", [anna], served=served, queued={"anna": 80.0})
    turns = Turns([anna, waiting("x", "ben")], served)
    assert order(turns, {"a": 40, "x": 40}, count=6) == "xxaxax"


def test_who_was_forgotten_comes_first_but_once() -> None:
    turns = Turns([waiting("a", "anna", served=500), waiting("x", "ben")], {"anna": 500})
    assert order(turns, {"a": 40, "x": 40}, count=4) == "xaax"


def test_who_is_not_served_has_nothing_left() -> None:
    turns = Turns([waiting("a", "anna"), waiting("b", "anna"), waiting("x", "ben")], {})
    assert [each.asset for each in iter(turns.next, None)] == ["a", "b", "x"]
    assert Turns([], {}).next() is None


@given(
    lengths=st.dictionaries(st.sampled_from("abcde"), st.floats(0.1, 40), min_size=1),
    served=st.dictionaries(st.sampled_from("abcde"), st.floats(0, 1000)),
)
def test_nobody_falls_behind_by_more_than_a_window(lengths: dict[str, float], served: dict[str, float]) -> None:
    turns = Turns([waiting(name, name) for name in lengths], served)
    before = dict(turns.clocks)
    counted = Counter(order(turns, lengths, count=200))
    begun = [turns.clocks[name] for name in lengths if counted[name]]
    assert max(begun) - min(turns.clocks.values()) <= max(lengths.values()) + 1e-6
    for name in lengths:
        assert turns.clocks[name] - before[name] == pytest.approx(counted[name] * lengths[name])


def test_what_an_asset_may_count_on() -> None:
    assets = [waiting("x", "anna"), waiting("y", "anna"), waiting("z", "ben")]
    assert slots_each(assets, slots=8) == {"anna": 2, "ben": 4}
    assert slots_each(assets, slots=1) == {"anna": 1, "ben": 1}
    assert slots_each([], slots=8) == {}

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from manifests.layout import AssetId
from transcoder.schedule.fairness import Waiting, slots_each, turns


def waiting(name: str, tenant: str, *, served: int = 0) -> Waiting:
    return Waiting(served=served, asset=AssetId(name), version=1, tenant=tenant)


def test_one_tenant_has_all_slots() -> None:
    assert turns([waiting("x", "anna"), waiting("y", "anna")], {}, slots=3) == ["anna"] * 3
    assert turns([waiting("x", "anna")], {"anna": 2}, slots=3) == ["anna"]
    assert turns([waiting("x", "anna")], {"anna": 3}, slots=3) == []


def test_tenants_share_the_slots_whatever_they_have_uploaded() -> None:
    many = [waiting(str(number), "anna", served=number) for number in range(10)]
    assert turns([*many, waiting("x", "ben", served=4)], {}, slots=4) == ["anna", "ben", "anna", "ben"]
    assert turns([*many, waiting("x", "ben", served=4)], {"anna": 4}, slots=4) == ["ben", "ben"]


def test_everybody_has_one_task_where_tenants_outnumber_slots() -> None:
    assets = [waiting(str(number), f"t{number}", served=9 - number) for number in range(5)]
    assert turns(assets, {"t2": 1}, slots=2) == ["t4", "t3", "t1", "t0"], "who was served longest ago comes first"


def test_nobody_waits() -> None:
    assert turns([], {"anna": 3}, slots=4) == []


@given(
    owners=st.lists(st.sampled_from("abcde"), min_size=1, max_size=20),
    queued=st.dictionaries(st.sampled_from("abcde"), st.integers(0, 9)),
    slots=st.integers(1, 64),
)
def test_the_shares_are_even(owners: list[str], queued: dict[str, int], slots: int) -> None:
    assets = [waiting(str(number), owner, served=number) for number, owner in enumerate(owners)]
    found = Counter(turns(assets, queued, slots=slots))
    share = max(1, slots // len(set(owners)))
    for owner in set(owners):
        assert found[owner] == max(0, share - queued.get(owner, 0))


def test_what_an_asset_may_count_on() -> None:
    assets = [waiting("x", "anna"), waiting("y", "anna"), waiting("z", "ben")]
    assert slots_each(assets, slots=8) == {"anna": 2, "ben": 4}
    assert slots_each(assets, slots=1) == {"anna": 1, "ben": 1}
    assert slots_each([], slots=8) == {}

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from transcoder.live.upload_order import Order, Upload, may_begin, with_listing


def upload(key: str, order: Order = Order.SEGMENT, names: str = "") -> Upload:
    return Upload(key=key, body=b"", media_type="x/y", order=order, names=names)


def keys(uploads: list[Upload]) -> list[str]:
    return [each.key for each in uploads]


def test_what_waits_for_what() -> None:
    init, first, second = upload("v/init", Order.FACT), upload("v/1"), upload("v/2")
    listing, sound = upload("v/list", Order.LISTING), upload("s/1")
    queue = [init, first, listing, sound, second]
    assert keys(may_begin(queue, (), 9)) == ["v/init", "s/1"]
    assert keys(may_begin(queue, (), 1)) == ["v/init"]
    assert keys(may_begin(queue, [init], 9)) == ["s/1"]
    assert keys(may_begin(queue[1:], (), 9)) == ["v/1", "s/1", "v/2"]
    assert keys(may_begin(queue[2:], [second], 9)) == ["v/list", "s/1"]


def test_what_names_several_folders_waits_for_all_of_them() -> None:
    log = upload("work/log", Order.LISTING, names="live/a/")
    assert keys(may_begin([upload("live/a/v/1"), log], (), 9)) == ["live/a/v/1"]
    assert keys(may_begin([upload("live/b/v/1"), log], (), 9)) == ["live/b/v/1", "work/log"]


def test_the_newest_listing_takes_the_place_of_all_but_the_oldest_that_waits() -> None:
    old, newer, newest = (upload("v/list", Order.LISTING) for _ in range(3))
    segment = upload("v/1")
    assert with_listing([old, segment], newer, ()) == [old, segment, newer]
    assert with_listing([old, segment, newer], newest, ()) == [old, segment, newest]
    assert with_listing([old, segment, newer], newest, [old]) == [old, segment, newer, newest]


STEPS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(Order)), max_size=30)


@given(STEPS, st.randoms(use_true_random=False))
def test_nothing_is_there_before_what_it_names(steps: list[tuple[str, Order]], chance: object) -> None:
    """Whatever order a bucket answers in."""
    queue: list[Upload] = []
    named: dict[Upload, list[Upload]] = {}
    for place, (folder, order) in enumerate(steps):
        name = "list" if order is Order.LISTING else f"{place}"
        made = upload(f"{folder}/{name}", order)
        named[made] = [each for each in queue if each.folder == made.folder and each.order < order]
        queue = with_listing(queue, made, ()) if order is Order.LISTING else [*queue, made]
    begun: list[Upload] = []
    there: list[Upload] = []
    while queue:
        begun += may_begin(queue, begun, 3)
        done = chance.choice(begun)  # type: ignore[attr-defined]
        assert all(each in there for each in named[done])
        begun.remove(done)
        queue.remove(done)
        there.append(done)
    lists = [each for each in there if each.order is Order.LISTING]
    for folder in "ab":
        last = [each for each in named if each.folder == f"{folder}/" and each.order is Order.LISTING][-1:]
        assert [each for each in lists if each.folder == f"{folder}/"][-1:] == last

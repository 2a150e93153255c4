from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from infra.memory import MemoryStore
from manifests import layout
from manifests.layout import RenditionId
from tests.transcoder.live.recording.taped import FIRST, Tape
from transcoder.live.recording.found import Found, find_stretches, is_complete, stretches

TOP, SOUND = RenditionId("v96-1"), RenditionId("a128-1")


async def test_an_event_is_complete_with_the_last_of_its_playlists(event: Tape) -> None:
    store = MemoryStore()
    await event.copy(store)
    assert await is_complete(store, event.event)
    (found,) = await find_stretches(store, event.event)
    assert found == event.stretch()
    last = layout.live_playlist(event.event.channel, event.event.sound.id)
    await store.put(last, (await store.read(last)).replace(b"#EXT-X-ENDLIST\n", b""), content_type="x/y")
    assert not await is_complete(store, event.event)
    await store.delete([last])
    assert not await is_complete(store, event.event)
    assert await find_stretches(store, event.event) == [found], "what is there is there"


async def test_what_did_not_come_into_the_bucket_parts_two_stretches(event: Tape) -> None:
    store = MemoryStore()
    await event.copy(store)
    await store.delete([layout.live_segment(event.event.channel, event.event.rungs[0].id, FIRST + 1)])
    found = await find_stretches(store, event.event)
    assert [each.segments for each in found] == [range(FIRST, FIRST + 1), range(FIRST + 2, FIRST + 3)]
    assert [each.frames for each in found] == [96, 48]


async def test_a_last_segment_without_sound_is_left_out(event: Tape) -> None:
    store = MemoryStore()
    await event.copy(store)
    key = layout.live_segment(event.event.channel, event.event.sound.id, FIRST + 2)
    await store.put(key, b"", content_type="video/mp4")
    (found,) = await find_stretches(store, event.event)
    assert (found.segments, found.frames) == (range(FIRST, FIRST + 2), 192)


@given(
    sizes=st.lists(st.sets(st.integers(0, 20)), min_size=2, max_size=2), short=st.sets(st.integers(0, 20)),
    changes=st.sets(st.integers(0, 20)),
)  # fmt: skip
def test_stretches_are_all_that_is_whole_and_nothing_else(
    sizes: list[set[int]], short: set[int], changes: set[int]
) -> None:
    inits = {number: f"init-{sum(change <= number for change in changes)}.mp4" for number in range(21)}
    top = Found(
        sizes=dict.fromkeys(sizes[0], 1), short=short, inits=sorted({"init-x.mp4", *inits.values()}), init_of=inits
    )
    sound = Found(sizes=dict.fromkeys(sizes[1], 1), inits=["init-0.mp4"])
    found = stretches({TOP: top, SOUND: sound})
    assert [number for each in found for number in each] == sorted(sizes[0] & sizes[1])
    for each in found:
        assert not short & set(each[:-1])
        assert len({inits[number] for number in each}) == 1
    for before, after in pairwise(found):
        assert before.stop < after.start or before[-1] in short or inits[before[-1]] != inits[after.start]


def test_without_an_init_section_there_is_nothing() -> None:
    assert stretches({TOP: Found(sizes={1: 1}), SOUND: Found(sizes={1: 1}, inits=["init-0.mp4"])}) == []
    assert stretches({}) == []

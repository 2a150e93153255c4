from __future__ import annotations

from typing import TYPE_CHECKING

from infra.memory import MemoryStore
from manifests import layout
from transcoder import measured as sizes
from transcoder.facts import Ready, read_ready
from transcoder.finish import finish
from transcoder.publish import key_of
from transcoder.remaining import expected

if TYPE_CHECKING:
    from transcoder.plan import Plan


async def fill(store: MemoryStore, plan: Plan) -> None:
    for rendition, number in expected(plan):
        body = b"i" * 10 if number is None else b"s" * (100 + number)
        await store.put(key_of(plan.asset, rendition, number), body, content_type="video/mp4")


async def test_a_whole_asset_is_measured_described_and_ready(plan: Plan) -> None:
    store = MemoryStore()
    await fill(store, plan)
    assert await finish(store, plan) == ()
    measured = sizes.load(await store.read(layout.measured(plan.asset, 1)))
    assert set(measured.renditions) == set(plan.renditions())
    for each in measured.renditions.values():
        assert each.init == 10
        assert each.segments == tuple(range(100, 120))
    size = 3 * (10 + sum(range(100, 120)))
    assert await read_ready(store, plan.asset, 1) == Ready(objects=63, size=size)
    for key in (layout.multivariant(plan.asset), *(layout.media_playlist(plan.asset, r) for r in plan.renditions())):
        stat = await store.head(key)
        assert stat is not None
        assert (stat.content_type, stat.cache_control) == ("application/vnd.apple.mpegurl", "public, max-age=300")
    media = (await store.read(layout.media_playlist(plan.asset, next(iter(plan.renditions()))))).decode()
    assert "#EXT-X-ENDLIST" in media
    assert "\n19.m4s\n" in media


async def test_it_can_be_done_again(plan: Plan) -> None:
    store = MemoryStore()
    await fill(store, plan)
    await finish(store, plan)
    before = {stat.key: stat.etag async for stat in store.list("")}
    assert await finish(store, plan) == ()
    assert {stat.key: stat.etag async for stat in store.list("")} == before


async def test_what_is_missing_is_asked_for_and_nothing_is_ready(plan: Plan) -> None:
    store = MemoryStore()
    await fill(store, plan)
    await store.delete([layout.segment(plan.asset, plan.audio[0].id, 19), layout.init(plan.asset, plan.audio[0].id)])
    assert [task.name for task in await finish(store, plan)] == ["asset/1/a1-1/0", "asset/1/a1-1/1"]
    assert await read_ready(store, plan.asset, 1) is None
    assert await store.head(layout.multivariant(plan.asset)) is None

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from infra.memory import MemoryStore
from manifests import layout
from manifests.layout import RenditionId
from transcoder import measured as sizes
from transcoder.facts import Ready, find_ladder, read_plan, read_ready, write_ladder, write_plan
from transcoder.finish import finish, sweep_late
from transcoder.per_title.ladder import UNCHANGED, Chosen, Dropped, Ladder
from transcoder.plan import Protection
from transcoder.profile import Encryption
from transcoder.publish import key_of
from transcoder.remaining import expected
from transcoder.static_manifests import enlist

if TYPE_CHECKING:
    from transcoder.plan import Plan

LADDER: Final = Ladder(
    target=94,
    sampled=(3, 11),
    curves=(),
    rungs=(
        Chosen(
            rendition=RenditionId("v180-1"), crf=28, maxrate=300_000, bufsize=300_000, bandwidth=380_000, rate=200_000,
            vmaf=94.2,
        ),
    ),
    dropped=(Dropped(rendition=RenditionId("v90-1"), reason="nobody would see it"),),
)  # fmt: skip


async def fill(store: MemoryStore, plan: Plan) -> None:
    await write_plan(store, plan)
    for rendition, number in expected(plan):
        body = b"i" * 10 if number is None else b"s" * (100 + number)
        await store.put(key_of(plan.asset, rendition, number), body, content_type="video/mp4")


async def test_a_whole_asset_is_measured_described_and_ready(plan: Plan) -> None:
    store = MemoryStore()
    await fill(store, plan)
    assert await finish(store, plan) is None
    measured = sizes.load(await store.read(layout.measured(plan.asset, 1)))
    assert set(measured.renditions) == set(plan.renditions())
    for each in measured.renditions.values():
        assert each.init == 10
        assert each.segments == tuple(range(100, 120))
    size = 3 * (10 + sum(range(100, 120)))
    assert await read_ready(store, plan.asset, 1) == Ready(objects=63, size=size)
    assert await store.head(layout.multivariant(plan.asset)) is None, "which version is played others say"
    await enlist(store, plan.asset, 1)
    kept = {layout.multivariant(plan.asset): 10} | {
        layout.media_playlist(plan.asset, rendition): 300 for rendition in plan.renditions()
    }
    for key, seconds in kept.items():
        stat = await store.head(key)
        assert stat is not None
        told = (stat.content_type, stat.cache_control)
        assert told == ("application/vnd.apple.mpegurl", f"public, max-age={seconds}")
    media = (await store.read(layout.media_playlist(plan.asset, next(iter(plan.renditions()))))).decode()
    assert "#EXT-X-ENDLIST" in media
    assert "\n19.m4s\n" in media


async def test_a_replacement_that_dash_cannot_play_takes_the_mpd_away(plan: Plan) -> None:
    store = MemoryStore()
    await fill(store, plan)
    await finish(store, plan)
    await enlist(store, plan.asset, 1)
    assert await store.head(layout.mpd(plan.asset)) is not None
    later = replace(plan, version=2, protection=Protection(scheme=Encryption.AES_128))
    await fill(store, later)
    await finish(store, later)
    assert await store.head(layout.mpd(plan.asset)) is not None, "it is not what is played yet"
    await enlist(store, plan.asset, 2)
    assert await store.head(layout.mpd(plan.asset)) is None
    assert b"#EXT-X-SESSION-KEY" in await store.read(layout.multivariant(plan.asset))


async def test_it_can_be_done_again(plan: Plan) -> None:
    store = MemoryStore()
    await fill(store, plan)
    await finish(store, plan)
    before = {stat.key: stat.etag async for stat in store.list("")}
    assert await finish(store, plan) is None
    assert {stat.key: stat.etag async for stat in store.list("")} == before


async def test_what_is_missing_is_asked_for_and_nothing_is_ready(plan: Plan) -> None:
    store = MemoryStore()
    await fill(store, plan)
    await store.delete([layout.segment(plan.asset, plan.audio[0].id, 19), layout.init(plan.asset, plan.audio[0].id)])
    found = await finish(store, plan)
    assert found is not None
    assert expected(plan) - set(found) == {(plan.audio[0].id, 19), (plan.audio[0].id, None)}
    assert await read_ready(store, plan.asset, 1) is None
    assert await store.head(layout.multivariant(plan.asset)) is None


async def test_what_exists_of_dropped_rungs_goes(plan: Plan) -> None:
    store = MemoryStore()
    await fill(store, plan)
    await write_ladder(store, plan.asset, 1, LADDER)
    now = await read_plan(store, plan.asset, 1)
    assert await finish(store, now) is None
    assert await read_ready(store, plan.asset, 1) == Ready(objects=42, size=2 * (10 + sum(range(100, 120))))
    await enlist(store, plan.asset, 1)
    names = {stat.key.split("/")[2] async for stat in store.list("media/asset/")}
    assert names == {"v180-1", "a1-1", "index.m3u8", "index.mpd"}
    assert "v90-1" not in (await store.read(layout.multivariant(plan.asset))).decode()


async def test_once_it_is_finished_no_ladder_is_chosen(plan: Plan) -> None:
    store = MemoryStore()
    await fill(store, plan)
    await finish(store, plan)
    assert await write_ladder(store, plan.asset, 1, LADDER) is False
    assert await find_ladder(store, plan.asset, 1) == UNCHANGED
    assert await read_plan(store, plan.asset, 1) == plan


async def test_a_ladder_that_comes_at_the_last_moment_is_heeded(plan: Plan) -> None:
    store = MemoryStore()
    await fill(store, plan)
    await write_ladder(store, plan.asset, 1, LADDER)
    assert await finish(store, plan) is not None, "by the plan as it was before"
    assert await read_ready(store, plan.asset, 1) is None
    assert await finish(store, await read_plan(store, plan.asset, 1)) is None


async def test_what_is_made_late_of_a_dropped_rung_goes_too(plan: Plan) -> None:
    store = MemoryStore()
    await fill(store, plan)
    await write_ladder(store, plan.asset, 1, LADDER)
    late = key_of(plan.asset, RenditionId("v90-1"), 7)
    await sweep_late(store, plan)
    assert await store.head(late) is not None, "somebody may still play it"
    await finish(store, await read_plan(store, plan.asset, 1))
    await store.put(late, b"s", content_type="video/mp4")
    await sweep_late(store, plan)
    assert await store.head(late) is None
    assert await store.head(key_of(plan.asset, RenditionId("v180-1"), 7)) is not None

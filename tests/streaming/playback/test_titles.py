from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from manifests import layout
from streaming.catalog.model import AssetState, EditorialState
from streaming.playback.errors import NotPlayableYet
from streaming.playback.titles import Recent, Titles
from transcoder.facts import write_loudness
from transcoder.loudness.verdict import TrackLoudness, Verdict, renewed_id


class Counted:
    """The catalogue, counting how often it is asked."""

    def __init__(self, catalogue) -> None:
        self.catalogue = catalogue
        self.asked = 0

    async def get(self, asset_id):
        self.asked += 1
        return await self.catalogue.get(asset_id)


def test_recent_forgets_what_was_not_used_longest() -> None:
    recent: Recent[str, int] = Recent(2)
    for key in "ab":
        recent.put(key, ord(key))
    assert recent.get("a") == ord("a")
    recent.put("c", 1)
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (ord("a"), None, 1)


async def test_a_public_asset_is_asked_for_once(stage) -> None:
    plan = await stage.playable()
    rows = Counted(stage.catalogue)
    titles = Titles(assets=rows, store=stage.store)
    first = await asyncio.gather(*(titles.asset(plan.asset) for _ in range(50)))
    assert rows.asked == 1
    found = await asyncio.gather(*(titles.title(asset) for asset in first))
    assert all(title is found[0] for title in found)
    assert found[0].plan == plan
    assert found[0].segments == plan.renditions()


async def test_what_is_not_public_is_never_kept(stage) -> None:
    plan = await stage.playable(published=False)
    titles = Titles(assets=stage.catalogue, store=stage.store)
    assert (await titles.asset(plan.asset)).editorial is EditorialState.DRAFT
    await stage.catalogue.publish(plan.asset)
    assert (await titles.asset(plan.asset)).editorial is EditorialState.PUBLISHED


async def test_a_plan_is_read_once_and_a_missing_one_not_remembered(stage) -> None:
    plan = await stage.playable()
    asset = await stage.catalogue.get(plan.asset)
    key = layout.plan(plan.asset, 1)
    body = await stage.store.read(key)
    await stage.store.delete([key])
    titles = Titles(assets=stage.catalogue, store=stage.store)
    with pytest.raises(NotPlayableYet):
        await titles.title(asset)
    await stage.store.put(key, body, content_type="application/json")
    title = await titles.title(asset)
    await stage.store.delete([key])
    assert await titles.title(asset) is title


async def test_sizes_that_were_never_written(stage) -> None:
    plan = await stage.playable()
    titles = Titles(assets=stage.catalogue, store=stage.store)
    title = await titles.title(await stage.catalogue.get(plan.asset))
    assert await titles.measured(title) is None


async def test_sound_that_was_made_again_is_listed_and_the_first_plays_on(stage) -> None:
    plan = await stage.playable()
    titles = Titles(assets=stage.catalogue, store=stage.store)
    asset = await stage.catalogue.get(plan.asset)
    (old,) = (await titles.title(asset)).plan.audio
    new = renewed_id(old.id)
    track = TrackLoudness(rendition=old.id, loudness=-30, peak=-9, gain=14, heard=-16, renewed=new)
    await write_loudness(stage.store, plan.asset, 1, Verdict(target=-16, tracks=(track,)))
    for state in (AssetState.PLAYABLE, AssetState.READY):
        title = await titles.title(replace(asset, state=state), afresh=True)
        assert [track.id for track in title.plan.audio] == [new]
        assert [track.id for track in title.served.audio] == [old.id, new]
        assert title.segments.keys() >= {old.id, new}
        assert not title.dropped, "whoever plays it has no other to change to"
        assert title.replaced == {old.id}, "and more of it is made as he goes on"

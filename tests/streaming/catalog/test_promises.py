"""What is promised is there for nobody before it is kept, and swept if it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from manifests import layout
from streaming.catalog.errors import AssetNotFound
from streaming.catalog.listing import ListQuery
from streaming.catalog.model import AssetState, EditorialState
from streaming.catalog.promises import KEPT_WITHIN
from streaming.catalog.sweeper import Sweeper
from tests.streaming.playback.conftest import make_plan
from transcoder.facts import write_plan
from transcoder.sources.pieces import Piece, SourceBytes, is_held, write_holds, write_source

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.layout import AssetId
    from streaming.catalog.service import Catalogue
    from streaming.services import Services


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture
def catalogue(services: Services) -> Catalogue:
    return services.catalogue


async def promised(catalogue: Catalogue) -> AssetId:
    return (await catalogue.create(titles={"en": "The goal"}, created_by="ann", promised=2)).id


async def is_seen(catalogue: Catalogue, asset: AssetId) -> bool:
    listed = {each.id for each in (await catalogue.list(ListQuery(public=False))).assets}
    try:
        await catalogue.get(asset)
    except AssetNotFound:
        assert asset not in listed
        return False
    assert asset in listed
    return True


async def test_a_promise_is_kept_in_one_step(catalogue: Catalogue, services: Services) -> None:
    asset = await promised(catalogue)
    assert not await is_seen(catalogue, asset)
    assert await catalogue.tombstones() == []
    assert await catalogue.unfinished() == []
    kept = await catalogue.keep(asset, make_plan(asset), exact=replace(make_plan(asset), version=2))
    assert await is_seen(catalogue, asset)
    assert (kept.state, kept.editorial, kept.version, kept.last_version) == (
        AssetState.PLAYABLE, EditorialState.DRAFT, 1, 2,
    )  # fmt: skip
    assert kept.replacement is not None
    assert (kept.replacement.version, kept.replacement.state) == (2, AssetState.PLAYABLE)
    assert (kept.width, kept.duration_s) == (640, pytest.approx(10, abs=0.01))
    assert await services.infra.jobs.pending(asset) == {f"{asset}/2/index"}
    with pytest.raises(AssetNotFound):
        await catalogue.keep(asset, make_plan(asset))
    replaced = await catalogue.replaced(asset, replace(make_plan(asset), version=2))
    assert (replaced.version, replaced.state, replaced.replacement) == (2, AssetState.READY, None)


async def test_without_another_version_the_one_is_made(catalogue: Catalogue, services: Services) -> None:
    asset = await promised(catalogue)
    kept = await catalogue.keep(asset, make_plan(asset))
    assert (kept.version, kept.last_version, kept.replacement) == (1, 1, None)
    assert await services.infra.jobs.pending(asset) == {f"{asset}/1/index"}


async def test_a_promise_that_is_broken_leaves_nothing(
    catalogue: Catalogue, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever made it was killed when he had written all there is to write."""
    store, cache, jobs = services.infra.store, services.infra.cache, services.infra.jobs
    parent, asset = layout.AssetId("parent"), await promised(catalogue)
    held = Piece(key=layout.source_piece(parent, 1), start=0, size=10)
    own = Piece(key=layout.source_piece(asset, 1, 10), start=10, size=10)
    await store.put(own.key, bytes(10), content_type="video/mp4")
    for version in (1, 2):
        source = SourceBytes(pieces=(held, own), length=20, whole=True)
        await write_source(store, asset, version, source)
        await write_holds(store, asset, version, source)
        await write_plan(store, replace(make_plan(asset), version=version))
    assert await is_held(store, parent)
    now = catalogue._clock()
    sweeper = Sweeper(store=store, cache=cache, jobs=jobs, catalogue=catalogue, clock=lambda: now)
    await sweeper.sweep()
    assert len([stat async for stat in store.list("")]) > 5
    now += KEPT_WITHIN
    monkeypatch.setattr(catalogue, "_clock", lambda: now)
    await sweeper.sweep()
    assert [stat.key async for stat in store.list("")] == []
    now += timedelta(hours=1)
    await sweeper.sweep()
    assert await catalogue.tombstones() == []
    with pytest.raises(AssetNotFound):
        await catalogue.keep(asset, make_plan(asset))

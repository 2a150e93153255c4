from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from infra.errors import EngineUnavailable
from infra.memory import MemoryCache, MemoryEngine
from manifests.layout import AssetId, is_name
from streaming.catalog.errors import AssetNotFound, EditConflict, IllegalTransition
from streaming.catalog.listing import ListQuery
from streaming.catalog.model import AssetState, EditorialState
from streaming.catalog.service import Catalogue
from streaming.http.body import InvalidField
from transcoder.windows import index_task

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from infra.ports import Task


@pytest.fixture
def catalogue(tables: AsyncEngine, jobs: MemoryEngine) -> Catalogue:
    return Catalogue(sql=tables, cache=MemoryCache(), jobs=jobs)


async def test_a_new_asset_is_a_draft_with_an_unguessable_name(catalogue: Catalogue) -> None:
    asset = await catalogue.create(
        titles={"EN": " Final ", "pt-br": "Final"}, tags=["Gold", "gold"], sport="athletics", created_by="ann"
    )
    assert is_name(asset.id)
    assert len(asset.id) >= 22
    assert (asset.state, asset.editorial) == (AssetState.CREATED, EditorialState.DRAFT)
    assert asset.titles == {"en": "Final", "pt-BR": "Final"}
    assert asset.tags == ("gold",)
    assert asset.created_at.utcoffset() is not None
    assert await catalogue.get(asset.id) == asset


@pytest.mark.parametrize("asset_id", ["nobody", "", "a/b", "a\0b", "é", "x" * 65])
async def test_what_is_not_there_is_not_found(catalogue: Catalogue, asset_id: str) -> None:
    with pytest.raises(AssetNotFound):
        await catalogue.get(AssetId(asset_id))
    with pytest.raises(AssetNotFound):
        await catalogue.publish(AssetId(asset_id))


async def test_a_patch_touches_what_it_names(catalogue: Catalogue) -> None:
    asset = await catalogue.create(titles={"en": "Final", "fr": "Finale"}, sport="athletics", created_by="ann")
    edited = await catalogue.edit(asset.id, {"titles": {"fr": None, "de": "Endlauf"}, "tags": ["x"]})
    assert edited.titles == {"en": "Final", "de": "Endlauf"}
    assert (edited.sport, edited.tags, edited.revision) == ("athletics", ("x",), asset.revision + 1)
    assert (await catalogue.edit(asset.id, {"sport": None})).sport is None


async def test_a_patch_that_changes_nothing_makes_no_revision(catalogue: Catalogue) -> None:
    asset = await catalogue.create(titles={"en": "Final"}, created_by="ann")
    assert (await catalogue.edit(asset.id, {"titles": {"en": "Final"}})) == asset


async def test_a_wrong_patch_changes_nothing(catalogue: Catalogue) -> None:
    asset = await catalogue.create(titles={"en": "Final"}, created_by="ann")
    for patch in ({"titles": {"en": None}}, {"titels": {}}, {"tags": "gold"}, {"default_language": "fr"}):
        with pytest.raises(InvalidField):
            await catalogue.edit(asset.id, patch)
    assert await catalogue.get(asset.id) == asset


async def test_an_edit_of_an_old_revision_is_refused(catalogue: Catalogue) -> None:
    asset = await catalogue.create(titles={"en": "Final"}, created_by="ann")
    await catalogue.edit(asset.id, {"sport": "athletics"}, revisions={asset.revision})
    for change in (catalogue.publish, catalogue.unpublish, catalogue.take_down, catalogue.delete):
        with pytest.raises(EditConflict):
            await change(asset.id, revisions={asset.revision})
    with pytest.raises(EditConflict):
        await catalogue.edit(asset.id, {"sport": "judo"}, revisions={asset.revision})


async def test_edits_at_the_same_time_are_all_kept(catalogue: Catalogue, tables: AsyncEngine) -> None:
    asset = await catalogue.create(titles={"en": "Final"}, created_by="ann")
    other = Catalogue(sql=tables, cache=MemoryCache(), jobs=MemoryEngine())
    languages = ["de", "fr", "it", "es", "ja", "pt", "nl", "sv"]
    await asyncio.gather(
        *(
            (catalogue, other)[n % 2].edit(asset.id, {"titles": {language: language}})
            for n, language in enumerate(languages)
        )
    )
    found = await catalogue.get(asset.id)
    assert set(found.titles) == {"en", *languages}
    assert found.revision == asset.revision + len(languages)


async def test_of_edits_of_one_revision_one_wins(catalogue: Catalogue) -> None:
    asset = await catalogue.create(titles={"en": "Final"}, created_by="ann")
    edits = (catalogue.edit(asset.id, {"sport": f"s{n}"}, revisions={asset.revision}) for n in range(6))
    answers = await asyncio.gather(*edits, return_exceptions=True)
    assert sum(isinstance(answer, EditConflict) for answer in answers) == 5


async def test_publishing_twice_is_one_publication(catalogue: Catalogue) -> None:
    asset = await catalogue.create(titles={"en": "Final"}, created_by="ann")
    published = await catalogue.publish(asset.id)
    assert (published.editorial, published.published_at is not None) == (EditorialState.PUBLISHED, True)
    assert await catalogue.publish(asset.id) == published


async def test_what_is_taken_down_stays_down(catalogue: Catalogue) -> None:
    asset = await catalogue.create(titles={"en": "Final"}, created_by="ann")
    await catalogue.publish(asset.id)
    await catalogue.take_down(asset.id)
    with pytest.raises(IllegalTransition) as refused:
        await catalogue.publish(asset.id)
    assert refused.value.extensions == {"state": "taken_down", "wanted": "published", "allowed": []}


async def test_a_draft_cannot_be_unpublished(catalogue: Catalogue) -> None:
    asset = await catalogue.create(titles={"en": "Final"}, created_by="ann")
    with pytest.raises(IllegalTransition) as refused:
        await catalogue.unpublish(asset.id)
    assert refused.value.extensions["allowed"] == ["in_review", "published", "scheduled", "taken_down"]


async def test_a_deleted_asset_is_gone_but_for_its_tombstone(catalogue: Catalogue, jobs: MemoryEngine) -> None:
    asset = await catalogue.create(titles={"en": "Final"}, created_by="ann")
    await jobs.enqueue(index_task(asset.id, 1))
    await catalogue.delete(asset.id)
    assert await jobs.pending(asset.id) == frozenset()
    with pytest.raises(AssetNotFound):
        await catalogue.get(asset.id)
    with pytest.raises(AssetNotFound):
        await catalogue.delete(asset.id)
    assert (await catalogue.list(ListQuery(public=False, q="Final"))).assets == ()
    assert [each.id for each in await catalogue.tombstones()] == [asset.id]
    await catalogue.swept(asset.id)
    await catalogue.swept(asset.id)
    assert await catalogue.tombstones() == []


async def test_only_what_is_deleted_is_swept(catalogue: Catalogue) -> None:
    asset = await catalogue.create(titles={"en": "Final"}, created_by="ann")
    await catalogue.swept(asset.id)
    assert await catalogue.get(asset.id) == asset


class NoEngine(MemoryEngine):
    """The job engine during an outage."""

    async def enqueue(self, *tasks: Task) -> None:
        raise EngineUnavailable

    async def cancel(self, group: str, *, version: int | None = None) -> None:
        raise EngineUnavailable


async def test_an_outage_of_the_queue_stops_no_editor(tables: AsyncEngine) -> None:
    catalogue = Catalogue(sql=tables, cache=MemoryCache(), jobs=NoEngine())
    asset = await catalogue.create(titles={"en": "Final"}, created_by="ann")
    version = await catalogue.begin_upload(asset.id)
    arrived = await catalogue.source_arrived(asset.id, version=version, size=1, filename="a.mp4")
    assert arrived.state is AssetState.INDEXING
    await catalogue.delete(asset.id)
    assert [each.id for each in await catalogue.tombstones()] == [asset.id]

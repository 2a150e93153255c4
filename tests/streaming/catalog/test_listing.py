from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text, update

from infra.memory import MemoryCache, MemoryEngine
from streaming.catalog.errors import BadQuery
from streaming.catalog.listing import ListQuery, cursor_of, number_of
from streaming.catalog.model import AssetState
from streaming.catalog.service import Catalogue
from streaming.catalog.tables import assets

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

TITLES = (
    {"en": "Women's 100 m final", "ja": "女子100m 決勝"},
    {"fr": "Demi-finale d'été", "en": "Summer semi-final"},
    {"de": "Straßenrennen", "zh-Hant": "公路自行車賽"},
    {"en": "100% effort_underscore \\ backslash"},
    {"ru": "Финал по фигурному катанию", "tr": "BUZ PATENİ"},
)


@pytest.fixture
async def catalogue(tables: AsyncEngine) -> Catalogue:
    catalogue = Catalogue(sql=tables, cache=MemoryCache(), jobs=MemoryEngine())
    for n, titles in enumerate(TITLES):
        await catalogue.create(
            titles=titles, default_language=next(iter(titles)), tags=["even" if n % 2 == 0 else "odd", f"n{n}"],
            sport="athletics" if n < 2 else None, created_by="ann",
        )  # fmt: skip
    return catalogue


async def found(catalogue: Catalogue, **query: object) -> list[int]:
    page = await catalogue.list(ListQuery(public=False, **query))  # type: ignore[arg-type]
    titles = [dict(asset.titles) for asset in page.assets]
    return [TITLES.index(each) for each in titles]


async def test_search_finds_words_in_every_language(catalogue: Catalogue) -> None:
    expected = {
        "final": [1, 0], "FINALE": [1], "été": [1], "ete": [1], "strasse": [2], "straße": [2], "決勝": [0], "女": [0],
        "自行車": [2], "финал": [4], "buz pateni": [4], "women final": [0], "final women's": [0], "100": [3, 0],
        "100%": [3], "%": [3], "_": [3], "t_u": [3], "e_e": [], "\\": [3], '"': [], "women judo": [], "m": [1, 0],
        "１００": [3, 0], "* OR final": [], "": [4, 3, 2, 1, 0], "   ": [4, 3, 2, 1, 0],
    }  # fmt: skip
    for q, numbers in expected.items():
        assert await found(catalogue, q=q) == numbers, q


async def test_search_follows_edits(catalogue: Catalogue) -> None:
    page = await catalogue.list(ListQuery(public=False, q="straße"))
    await catalogue.edit(page.assets[0].id, {"titles": {"de": "Zeitfahren"}})
    assert await found(catalogue, q="straße") == []
    edited = await catalogue.list(ListQuery(public=False, q="zeitfahren"))
    assert [asset.id for asset in edited.assets] == [page.assets[0].id]


async def test_search_works_without_an_index(catalogue: Catalogue, tables: AsyncEngine) -> None:
    async with tables.begin() as connection:
        if tables.dialect.name == "sqlite":
            for trigger in ("insert", "update", "delete"):
                await connection.execute(text(f"DROP TRIGGER assets_search_{trigger}"))
            await connection.execute(text("DROP TABLE asset_search"))
        else:
            await connection.execute(text("DROP INDEX IF EXISTS asset_search"))
    assert await found(catalogue, q="final") == [1, 0]


async def test_filters(catalogue: Catalogue) -> None:
    assert await found(catalogue, tag="even") == [4, 2, 0]
    assert await found(catalogue, tag="Even", q="final") == [0]
    assert await found(catalogue, sport="athletics") == [1, 0]
    assert await found(catalogue, language="en") == [3, 1, 0]
    assert await found(catalogue, language="zh-Hant") == [2]
    assert await found(catalogue, state=AssetState.READY) == []


async def test_pages_cover_everything_once_though_assets_come_and_go(catalogue: Catalogue) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        page = await catalogue.list(ListQuery(public=False, limit=2, cursor=cursor))
        seen += [asset.titles[asset.default_language] for asset in page.assets]
        await catalogue.create(titles={"en": "New"}, created_by="ann")
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [next(iter(titles.values())) for titles in reversed(TITLES)]


async def test_pages_of_a_search(catalogue: Catalogue) -> None:
    first = await catalogue.list(ListQuery(public=False, limit=1, q="final"))
    second = await catalogue.list(ListQuery(public=False, limit=1, q="final", cursor=first.next_cursor))
    assert [next(iter(page.assets)).titles["en"] for page in (first, second)] == [
        "Summer semi-final",
        "Women's 100 m final",
    ]
    assert second.next_cursor is None


async def test_the_public_sees_what_is_published_and_plays(catalogue: Catalogue, tables: AsyncEngine) -> None:
    page = await catalogue.list(ListQuery(public=False))
    for asset in page.assets[:2]:
        await catalogue.publish(asset.id)
    assert (await catalogue.list(ListQuery())).assets == ()
    async with tables.begin() as connection:
        await connection.execute(update(assets).values(state="ready"))
    public = await catalogue.list(ListQuery())
    assert [asset.id for asset in public.assets] == [asset.id for asset in page.assets[:2]]
    await catalogue.unpublish(page.assets[0].id)
    assert [asset.id for asset in (await catalogue.list(ListQuery())).assets] == [page.assets[1].id]


def test_a_cursor_goes_there_and_back() -> None:
    assert number_of(cursor_of(123456)) == 123456


@pytest.mark.parametrize("cursor", ["", "x", "é", "AAAA", "bi0x", "n" * 100, cursor_of(10**20)])
def test_a_wrong_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadQuery):
        number_of(cursor)


async def test_a_long_search_is_refused(catalogue: Catalogue) -> None:
    with pytest.raises(BadQuery):
        await catalogue.list(ListQuery(q="x" * 201))

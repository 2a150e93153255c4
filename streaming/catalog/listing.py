"""The catalogue's list: filters, search and an opaque cursor, newest first."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, column, exists, func, literal_column, or_, select, table, text

from streaming.catalog.content import folded, stored_tag
from streaming.catalog.errors import BadQuery
from streaming.catalog.model import VIEWABLE, Asset, AssetState, EditorialState
from streaming.catalog.rows import LANGUAGE, TAG
from streaming.catalog.tables import SEARCH_INDEX, asset_terms, assets

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

PAGE: Final = 20
LARGEST_PAGE: Final = 100
QUERY: Final = 200
"""Characters of a search at most."""

_WORDS: Final = 16
_TRIGRAM: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """What to list. `public` keeps to what everybody may see: published, and there is something to play.

    `q` finds assets whose titles, in whatever language, hold every one of its words, as parts of words too.
    """

    limit: int = PAGE
    cursor: str | None = None
    state: AssetState | None = None
    editorial: EditorialState | None = None
    tag: str | None = None
    sport: str | None = None
    language: str | None = None
    q: str | None = None
    public: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Assets, newest first; `next_cursor` is None on the last page."""

    assets: tuple[Asset, ...]
    next_cursor: str | None


def cursor_of(number: int) -> str:
    return base64.urlsafe_b64encode(f"n{number}".encode()).decode().rstrip("=")


def number_of(cursor: str) -> int:
    """The number that the next page begins below. Raises BadQuery."""
    try:
        plain = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        if not plain.startswith("n") or not plain[1:].isdecimal() or len(plain) > 19:
            raise ValueError(plain)
        return int(plain[1:])
    except (ValueError, binascii.Error) as exc:
        raise BadQuery("cursor", "not a cursor of this list; begin again without one.") from exc


def _contains(word: str, dialect: str) -> ColumnElement[bool]:
    """Whether the titles hold a word: what PostgreSQL's trigram index answers, and the quickest scan in SQLite."""
    if dialect == "sqlite":
        return func.instr(assets.c.search_text, word) > 0
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return assets.c.search_text.like(f"%{escaped}%", escape="\\")


def words_of(q: str) -> tuple[str, ...]:
    """The folded words of a search. Raises BadQuery."""
    if len(q) > QUERY:
        raise BadQuery("q", f"at most {QUERY} characters.")
    return tuple(dict.fromkeys(folded(q).split()))[:_WORDS]


def _filters(query: ListQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [assets.c.deleted_at.is_(None)]
    if query.public:
        found.append(assets.c.editorial == EditorialState.PUBLISHED.value)
        viewable = assets.c.state.in_(sorted(state.value for state in VIEWABLE))
        found.append(or_(viewable, assets.c.growing.is_not(None)))
    if query.state is not None:
        found.append(assets.c.state == query.state.value)
    if query.editorial is not None:
        found.append(assets.c.editorial == query.editorial.value)
    if query.sport is not None:
        found.append(assets.c.sport == query.sport)
    return found


def _terms(query: ListQuery) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if query.tag is not None:
        found.append((TAG, stored_tag(query.tag)))
    if query.language is not None:
        found.append((LANGUAGE, query.language))
    return found


def list_statement(query: ListQuery, *, dialect: str, full_text: bool) -> Select[Any]:
    """The SELECT of one page and one row more. `full_text`: SQLite's trigram index is there. Raises BadQuery.

    It walks downwards through whatever index is the most telling (words, else a term, else the numbers themselves) and
    ends after one page, however many assets match.
    """
    statement = select(assets).where(*_filters(query))
    number: ColumnElement[int] = assets.c.number
    words = words_of(query.q) if query.q is not None else ()
    indexed = [word for word in words if len(word) >= _TRIGRAM] if full_text else []
    terms = _terms(query)
    if indexed:
        found = table(SEARCH_INDEX, column("rowid"))
        number = found.c.rowid
        match = " AND ".join('"' + word.replace('"', '""') + '"' for word in indexed)
        statement = statement.select_from(found.join(assets, number == assets.c.number)).where(
            literal_column(SEARCH_INDEX).op("MATCH")(match)
        )
    elif terms and not words:
        kind, term = terms.pop(0)
        number = asset_terms.c.asset
        statement = statement.select_from(asset_terms.join(assets, number == assets.c.number)).where(
            asset_terms.c.kind == kind, asset_terms.c.term == term
        )
    for kind, term in terms:
        other = asset_terms.alias()
        statement = statement.where(
            exists().where(other.c.kind == kind, other.c.term == term, other.c.asset == assets.c.number)
        )
    for word in words:
        if word not in indexed:
            statement = statement.where(_contains(word, dialect))
    if query.cursor is not None:
        statement = statement.where(number < number_of(query.cursor))
    return statement.order_by(number.desc()).limit(query.limit + 1)


async def prepare_search(connection: AsyncConnection) -> bool:
    """To be called before a search, in its transaction. Returns `full_text` for `list_statement`: whether SQLite's
    trigram index was made; False on PostgreSQL, whose planner uses its own by itself."""
    if connection.dialect.name != "sqlite":
        # A plan that is made before the words are known walks through all assets instead.
        await connection.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
        return False
    found = await connection.execute(
        text("SELECT 1 FROM sqlite_master WHERE name = :name").bindparams(name=SEARCH_INDEX)
    )
    return found.first() is not None

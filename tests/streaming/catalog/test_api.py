from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from manifests.layout import AssetId
from streaming.catalog.tables import assets
from streaming.http.auth import Role
from tests.streaming.catalog.test_lifecycle import plan_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx
    from sqlalchemy.ext.asyncio import AsyncEngine

    from streaming.services import Services

MERGE = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture
async def editor(client: httpx.AsyncClient, bearer: Callable[[Role], Awaitable[dict[str, str]]]) -> dict[str, str]:
    return await bearer(Role.EDITOR)


@pytest.fixture
async def publisher(bearer: Callable[[Role], Awaitable[dict[str, str]]]) -> dict[str, str]:
    return await bearer(Role.PUBLISHER)


async def created(client: httpx.AsyncClient, editor: dict[str, str], **body: Any) -> dict[str, Any]:
    answer = await client.post("/api/assets", json={"title": "Final", **body}, headers=editor)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_asset_from_creation_to_deletion(
    client: httpx.AsyncClient, editor: dict[str, str], publisher: dict[str, str]
) -> None:
    body = {
        "titles": {"en": "Final", "fr": "Finale"},
        "tags": ["gold"],
        "sport": "judo",
        "descriptions": {"en": "A\nB"},
    }
    answer = await client.post("/api/assets", json=body, headers=editor)
    assert answer.status_code == 201
    asset = answer.json()
    path = f"/api/assets/{asset['id']}"
    assert answer.headers["location"] == path
    assert (asset["title"], asset["state"], asset["editorial"]) == ("Final", "created", "draft")
    assert asset["created_at"].endswith("Z")
    assert asset["playback_url"] is None
    assert asset["dash_url"] is None

    read = await client.get(path, headers=editor)
    assert read.json() == asset
    assert (await client.get(path, headers={**editor, "If-None-Match": read.headers["etag"]})).status_code == 304

    edited = await client.patch(path, json={"titles": {"fr": None}, "sport": None}, headers={**editor, **MERGE})
    assert edited.status_code == 200
    assert (edited.json()["titles"], edited.json()["sport"]) == ({"en": "Final"}, None)

    assert (await client.post(f"{path}/publish", headers=editor)).status_code == 403
    published = await client.post(f"{path}/publish", headers=publisher)
    assert published.json()["editorial"] == "published"
    unpublished = await client.post(f"{path}/unpublish", headers=publisher)
    assert unpublished.json()["editorial"] == "unpublished"
    assert (await client.post(f"{path}/takedown", headers=publisher)).json()["editorial_next"] == []

    assert (await client.delete(path, headers=editor)).status_code == 204
    gone = await client.get(path, headers=editor)
    assert (gone.status_code, gone.json()["code"]) == (404, "asset_not_found")


async def test_an_editor_stops_an_encode(
    client: httpx.AsyncClient, editor: dict[str, str], tables: AsyncEngine
) -> None:
    asset = await created(client, editor)
    path = f"/api/assets/{asset['id']}/cancel"
    early = await client.post(path, headers=editor)
    assert (early.status_code, early.json()["code"]) == (409, "illegal_transition")
    async with tables.begin() as connection:
        await connection.execute(update(assets).values(state="playable"))
    assert (await client.post(path)).status_code == 401
    for _ in range(2):  # a client that missed the answer asks again
        stopped = await client.post(path, headers=editor)
        assert (stopped.status_code, stopped.json()["state"]) == (200, "failed")
        assert stopped.json()["failure"]["code"] == "cancelled"
    async with tables.begin() as connection:
        await connection.execute(update(assets).values(state="ready"))
    assert (await client.post(path, headers=editor)).status_code == 409


async def test_the_public_sees_the_public_part_of_what_is_published(
    client: httpx.AsyncClient, editor: dict[str, str], publisher: dict[str, str], tables: AsyncEngine
) -> None:
    asset = await created(client, editor)
    path = f"/api/assets/{asset['id']}"
    hidden = await client.get(path)
    assert (hidden.status_code, hidden.json()["code"]) == (403, "not_published")
    assert (await client.get("/api/assets")).json() == {"assets": [], "next_cursor": None}
    assert [each["id"] for each in (await client.get("/api/assets", headers=editor)).json()["assets"]] == [asset["id"]]

    await client.post(f"{path}/publish", headers=publisher)
    async with tables.begin() as connection:
        await connection.execute(update(assets).values(state="ready"))
    public = (await client.get(path)).json()
    assert public["playback_url"] == f"/v/{asset['id']}/index.m3u8"
    assert public["dash_url"] == f"/v/{asset['id']}/manifest.mpd"
    assert not {"editorial", "created_by", "source_filename", "failure", "revision"} & public.keys()
    listed = await client.get("/api/assets")
    assert listed.json()["assets"] == [public]
    assert (await client.get("/api/assets", headers={"If-None-Match": listed.headers["etag"]})).status_code == 304
    assert public["encryption"] == "none"
    for encryption, dash_url in (("cbcs", public["dash_url"]), ("aes-128", None)):
        async with tables.begin() as connection:
            await connection.execute(update(assets).values(encryption=encryption))
        shown = (await client.get(path)).json()
        assert (shown["encryption"], shown["dash_url"]) == (encryption, dash_url)

    await client.delete(path, headers=editor)
    assert (await client.get(path)).status_code == 404
    assert (await client.get("/api/assets")).json()["assets"] == []


async def test_the_title_is_shown_in_the_readers_language(client: httpx.AsyncClient, editor: dict[str, str]) -> None:
    asset = await created(client, editor, title=None, titles={"en": "Final", "fr": "Finale", "pt-BR": "Decisão"})
    path = f"/api/assets/{asset['id']}"
    for accept, query, title in (
        ("fr-CA, en;q=0.5", "", "Finale"),
        ("de, fr;q=0.2, en;q=0.1", "", "Finale"),
        ("pt", "", "Decisão"),
        ("ja", "", "Final"),
        ("fr;q=0, *", "", "Final"),
        ("fr", "?lang=pt-br", "Decisão"),
        ("", "?lang=xx", "Final"),
    ):
        answer = await client.get(path + query, headers={**editor, "Accept-Language": accept})
        assert answer.json()["title"] == title, (accept, query)
        assert "Accept-Language" in answer.headers["vary"]


async def test_if_match_guards_every_change(
    client: httpx.AsyncClient, editor: dict[str, str], publisher: dict[str, str], tables: AsyncEngine
) -> None:
    asset = await created(client, editor)
    path = f"/api/assets/{asset['id']}"
    old = (await client.get(path, headers={**editor, "Accept-Language": "fr"})).headers["etag"]
    async with tables.begin() as connection:
        await connection.execute(update(assets).values(state="uploading"))  # no edit: the tag still counts
    first = await client.patch(path, json={"sport": "judo"}, headers={**editor, **MERGE, "If-Match": old})
    assert first.status_code == 200
    for stale in (old, '"nonsense"', "nonsense", f"W/{first.headers['etag']}"):
        refused = await client.patch(path, json={"sport": "golf"}, headers={**editor, **MERGE, "If-Match": stale})
        assert (refused.status_code, refused.json()["code"]) == (412, "edit_conflict"), stale
        assert (await client.delete(path, headers={**editor, "If-Match": stale})).status_code == 412
        assert (await client.post(f"{path}/publish", headers={**publisher, "If-Match": stale})).status_code == 412
    assert (await client.get(path, headers=editor)).json()["sport"] == "judo"
    accepted = f"{old}, {first.headers['etag']}"
    assert (await client.delete(path, headers={**editor, "If-Match": accepted})).status_code == 204


async def test_illegal_steps_say_what_is_legal(
    client: httpx.AsyncClient, editor: dict[str, str], publisher: dict[str, str]
) -> None:
    asset = await created(client, editor)
    answer = await client.post(f"/api/assets/{asset['id']}/unpublish", headers=publisher)
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["state"], problem["status"]) == ("illegal_transition", "draft", 409)
    assert "published" in problem["allowed"]


BAD_BODIES: tuple[tuple[bytes, int, str | None], ...] = (
    (b"{", 400, None),
    (b"", 400, None),
    (b"\xff", 400, None),
    (b"[" * 50_000, 400, None),
    (b"[]", 422, ""),
    (b"{}", 422, "/titles"),
    (b'{"title": 5}', 422, "/title"),
    (b'{"titles": {"en": 5}}', 422, "/titles"),
    (b'{"titel": "x"}', 422, "/titel"),
    (b'{"title": ""}', 422, "/titles/en"),
    (b'{"title": "\\u0000"}', 422, "/titles/en"),
    (b'{"title": "x", "default_language": "not a tag"}', 422, "/default_language"),
    (b'{"titles": {"en": "x"}, "default_language": "fr"}', 422, "/default_language"),
    (b'{"title": "x", "titles": {"en": "y"}}', 422, "/title"),
    (b'{"title": "x", "tags": ["' + b"t" * 65 + b'"]}', 422, "/tags/0"),
    (b'{"title": "' + b"x" * 301 + b'"}', 422, "/titles/en"),
    (b'{"title": "' + b"x" * (1 << 20) + b'"}', 413, None),
)


async def test_bad_bodies_make_no_asset(client: httpx.AsyncClient, editor: dict[str, str]) -> None:
    for body, status, pointer in BAD_BODIES:
        answer = await client.post("/api/assets", content=body, headers={**editor, "Content-Type": "application/json"})
        assert answer.status_code == status, (body[:80], answer.text)
        problem = answer.json()
        assert problem["status"] == status
        assert problem["detail"]
        if pointer is not None:
            assert problem["errors"][0]["pointer"] == pointer
    assert (await client.get("/api/assets", headers=editor)).json()["assets"] == []


async def test_a_body_needs_its_media_type(client: httpx.AsyncClient, editor: dict[str, str]) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = await client.post("/api/assets", content=b"{}", headers={**editor, "Content-Type": media_type})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
        assert answer.headers["accept"] == "application/json"


async def test_a_body_without_a_length_is_bounded_too(client: httpx.AsyncClient, editor: dict[str, str]) -> None:
    async def endless() -> Any:
        for _ in range(64):
            yield b" " * 65_536

    headers = {**editor, "Content-Type": "application/json"}
    assert (await client.post("/api/assets", content=endless(), headers=headers)).status_code == 413


BAD_QUERIES = (
    "limit=0", "limit=101", "limit=x", "limit=99999999999999999999", "limit=00000000199999", "limit=-1",
    "state=nowhere", "editorial=x",
    "cursor=!!", "language=not%20a%20tag", "q=%00", "tag=%00", "sport=%1b", "q=" + "x" * 201,
)  # fmt: skip


async def test_bad_queries_name_the_parameter(client: httpx.AsyncClient) -> None:
    for query in BAD_QUERIES:
        answer = await client.get(f"/api/assets?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_query"), query
        assert answer.json()["parameter"] == query.partition("=")[0]


CHANGES = (
    ("POST", "/api/assets"), ("PATCH", "/api/assets/x"), ("DELETE", "/api/assets/x"),
    ("DELETE", "/api/assets/x/replacement"),
    ("POST", "/api/assets/x/publish"), ("POST", "/api/assets/x/unpublish"), ("POST", "/api/assets/x/takedown"),
)  # fmt: skip


async def test_changes_need_a_token_of_enough_rank(
    client: httpx.AsyncClient, bearer: Callable[[Role], Awaitable[dict[str, str]]]
) -> None:
    service = await bearer(Role.VIEWER_SERVICE)
    for method, path in CHANGES:
        nobody = await client.request(method, path, json={})
        assert (nobody.status_code, nobody.json()["code"]) == (401, "unauthorized")
        assert nobody.headers["www-authenticate"].startswith("Bearer")
        wrong = await client.request(method, path, json={}, headers={"Authorization": "Bearer ch_wrong"})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_token")
        low = await client.request(method, path, json={}, headers=service)
        assert (low.status_code, low.json()["code"]) == (403, "role_too_low")


async def test_unknown_assets_are_not_found(client: httpx.AsyncClient, publisher: dict[str, str]) -> None:
    for path in ("/api/assets/nobody", "/api/assets/%00", "/api/assets/a%2Fb", "/api/assets/" + "x" * 200):
        assert (await client.get(path)).status_code == 404
        assert (await client.patch(path, json={}, headers={**publisher, **MERGE})).status_code == 404
    assert (await client.post("/api/assets/nobody/publish", headers=publisher)).status_code == 404
    assert (await client.get("/api/assets/nobody/events")).status_code == 404


async def test_a_patch_is_a_json_object(client: httpx.AsyncClient, editor: dict[str, str]) -> None:
    asset = await created(client, editor)
    for body in (b"[]", b"null", b'"x"', b"3"):
        answer = await client.patch(f"/api/assets/{asset['id']}", content=body, headers={**editor, **MERGE})
        assert answer.status_code == 422


async def test_a_replacement_is_seen_and_given_up(
    client: httpx.AsyncClient, editor: dict[str, str], services: Services
) -> None:
    asset = AssetId((await created(client, editor))["id"])
    path = f"/api/assets/{asset}"
    answer = await client.delete(f"{path}/replacement", headers=editor)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_replacement")
    await services.catalogue.begin_upload(asset)
    await services.catalogue.source_arrived(asset, version=1, size=1, filename="a.mp4")
    await services.catalogue.playable(asset, plan_of(asset, 1))
    put = await client.put(f"{path}/source?filename=b.mp4", content=b"better", headers=editor)
    assert (put.status_code, put.json()["version"]) == (201, 2)
    read = (await client.get(path, headers=editor)).json()
    assert (read["state"], read["version"], read["source_filename"]) == ("playable", 1, "a.mp4")
    assert read["replacement"] == {
        "version": 2, "state": "indexing", "source_filename": "b.mp4", "source_size": 6, "failure": None,
    }  # fmt: skip
    given_up = await client.delete(f"{path}/replacement", headers=editor)
    assert (given_up.status_code, given_up.json()["replacement"]) == (200, None)
    assert given_up.json()["revision"] == read["revision"]


async def test_a_deletion_stops_its_tasks(
    client: httpx.AsyncClient, editor: dict[str, str], services: Services
) -> None:
    asset = await created(client, editor)
    version = await services.catalogue.begin_upload(asset["id"])
    await services.catalogue.source_arrived(asset["id"], version=version, size=1, filename="a.mp4")
    assert await services.infra.jobs.pending(asset["id"])
    await client.delete(f"/api/assets/{asset['id']}", headers=editor)
    assert not await services.infra.jobs.pending(asset["id"])

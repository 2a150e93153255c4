"""Posters and storyboards, as viewers and editors get them."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from manifests import layout
from streaming.catalog.errors import PosterPending
from streaming.catalog.posters import PostersApi, poster_key
from streaming.http.auth import Role
from tests.streaming.playback.conftest import make_plan
from transcoder.facts import write_plan, write_stills
from transcoder.stills.model import Candidate, Sprite, Stills, Storyboard

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from infra.memory import MemoryEngine
    from infra.s3 import S3Store
    from manifests.layout import AssetId
    from streaming.services import Services

    Bearer = Callable[[Role], Awaitable[dict[str, str]]]

STILLS = Stills(
    storyboard=Storyboard(
        width=240, height=136, columns=3, sprites=(Sprite(name="storyboard-0.jpg", frames=(0, 100, 200)),)
    ),
    candidates=(
        Candidate(name="poster-0.jpg", frame=100, score=0.7), Candidate(name="poster-1.jpg", frame=0, score=0.2),
    ),
    width=640, height=360,
)  # fmt: skip
PICTURES = {name: name.encode() for name in ("storyboard-0.jpg", "poster-0.jpg", "poster-1.jpg")}


@pytest.fixture
async def asset(services: Services) -> AssetId:
    """A published asset that is playable."""
    made = await services.catalogue.create(titles={"en": "Final"}, created_by="test")
    await services.catalogue.begin_upload(made.id)
    await services.catalogue.source_arrived(made.id, version=1, size=10, filename="final.mp4")
    plan = await write_plan(services.infra.store, make_plan(made.id))
    await services.catalogue.playable(made.id, plan)
    await services.catalogue.publish(made.id)
    return made.id


async def draw(store: S3Store, asset: AssetId) -> None:
    for name, body in PICTURES.items():
        await store.put(layout.still(asset, 1, name), body, content_type="image/jpeg")
    await write_stills(store, asset, 1, STILLS)


async def test_there_is_none_before_it_is_drawn(client: httpx.AsyncClient, asset: AssetId, bearer: Bearer) -> None:
    for path in ("poster.jpg", "storyboard.vtt", "stills-1/poster-0.jpg"):
        answer = await client.get(f"/v/{asset}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "still_not_found")
    answer = await client.get(f"/api/assets/{asset}/poster", headers=await bearer(Role.EDITOR))
    assert (answer.status_code, answer.json()["code"]) == (404, "no_candidates")


async def test_viewers_get_poster_and_storyboard(client: httpx.AsyncClient, asset: AssetId, store: S3Store) -> None:
    await draw(store, asset)
    poster = await client.get(f"/v/{asset}/poster.jpg")
    assert (poster.content, poster.headers["content-type"]) == (b"poster-0.jpg", "image/jpeg")
    tag = {"If-None-Match": poster.headers["etag"]}
    assert (await client.get(f"/v/{asset}/poster.jpg", headers=tag)).status_code == 304
    board = await client.get(f"/v/{asset}/storyboard.vtt")
    assert board.headers["content-type"] == "text/vtt; charset=utf-8"
    assert "00:00:04.000 --> 00:00:08.000\nstills-1/storyboard-0.jpg#xywh=240,0,240,136\n" in board.text
    sheet = await client.get(f"/v/{asset}/stills-1/storyboard-0.jpg")
    assert sheet.content == b"storyboard-0.jpg"
    assert sheet.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "name", ["poster-7.jpg", "poster-01.jpg", "../1/plan.json", "storyboard.html", "poster-0.jpg2"]
)
async def test_nothing_else_is_to_be_had(client: httpx.AsyncClient, asset: AssetId, store: S3Store, name: str) -> None:
    await draw(store, asset)
    assert (await client.get(f"/v/{asset}/stills-1/{name}")).status_code == 404


async def test_drafts_are_for_editors(
    client: httpx.AsyncClient, asset: AssetId, store: S3Store, services: Services, bearer: Bearer
) -> None:
    await draw(store, asset)
    await services.catalogue.unpublish(asset)
    assert (await client.get(f"/v/{asset}/poster.jpg")).status_code == 403
    answer = await client.get(f"/v/{asset}/poster.jpg", headers=await bearer(Role.EDITOR))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store")


async def test_editors_choose_the_poster(
    client: httpx.AsyncClient, asset: AssetId, store: S3Store, bearer: Bearer
) -> None:
    await draw(store, asset)
    url, editor = f"/api/assets/{asset}/poster", await bearer(Role.EDITOR)
    assert (await client.get(url)).status_code == 401
    shown = (await client.get(url, headers=editor)).json()
    assert (shown["url"], shown["by_hand"]) == (f"/v/{asset}/poster.jpg", False)
    assert [(each["name"], each["at_s"], each["chosen"]) for each in shown["candidates"]] == [
        ("poster-0.jpg", 4.0, True), ("poster-1.jpg", 0.0, False),
    ]  # fmt: skip
    assert (await client.get(shown["candidates"][1]["url"])).content == b"poster-1.jpg"
    chosen = (await client.put(url, json={"candidate": "poster-1.jpg"}, headers=editor)).json()
    assert (chosen["by_hand"], [each["chosen"] for each in chosen["candidates"]]) == (True, [False, True])
    assert (await client.get(f"/v/{asset}/poster.jpg")).content == b"poster-1.jpg"
    wrong = await client.put(url, json={"candidate": "poster-9.jpg"}, headers=editor)
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/candidate")
    assert "poster-0.jpg, poster-1.jpg" in wrong.json()["detail"]
    back = (await client.put(url, json={"candidate": None}, headers=editor)).json()
    assert (back["by_hand"], [each["chosen"] for each in back["candidates"]]) == (False, [True, False])


async def test_editors_choose_any_picture_by_its_time(
    client: httpx.AsyncClient, asset: AssetId, store: S3Store, bearer: Bearer, jobs: MemoryEngine
) -> None:
    await draw(store, asset)
    url, editor = f"/api/assets/{asset}/poster", await bearer(Role.EDITOR)
    # Drawn before: nobody is asked for it again. At 25 frames a second 4.05 s shows frame 101.
    key = layout.still(asset, 1, "poster-at-101.jpg")
    await store.put(key, b"the finish", content_type="image/jpeg")
    chosen = (await client.put(url, json={"at_s": 4.05}, headers=editor)).json()
    assert (chosen["by_hand"], chosen["candidates"][0]) == (
        True,
        {
            "name": "poster-at-101.jpg", "url": f"/v/{asset}/stills-1/poster-at-101.jpg", "at_s": 4.04, "score": None,
            "chosen": True,
        },
    )  # fmt: skip
    assert [each["chosen"] for each in chosen["candidates"]] == [True, False, False]
    for path in ("poster.jpg", "stills-1/poster-at-101.jpg"):
        assert (await client.get(f"/v/{asset}/{path}")).content == b"the finish"
    assert f"{asset}/1/poster/101" not in await jobs.pending(asset)
    for wrong in ({"at_s": -1}, {"at_s": 10.0}, {"at_s": 1e300}, {"at_s": 1, "candidate": "poster-0.jpg"}):
        refused = await client.put(url, json=wrong, headers=editor)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/at_s")
    back = (await client.put(url, json={"candidate": "poster-1.jpg"}, headers=editor)).json()
    assert [each["name"] for each in back["candidates"]] == ["poster-0.jpg", "poster-1.jpg"]


async def test_a_picture_that_is_not_drawn_in_time_is_not_chosen(
    client: httpx.AsyncClient, services: Services, asset: AssetId, store: S3Store, jobs: MemoryEngine
) -> None:
    await draw(store, asset)
    api = PostersApi(services.catalogue, store, jobs, patience=timedelta(0))
    with pytest.raises(PosterPending):
        await api.at(await services.catalogue.get(asset), 0.5)
    assert f"{asset}/1/poster/12" in await jobs.pending(asset)
    assert (await client.get(f"/v/{asset}/poster.jpg")).content == b"poster-0.jpg"


PNG = b"\x89PNG\r\n\x1a\n the finish"


async def test_editors_send_a_picture_of_their_own(
    client: httpx.AsyncClient, services: Services, asset: AssetId, store: S3Store, bearer: Bearer
) -> None:
    await draw(store, asset)
    url, editor = f"/api/assets/{asset}/poster", await bearer(Role.EDITOR)
    assert (await client.post(url, content=PNG)).status_code == 401
    name = sha256(PNG).hexdigest()[:32]
    await store.put(layout.poster_image(asset, name), b"drawn anew", content_type="image/jpeg")
    sent = await client.post(url, content=PNG, headers=editor)
    assert sent.status_code == 200, sent.text
    first = sent.json()["candidates"][0]
    assert (first["name"], first["at_s"], first["score"], first["chosen"]) == (name, None, None, True)
    assert (await client.get(first["url"])).content == b"drawn anew"
    assert await poster_key(store, asset, 2) == layout.poster_image(asset, name), "another source changes nothing"
    for wrong in (b"GIF89a", b"<svg/>", b""):
        refused = await client.post(url, content=wrong, headers=editor)
        assert (refused.status_code, refused.json()["code"]) == (422, "poster_unreadable")
    large = await client.post(url, content=PNG + bytes(10 << 20), headers=editor)
    assert large.status_code == 413
    broken = PNG + b"?"
    await store.put(layout.poster_refused(asset, sha256(broken).hexdigest()[:32]), b"", content_type="text/plain")
    refused = await client.post(url, content=broken, headers=editor)
    assert (refused.status_code, refused.json()["code"]) == (422, "poster_unreadable")
    assert (await client.get(f"/v/{asset}/poster.jpg")).content == b"drawn anew"

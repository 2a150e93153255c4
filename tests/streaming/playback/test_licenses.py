"""ClearKey licences, as players and those who may not play see them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from defusedxml import ElementTree

from tests.mpd_rules import LAURL, faults
from tests.streaming.playback.conftest import make_app
from tests.streaming.playback.test_former import replaced
from transcoder.encryption.key_ids import KeyName, key_id
from transcoder.encryption.key_store import KeyStore
from transcoder.plan import Protection
from transcoder.profile import Encryption

if TYPE_CHECKING:
    from collections.abc import Callable

    from streaming.playback.service import Playback
    from transcoder.plan import Plan

CBCS = Protection(scheme=Encryption.CBCS)
EDITOR = {"Authorization": "Bearer editor"}


def text(body: bytes) -> str:
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode()


def kid_of(plan: Plan, *, version: int = 1, place: int = 0) -> str:
    return text(key_id(plan.asset, KeyName(version=version, place=place)))


def wanted(*kids: str, **more: Any) -> dict[str, Any]:
    return {"kids": list(kids), "type": "temporary", **more}


async def key_of(stage, plan: Plan) -> str:
    keys = await KeyStore(stage.store).of(plan)
    assert keys is not None
    return text(keys.key(0).key)


async def test_a_licence_is_what_the_session_of_a_browser_takes(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable(protection=CBCS)
    kid = kid_of(plan)
    answer = await client.post(f"/v/{plan.asset}/license", json=wanted(kid))
    assert answer.status_code == 200
    assert answer.json() == {
        "keys": [{"kty": "oct", "kid": kid, "k": await key_of(stage, plan)}], "type": "temporary",
    }  # fmt: skip
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("content_type", ["text/plain;charset=UTF-8", "application/octet-stream", ""])
async def test_players_name_its_type_as_they_like(stage, client: httpx.AsyncClient, content_type: str) -> None:
    plan = await stage.playable(protection=CBCS)
    body = f'{{"kids": ["{kid_of(plan)}=="], "more": 1}}'
    answer = await client.post(f"/v/{plan.asset}/license", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 200


async def test_those_that_there_are_of_many(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable(protection=CBCS)
    other = await stage.playable(protection=CBCS)
    kids = [kid_of(other), kid_of(plan, place=1), kid_of(plan), kid_of(plan)]
    answer = await client.post(f"/v/{plan.asset}/license", json=wanted(*kids))
    assert [each["kid"] for each in answer.json()["keys"]] == [kid_of(plan)]


WRONG = {
    "malformed_json": (b"", b"{", b"\xff"),
    "invalid_field": (
        b"[]", b"{}", b'{"kids": []}', b'{"kids": "AA"}', b'{"kids": [1]}', b'{"kids": ["AA"]}', b'{"kids": ["%%"]}',
        b'{"kids": ["' + b"A" * 22 + b'"], "type": "persistent-license"}',
        b'{"kids": [' + b",".join([b'"AA"'] * 101) + b"]}",
    ),
    "too_large": (b" " * 9000,),
}  # fmt: skip


async def test_whatever_is_no_request_is_refused_with_a_reason(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable(protection=CBCS)
    for code, bodies in WRONG.items():
        for body in bodies:
            answer = await client.post(f"/v/{plan.asset}/license", content=body)
            assert answer.json()["code"] == code, body
            assert answer.headers["content-type"] == "application/problem+json"


async def test_what_it_has_no_key_for_is_not_found(stage, client: httpx.AsyncClient) -> None:
    plan, clear = await stage.playable(protection=CBCS), await stage.playable()
    for asset, kid in ((plan, kid_of(plan, place=1)), (plan, kid_of(plan, version=2)), (plan, kid_of(clear)),
                       (clear, kid_of(clear)), (plan, "A" * 22)):  # fmt: skip
        answer = await client.post(f"/v/{asset.asset}/license", json=wanted(kid))
        assert (answer.status_code, answer.json()["code"]) == (404, "key_not_found")


async def test_only_who_may_play_gets_one(stage, open_client: Callable[..., httpx.AsyncClient]) -> None:
    draft = await stage.playable(published=False, protection=CBCS)
    plan = await stage.playable(protection=CBCS)
    assert (await open_client().post(f"/v/{draft.asset}/license", json=wanted(kid_of(draft)))).status_code == 403
    answer = await open_client().post(f"/v/{draft.asset}/license", json=wanted(kid_of(draft)), headers=EDITOR)
    assert answer.status_code == 200
    await stage.catalogue.take_down(plan.asset)
    # Whether it is encrypted, and by what key, is told to nobody.
    for kid in (kid_of(plan), "A" * 22):
        answer = await open_client().post(f"/v/{plan.asset}/license", json=wanted(kid))
        assert (answer.status_code, answer.json()["code"]) == (403, "not_published")


async def test_keys_of_a_version_that_was_replaced_stay_with_its_segments(stage, open_client) -> None:
    plan = await stage.playable(protection=CBCS)
    old = await key_of(stage, plan)
    await KeyStore(stage.store).make(plan.asset, 2)
    await replaced(stage, plan)
    client = open_client()
    answer = await client.post(f"/v/{plan.asset}/license", json=wanted(kid_of(plan)))
    assert answer.json()["keys"][0]["k"] == old
    answer = await client.post(f"/v/{plan.asset}/license", json=wanted(kid_of(plan, version=2)))
    assert answer.json()["keys"][0]["k"] != old


def addresses(document: str) -> set[str | None]:
    assert faults(document) == []
    return {each.text for each in ElementTree.fromstring(document).iter(LAURL)}


async def test_the_mpd_names_the_address_that_it_came_by(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable(protection=CBCS)
    for host in ("tv.test", "other.test"):
        answer = await client.get(f"/v/{plan.asset}/manifest.mpd?a=b", headers={"Host": host})
        assert addresses(answer.text) == {f"http://{host}/v/{plan.asset}/license"}


async def test_the_mpd_names_the_address_that_is_configured(stage, make_playback: Callable[..., Playback]) -> None:
    plan = await stage.playable(protection=CBCS)
    app = make_app(make_playback(), public_url="https://tv.example.org")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://10.0.0.7") as client:
        answer = await client.get(f"/v/{plan.asset}/manifest.mpd")
    assert addresses(answer.text) == {f"https://tv.example.org/v/{plan.asset}/license"}

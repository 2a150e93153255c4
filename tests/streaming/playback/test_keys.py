"""Keys, as players and those who may not play see them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from manifests import hls
from manifests.hls import MediaPlaylist, MultivariantPlaylist
from streaming.catalog.sweeper import sweep_version
from tests.streaming.playback.conftest import AUDIO, VIDEO, make_plan
from tests.streaming.playback.test_former import replaced
from tests.streaming.playback.test_growing import arrive
from transcoder.encryption.key_ids import KeyName, key_id
from transcoder.encryption.key_store import KeyStore
from transcoder.plan import Protection
from transcoder.profile import Encryption

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from transcoder.plan import Plan

AES = Protection(scheme=Encryption.AES_128, period=2)
EDITOR = {"Authorization": "Bearer editor"}


def url_of(plan: Plan, place: int, *, version: int = 1) -> str:
    return f"/v/{plan.asset}/keys/{key_id(plan.asset, KeyName(version=version, place=place)).hex()}"


async def key_of(stage, plan: Plan, place: int) -> bytes:
    keys = await KeyStore(stage.store).of(plan)
    assert keys is not None
    return keys.key(place).key


async def test_playlists_name_the_keys_of_all_segments(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable(protection=AES)
    answer = await client.get(f"/v/{plan.asset}/index.m3u8")
    listed = hls.parse(answer.text)
    assert isinstance(listed, MultivariantPlaylist)
    assert listed.iframe_variants == ()
    urls = {answer.url.join(each.uri or "").raw_path.decode() for each in listed.session_keys}
    assert urls == {url_of(plan, 0), f"{url_of(plan, 0)}?for=audio"}
    for rendition, suffix in ((VIDEO, ""), (AUDIO, "?for=audio")):
        answer = await client.get(f"/v/{plan.asset}/{rendition}/index.m3u8")
        parsed = hls.parse(answer.text)
        assert isinstance(parsed, MediaPlaylist)
        # Three segments, two of them to a key; the init section stands before the first key, and is nobody's.
        assert parsed.init_keys == ()
        assert answer.text.index("#EXT-X-MAP") < answer.text.index("#EXT-X-KEY")
        assert [len(each.keys) for each in parsed.segments] == [1, 0, 1]
        for place, number in enumerate((0, 2)):
            (key,) = parsed.segments[number].keys
            assert (key.method, key.iv, key.keyformat) == ("AES-128", None, None)
            url = answer.url.join(key.uri or "")
            assert url.raw_path.decode() == f"{url_of(plan, place)}{suffix}"
            assert (await client.get(url)).content == await key_of(stage, plan, place)


async def test_a_key_is_given_to_whoever_may_play_and_kept_by_nobody(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable(protection=AES)
    for place in (0, 1):
        answer = await client.get(url_of(plan, place))
        assert answer.status_code == 200
        assert answer.content == await key_of(stage, plan, place)
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "etag" not in answer.headers


async def test_an_asset_that_is_taken_down_gives_no_key_any_more(
    stage, open_client: Callable[..., httpx.AsyncClient]
) -> None:
    plan = await stage.playable(protection=AES)
    before, after = open_client(), open_client()
    assert (await before.get(url_of(plan, 0))).status_code == 200
    await stage.catalogue.take_down(plan.asset)
    for url in (url_of(plan, 0), f"/v/{plan.asset}/{VIDEO}/0.m4s"):
        answer = await after.get(url)
        assert answer.status_code == 403
        assert answer.json()["code"] == "not_published"


async def test_keys_of_a_draft_are_for_editors(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable(published=False, protection=AES)
    assert (await client.get(url_of(plan, 0))).status_code == 403
    answer = await client.get(url_of(plan, 0), headers=EDITOR)
    assert answer.content == await key_of(stage, plan, 0)


@pytest.mark.parametrize("name", ["0", "index", "0" * 32, "A" * 32])
async def test_whatever_is_no_key_of_this_asset_is_not_found(stage, client: httpx.AsyncClient, name: str) -> None:
    plan = await stage.playable(protection=AES)
    other = await stage.playable(protection=AES)
    unknown = [
        f"/v/{plan.asset}/keys/{name}",
        url_of(plan, 2),
        url_of(plan, 0, version=2),
        url_of(other, 0).replace(other.asset, plan.asset),
    ]
    for url in unknown:
        answer = await client.get(url)
        assert (answer.status_code, answer.json()["code"]) == (404, "key_not_found"), url


async def test_an_asset_that_is_not_encrypted_has_no_keys(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable()
    assert (await client.get(url_of(plan, 0))).status_code == 404
    assert "EXT-X-KEY" not in (await client.get(f"/v/{plan.asset}/{VIDEO}/index.m3u8")).text


async def test_there_is_no_dash_and_the_answer_says_why(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable(protection=AES)
    assert (await stage.catalogue.get(plan.asset)).encryption is Encryption.AES_128
    answer = await client.get(f"/v/{plan.asset}/manifest.mpd")
    assert answer.status_code == 404
    assert answer.json()["code"] == "no_dash"
    assert "HLS" in answer.json()["detail"]


async def test_keys_of_a_version_that_was_replaced_stay_with_its_segments(stage, open_client) -> None:
    plan = await stage.playable(protection=AES)
    old = await key_of(stage, plan, 1)
    await KeyStore(stage.store).make(plan.asset, 2)
    newer = await replaced(stage, plan)
    assert (await stage.catalogue.get(plan.asset)).encryption is Encryption.AES_128
    client = open_client()
    assert (await client.get(url_of(plan, 1))).content == old
    assert (await client.get(url_of(plan, 1, version=2))).content == await key_of(stage, newer, 1) != old
    await sweep_version(stage.store, plan.asset, 1)
    assert (await open_client().get(url_of(plan, 1))).status_code == 404


async def test_while_a_source_arrives_a_key_is_there_as_soon_as_its_segment_is_listed(
    stage, open_client: Callable[..., httpx.AsyncClient]
) -> None:
    asset = await stage.asset()
    await stage.catalogue.begin_upload(asset)
    await KeyStore(stage.store).make(asset, 1)
    whole = replace(make_plan(asset), grown=True, protection=replace(AES, period=1))
    await stage.catalogue.growing(asset, await arrive(stage, whole, 1))
    assert (await stage.catalogue.publish(asset)).encryption is Encryption.AES_128
    one, other = open_client(), open_client()
    for client in (one, other):
        assert (await client.get(url_of(whole, 0))).status_code == 200
        assert (await client.get(url_of(whole, 1))).status_code == 404
    await arrive(stage, whole, 2)
    answer = await one.get(url_of(whole, 1))
    # A player may ask a process that has not seen the playlist that it has.
    assert answer.content == (await other.get(url_of(whole, 1))).content == await key_of(stage, whole, 1)

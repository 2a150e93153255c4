from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import pytest

from infra.memory import MemoryStore
from manifests import layout
from transcoder.encryption.content_keys import SECRET_SIZE
from transcoder.encryption.key_store import KeyStore
from transcoder.encryption.wrapping import Wrapping
from transcoder.errors import KeysMissing, KeysUnreadable
from transcoder.plan import Protection
from transcoder.profile import Encryption

if TYPE_CHECKING:
    from infra.s3 import S3Store
    from transcoder.encryption.content_keys import Keys
    from transcoder.plan import Plan


@pytest.fixture
def plan(plan: Plan) -> Plan:
    return replace(plan, protection=Protection(scheme=Encryption.AES_128, period=2))


async def keys_of(store: KeyStore, plan: Plan) -> Keys:
    found = await store.of(plan)
    assert found is not None
    return found


async def test_what_is_not_encrypted_has_no_keys(plan: Plan) -> None:
    assert await KeyStore(MemoryStore()).of(replace(plan, protection=None)) is None


async def test_a_plan_without_its_keys_is_an_error(plan: Plan) -> None:
    with pytest.raises(KeysMissing, match="asset version 1"):
        await KeyStore(MemoryStore()).of(plan)


async def test_every_process_has_the_keys_of_whoever_made_them_first(plan: Plan, store: S3Store) -> None:
    processes = [KeyStore(store) for _ in range(8)]
    async with anyio.create_task_group() as group:
        for each in processes:
            group.start_soon(each.make, plan.asset, plan.version)
    first = await keys_of(KeyStore(store), plan)
    assert len(first.secret) == SECRET_SIZE
    for each in processes:
        assert await keys_of(each, plan) == first


async def test_versions_have_secrets_of_their_own(plan: Plan) -> None:
    store = MemoryStore()
    keys, later = KeyStore(store), replace(plan, version=2)
    for each in (plan, later):
        await keys.make(each.asset, each.version)
    assert (await keys_of(keys, plan)).secret != (await keys_of(keys, later)).secret


async def test_with_a_key_of_the_operators_the_bucket_alone_tells_nothing(plan: Plan) -> None:
    store, wrapping = MemoryStore(), Wrapping(keys=(bytes(32),))
    await KeyStore(store, wrapping).make(plan.asset, 1)
    found = await keys_of(KeyStore(store, wrapping), plan)
    assert found.secret not in await store.read(layout.keys(plan.asset, 1))
    with pytest.raises(KeysUnreadable):
        await KeyStore(store).of(plan)


async def test_a_secret_is_read_once(plan: Plan) -> None:
    store = MemoryStore()
    keys = KeyStore(store)
    await keys.make(plan.asset, 1)
    found = await keys_of(keys, plan)
    await store.delete([layout.keys(plan.asset, 1)])
    assert await keys.of(plan) == found

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.memory import MemoryStore
from manifests import layout
from manifests.layout import AssetId
from transcoder.encryption.key_store import KeyStore
from transcoder.encryption.rewrap import Rewrapped, rewrap
from transcoder.encryption.wrapping import Wrapping, fingerprint
from transcoder.errors import KeysUnreadable
from transcoder.plan import Protection
from transcoder.profile import Encryption

if TYPE_CHECKING:
    from transcoder.plan import Plan

OLD, NEW, LOST = (bytes([value]) * 32 for value in range(3))


async def test_an_old_key_can_go_once_all_is_wrapped_by_the_new_one(plan: Plan) -> None:
    plan = _protected(plan)
    store, both = MemoryStore(), Wrapping(keys=(NEW, OLD))
    await KeyStore(store, Wrapping(keys=(OLD,))).make(plan.asset, 1)
    await KeyStore(store).make(AssetId("bare"), 2)
    before = await KeyStore(store, both).of(plan)
    await store.put(layout.plan(plan.asset, 1), b"no key", content_type="application/json")
    assert await rewrap(store, both) == Rewrapped(renewed=2)
    assert await rewrap(store, both) == Rewrapped(newest=2)
    assert await KeyStore(store, Wrapping(keys=(NEW,))).of(plan) == before
    with pytest.raises(KeysUnreadable):
        await KeyStore(store, Wrapping(keys=(OLD,))).of(plan)


async def test_what_cannot_be_read_is_named_and_stays(plan: Plan) -> None:
    store = MemoryStore()
    await KeyStore(store, Wrapping(keys=(LOST,))).make(plan.asset, 1)
    fact = await store.read(layout.keys(plan.asset, 1))
    done = await rewrap(store, Wrapping(keys=(NEW, OLD)))
    assert (done.renewed, done.newest) == (0, 0)
    (said,) = done.unreadable
    assert layout.keys(plan.asset, 1) in said
    assert fingerprint(LOST) in said
    assert await store.read(layout.keys(plan.asset, 1)) == fact


async def test_without_a_key_nothing_is_laid_open() -> None:
    with pytest.raises(ValueError, match="no key"):
        await rewrap(MemoryStore(), Wrapping())


def _protected(plan: Plan) -> Plan:
    return replace(plan, protection=Protection(scheme=Encryption.AES_128))

"""Keys as a fact in the bucket: `keys.json` of a version, private, written once, before its first byte arrives.

It has one writer, whoever begins the version (an upload, a clip), and its bytes are random; should it be begun twice,
the first writer wins and both go on with that. Workers only read: a plan that is to be encrypted and has no keys is an
error, never a reason to publish in the clear.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import msgspec

from infra.errors import ObjectNotFound
from manifests import layout
from transcoder.encryption.content_keys import SECRET_SIZE, Keys
from transcoder.encryption.wrapping import WrappedSecret, Wrapping
from transcoder.errors import KeysMissing
from transcoder.publish import put_once

if TYPE_CHECKING:
    from infra.ports import ObjectStore
    from manifests.layout import AssetId
    from transcoder.plan import Plan

_REMEMBERED: Final = 1000
"""Versions whose secret a process keeps in memory: a key is asked for by every viewer, at every change of it."""


class KeyStore:
    """One a process."""

    def __init__(self, store: ObjectStore, wrapping: Wrapping | None = None) -> None:
        self._store, self._wrapping = store, wrapping or Wrapping()
        self._secrets: OrderedDict[tuple[AssetId, int], bytes] = OrderedDict()

    async def make(self, asset: AssetId, version: int) -> None:
        """Let a version have keys; it keeps those that it has. Raises what the store raises."""
        fact = msgspec.json.encode(self._wrapping.wrap(secrets.token_bytes(SECRET_SIZE)))
        await put_once(self._store, layout.keys(asset, version), fact, content_type="application/json")

    async def of(self, plan: Plan) -> Keys | None:
        """The keys of a plan; None for one that is not encrypted. Raises KeysUnreadable, KeysMissing."""
        if plan.protection is None:
            return None
        secret = await self._secret(plan.asset, plan.version)
        return Keys(asset=plan.asset, version=plan.version, protection=plan.protection, secret=secret)

    async def _secret(self, asset: AssetId, version: int) -> bytes:
        kept = self._secrets.get((asset, version))
        if kept is not None:
            self._secrets.move_to_end((asset, version))
            return kept
        try:
            body = await self._store.read(layout.keys(asset, version))
        except ObjectNotFound:
            raise KeysMissing(f"there are no content keys of {asset} version {version}") from None
        secret = self._wrapping.unwrap(msgspec.json.decode(body, type=WrappedSecret))
        self._secrets[asset, version] = secret
        if len(self._secrets) > _REMEMBERED:
            self._secrets.popitem(last=False)
        return secret

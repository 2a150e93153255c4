"""All secrets in the bucket wrapped by the operator's newest key, so that an older one can go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from infra.errors import ObjectNotFound
from manifests import layout
from transcoder.encryption.wrapping import WrappedSecret, Wrapping, fingerprint
from transcoder.errors import KeysUnreadable

if TYPE_CHECKING:
    from infra.ports import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrapped:
    """How many secrets were `renewed`, how many had the `newest` key before; and why others stay `unreadable`."""

    renewed: int = 0
    newest: int = 0
    unreadable: tuple[str, ...] = ()


async def rewrap(store: ObjectStore, wrapping: Wrapping) -> Rewrapped:
    """Content keys stay what they are, so nobody who plays or encodes hears of it. It can be ended, and done again.

    Raises ValueError without a key to wrap with, and what the store raises.
    """
    if not wrapping.keys:
        raise ValueError("there is no key to wrap with")
    newest, renewed, already, unreadable = fingerprint(wrapping.keys[0]), 0, 0, list[str]()
    async for stat in store.list(layout.WORK):
        if not layout.is_keys(stat.key):
            continue
        try:
            wrapped = msgspec.json.decode(await store.read(stat.key), type=WrappedSecret)
            if wrapped.wrapped_by == newest:
                already += 1
                continue
            fact = msgspec.json.encode(wrapping.wrap(wrapping.unwrap(wrapped)))
        except ObjectNotFound:  # deleted meanwhile
            continue
        except KeysUnreadable as exc:
            unreadable.append(f"{stat.key}: {exc}")
            continue
        await store.put(stat.key, fact, content_type="application/json")
        renewed += 1
    return Rewrapped(renewed=renewed, newest=already, unreadable=tuple(unreadable))

"""Objects of a rendition for whoever needs them as they were encoded: stills, clips."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcoder.encryption.protect import clear
from transcoder.publish import key_of

if TYPE_CHECKING:
    from infra.ports import ObjectStore
    from manifests.layout import RenditionId
    from transcoder.encryption.content_keys import Keys
    from transcoder.plan import Plan


async def read_clear(
    store: ObjectStore, plan: Plan, keys: Keys | None, rendition: RenditionId, number: int | None
) -> bytes:  # fmt: skip
    """A segment, or the init section (None). `keys` are those of the plan. Raises ObjectNotFound, OutputBroken, and
    what the store raises."""
    return await clear(keys, number, await store.read(key_of(plan.asset, rendition, number)))

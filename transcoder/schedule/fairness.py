"""Whose turn it is: tenants share the workers evenly, and so do the assets of a tenant. Pure.

What is queued can't be reordered, so little is queued: of each tenant what its share of the slots takes on next, and
one task at least. The queue is first in, first out; with an even mix in it the slots are shared evenly, and whoever
comes new waits behind one round, not behind hundreds of windows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manifests.layout import AssetId

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Waiting:
    """An asset version with work that nobody has queued. `served`: its last turn, counted over all assets."""

    served: int
    asset: AssetId
    version: int
    tenant: str = ""


def turns(waiting: Iterable[Waiting], queued: Mapping[str, int], *, slots: int) -> list[str]:
    """Whose task is to be queued next, tenant by tenant, until each has its share. `queued`: tasks in the queue, by
    tenant."""
    last: dict[str, int] = {}
    for each in waiting:
        last[each.tenant] = min(each.served, last.get(each.tenant, each.served))
    share = max(1, slots // max(1, len(last)))
    # Round by round: who has the least in the queue gets the first place in it, then who was served longest ago.
    rounds = sorted(
        (queued.get(tenant, 0) + place, last[tenant], tenant)
        for tenant in last
        for place in range(share - queued.get(tenant, 0))
    )
    return [tenant for _, _, tenant in rounds]


def slots_each(waiting: Iterable[Waiting], *, slots: int) -> dict[str, int]:
    """How many slots each asset of a tenant may count on, by tenant; one at least."""
    assets = Counter(each.tenant for each in waiting)
    return {tenant: max(1, slots // len(assets) // count) for tenant, count in assets.items()}

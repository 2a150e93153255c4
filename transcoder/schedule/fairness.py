"""Whose turn it is: tenants share the workers evenly, and so do the assets of a tenant. Pure.

What is queued can't be reordered, so no more is queued than the slots take on next. Of each tenant is counted how many
seconds of work were queued for it, as far as anybody can tell beforehand; whoever has the fewest is next (start-time
fair queueing: Goyal, Vin and Cheng, 1996). The queue is first in, first out: whoever comes new waits behind one round,
not behind hundreds of windows.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manifests.layout import AssetId

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Waiting:
    """An asset version with work that nobody has queued. `served`: its tenant's clock after its last turn; 0: it had
    none."""

    served: float
    asset: AssetId
    version: int
    tenant: str = ""


def joining(
    tenant: str, waiting: Iterable[Waiting], *, served: Mapping[str, float], queued: Mapping[str, float]
) -> float:
    """The clock of a tenant whose asset begins to wait, beside those that wait already.

    `served`: the clocks of all, the seconds of work that were queued for each; `queued`: how much of it is in the queue
    still. Who had nothing waiting stands where the others stand of whom the least was begun: he does not catch up with
    what they had before him, but what is in the queue before him counts for its owner.
    """
    tenants = {each.tenant for each in waiting}
    own = served.get(tenant, 0.0)
    if tenant in tenants:
        return own
    begun = [served[each] - queued.get(each, 0.0) for each in tenants if each in served]
    return max(own, min(begun) if begun else max(served.values(), default=0.0))


class Turns:
    """Who is next, again and again: the tenant that was served the fewest seconds, and of its assets the one that has
    waited longest."""

    def __init__(self, waiting: Iterable[Waiting], served: Mapping[str, float]) -> None:
        found = sorted(waiting)
        tenants = {each.tenant for each in found}
        least = min((served[tenant] for tenant in tenants if tenant in served), default=0.0)
        self.clocks = {tenant: served.get(tenant, least) for tenant in tenants}
        self._lines: dict[str, deque[Waiting]] = {}
        for each in found:
            self._lines.setdefault(each.tenant, deque()).append(each)

    def next(self) -> Waiting | None:
        """Takes it out of its line; None when nobody waits."""
        if not self._lines:
            return None
        # Between equals whoever has had no turn comes first, then who had it longest ago.
        tenant = min(self._lines, key=lambda name: (self.clocks[name], self._lines[name][0].served, name))
        each = self._lines[tenant].popleft()
        if not self._lines[tenant]:
            del self._lines[tenant]
        return each

    def served(self, each: Waiting, seconds: float) -> Waiting:
        """So much work was queued of it; it waits at the end of its line."""
        self.clocks[each.tenant] += seconds
        again = replace(each, served=self.clocks[each.tenant])
        self._lines.setdefault(each.tenant, deque()).append(again)
        return again


def slots_each(waiting: Iterable[Waiting], *, slots: int) -> dict[str, int]:
    """How many slots each asset of a tenant may count on, by tenant; one at least."""
    assets = Counter(each.tenant for each in waiting)
    return {tenant: max(1, slots // len(assets) // count) for tenant, count in assets.items()}

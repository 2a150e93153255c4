"""What a live process shows with every write, so that one that was taken for dead writes over nothing of its successor.

A lease alone does not do: who stood still for longer than it lasts wakes up in the middle of a write. So Redis compares
the token in the script that writes, and the bucket is written only while the lease is known to be ours.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True, eq=False)
class Fence:
    """`key`: where Redis has the token of whoever is active. `until`: end of the lease by the loop's clock."""

    key: str
    token: str
    until: float
    superseded: asyncio.Event = field(default_factory=asyncio.Event)
    """Another process is active: nothing that this one does counts any more."""
    owns_home: bool = False
    """No other process of this machine writes into its folder (streaming.live.lease)."""

    @property
    def held(self) -> bool:
        return not self.superseded.is_set() and asyncio.get_running_loop().time() < self.until

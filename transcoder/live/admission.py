"""Whether a machine has room for one more feed. Pure.

What an encoder costs follows the pixels that it makes. A feed that does not fit is refused before it begins: with it,
all would be late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transcoder.live.errors import FeedRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transcoder.live.event import LiveEvent

_MILLION: Final = 1_000_000


def cost(event: LiveEvent) -> int:
    """Pixels a second of all rungs."""
    return sum(rung.width * rung.height * event.grid.rate // rung.divisor for rung in event.rungs)


def check_room(event: LiveEvent, running: Iterable[LiveEvent], *, capacity: int) -> None:
    """`capacity` in million pixels a second. Raises FeedRefused."""
    taken, wanted = sum(map(cost, running)), cost(event)
    if taken + wanted <= capacity * _MILLION:
        return
    top = event.rungs[-1]
    raise FeedRefused(
        f"No room on this machine: {top.width}×{top.height} at {event.grid.rate} pictures a second and its ladder take "
        f"{-(-wanted // _MILLION)} million pixels a second, and {max(0, capacity - -(-taken // _MILLION))} of "
        f"{capacity} are free. Send a smaller picture, end another event, or take a profile with fewer rungs.",
        code="no_room",
    )

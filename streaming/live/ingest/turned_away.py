"""Who was turned away lately, for editors who wait for a publisher: kept in the live process, and nowhere else. Pure.

A wrong key says nothing of the channel that is meant, unless the address names one: then all who wait are told of it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from streaming.live.ingest.publisher import Place, Way

if TYPE_CHECKING:
    from collections.abc import Callable

_LATELY_S: Final = 60.0
_REMEMBERED: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedAway:
    """Somebody who had the wrong key, or none. `at`: seconds of a clock that does not go back. `address`: "" where the
    way in does not tell; `channel`: None, he did not say which one he means."""

    at: float
    way: Way
    address: str
    channel: str | None


class Door:
    """The last ones who were turned away; `monotonic` in seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._last: deque[TurnedAway] = deque(maxlen=_REMEMBERED)

    def turned_away(self, way: Way, *, address: str = "", channel: str | None = None) -> None:
        self._last.append(TurnedAway(at=self._monotonic(), way=way, address=address, channel=channel))

    def lately(self, channel: str, *, publishers: int) -> tuple[TurnedAway, ...]:
        """In the last minute, the latest last: those who meant this channel, while it has less than two publishers, and
        while it has none those who did not say which. Whoever knocks at random bothers nobody who is on air."""
        meant = {None: publishers == 0, channel: publishers < len(Place)}
        since = self._monotonic() - _LATELY_S
        return tuple(each for each in self._last if each.at > since and meant.get(each.channel))

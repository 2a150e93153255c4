"""Pictures of a publisher, brought near to the places of the event's grid. Pure, in integers.

The encoder puts each picture into the nearest place. Where one comes halfway between two, the slightest unrest of its
time stamp decides, and pictures would be dropped and repeated by turns, for seconds while two clocks drift past each
other, or for ever. So pictures are led to the middle of their place, and change it all at once: one is dropped or
repeated, and that is all. By what they are moved they are off the sound.
"""

from __future__ import annotations

from typing import Final

_SECOND: Final = 1_000_000
_FOLLOWS: Final = 32
"""Pictures in which a change is followed: slower than the unrest of time stamps, faster than any drift."""
_SHARE: Final = (3, 5)
"""Of a picture's duration: how far they are moved before they change their place. Half of it would have no hold."""


class Places:
    """`rate` pictures a second; at `zero` (µs of the stream's clock) is the middle of a place."""

    def __init__(self, *, rate: int, zero: int) -> None:
        self._rate, self._zero = rate, zero
        self._farthest = _SHARE[0] * _SECOND // (_SHARE[1] * rate)
        self._seen = 0
        self._shift = self._before = 0
        self._latest: int | None = None
        self._since: int | None = None

    def shift(self, at: int) -> int:
        """µs by which the picture that is to be shown at `at` is moved besides; pictures as they are sent."""
        if self._since is not None and at < self._since:
            return self._before  # it is sent after one that is shown later
        self._follow(at)
        if self._latest is None or at > self._latest:
            self._latest = at
            if abs(self._shift) > self._farthest:
                self._before, self._since = self._shift, at
                self._shift -= (1 if self._shift > 0 else -1) * _SECOND // self._rate
        return self._shift

    def _follow(self, at: int) -> None:
        moved = at - self._zero + self._shift
        place = (2 * moved * self._rate + _SECOND) // (2 * _SECOND)
        self._seen = min(self._seen + 1, _FOLLOWS)
        self._shift -= (moved - place * _SECOND // self._rate) // self._seen

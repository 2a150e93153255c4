"""The timeline of one event as an API process writes it into playlists: what it was told, less what has left."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from manifests.errors import PlaylistError
from manifests.live import timeline
from manifests.live.playlist import SKIP_UNTIL
from manifests.live.timeline import EMPTY, Timeline

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from manifests.live.state import LiveRendition
    from manifests.live.timeline import Entry
    from streaming.live.timeline.board import Told

log: Final = logging.getLogger("channel.live")


class Marks:
    """Begins anew with each event."""

    def __init__(self) -> None:
        self._event, self._known, self._first_ms = 0, set[int](), 0
        self._timeline = EMPTY

    def take(self, event: int, told: Iterable[Told]) -> None:
        """Tags of event number `event`; those that were told before count once, what cannot be read not at all."""
        if event != self._event:
            self._event, self._known, self._first_ms, self._timeline = event, set(), 0, EMPTY
        new = [each for each in told if each.number not in self._known]
        if new:
            self._known.update(each.number for each in new)
            entries = (*self._timeline.entries, *_readable(new))
            self._timeline, self._first_ms = replace(self._timeline, entries=entries), 0

    def present(self, states: Collection[LiveRendition], *, now_ms: int) -> Timeline:
        """The timeline without the ranges that end before all that is in the playlists.

        The same object, as long as nothing changes.
        """
        found = self._timeline
        if not found.entries and not found.removed:
            return found
        remembered_ms = max((1000 * SKIP_UNTIL * state.pace.target_duration for state in states), default=0)
        first_ms = min((state.first_ms for state in states if state.first_ms is not None), default=0)
        is_stale = bool(found.removed) and now_ms - found.removed[0].removed_ms > remembered_ms
        if first_ms != self._first_ms or is_stale:
            self._first_ms = first_ms
            self._timeline = timeline.prune(found, first_ms=first_ms, now_ms=now_ms, remembered_ms=remembered_ms)
        return self._timeline


def _readable(told: Iterable[Told]) -> Iterator[Entry]:
    for each in told:
        try:
            yield each.entry()
        except PlaylistError:
            log.exception("a tag of a timeline cannot be read")

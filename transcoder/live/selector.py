"""Who is on air: of two publishers and the slate, the one that each part comes from. Pure: no clock, no bytes.

    begin, lost            a publisher's encoder began, or is gone
    give                   a part came of it
    advance                time went by: what is due by now, and who has gone quiet
    ─▶ Tell, Tell, …       what is to be told: each position of each rendition once, in order, without a hole

Positions are parts counted from the epoch: part *i* of segment *n* is `n × parts + i` in every rendition.

- What the other publisher gives is held until somebody has told its position. Who is `dense` has a key picture at every
  part: he takes over at the very next one, in the middle of a segment.
- The primary takes back at a segment's beginning, in all renditions the same one.
- The slate is shown while nobody can go on. A publisher takes over from it at a segment's beginning, which `returns`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from manifests.layout import RenditionId
from transcoder.live.part import Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set

_LONGEST: Final = 2_000
"""Segments of slate at the most that nobody saw coming. Behind a longer absence the numbers leap."""
_AT_ONCE: Final = 8
"""Segments of slate that are told in one go: a process that was away for long harms no other feed."""


class Source(StrEnum):
    """Whose parts are told."""

    PRIMARY = "primary"
    BACKUP = "backup"
    SLATE = "slate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Tell what is at a position: `part`, or the slate. `returns`: it begins a segment that does not go on from the one
    before."""

    rendition: RenditionId
    position: int
    source: Source
    part: Part | None
    returns: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """From position `at` on, in every rendition, `source` is on air."""

    source: Source
    at: int
    returns: bool


@dataclass(slots=True, kw_only=True)
class _Feed:
    """`since`: the first position that it may give. `reached`: behind the last one it gave."""

    since: int
    dense: bool
    is_quiet: bool = False
    reached: dict[RenditionId, int] = field(default_factory=dict)
    held: dict[RenditionId, dict[int, Part]] = field(default_factory=dict)


class Selector:
    """Of an event whose segments have `parts` parts. `late`: parts that the one on air may be behind the other.

    `told`: the next position of every rendition, if something was told before: then the slate is on air.
    """

    def __init__(
        self, renditions: Sequence[RenditionId], *, parts: int, late: int, told: Mapping[RenditionId, int] | None = None
    ) -> None:  # fmt: skip
        self._renditions, self._parts, self._late = tuple(renditions), parts, late
        self._next: dict[RenditionId, int] = dict(told or {})
        self._current: dict[RenditionId, Source] = dict.fromkeys(self._next, Source.SLATE)
        self._has_begun = bool(told)
        self._feeds: dict[Source, _Feed] = {}
        self._plan: _Plan | None = None
        self._returns: set[int] = set()
        self._due = 0

    @property
    def source(self) -> Source | None:
        """Who is on air; None: nothing was told yet."""
        return self._current[self._renditions[-1]] if self._has_begun else None

    def begin(self, source: Source, *, segment: int, dense: bool) -> list[Tell]:
        """An encoder will give all parts from the beginning of `segment` on."""
        self._feeds[source] = _Feed(since=segment * self._parts, dense=dense)
        if not self._next:
            self._start(source)
        return self._go_on()

    def give(self, source: Source, position: int, part: Part) -> list[Tell]:
        """The next part of a rendition. What was told already is let go."""
        feed, rendition = self._feeds[source], part.rendition
        current = self._current[rendition]
        if not self._has_begun and current is not source and not self._feeds[current].reached:
            self._start(source)  # whoever has the first picture
        feed.reached[rendition] = position + 1
        if position >= self._next[rendition]:
            feed.held.setdefault(rendition, {})[position] = part
        waited = 0 if self._turn(rendition) in (source, Source.SLATE) else position + 1 - self._next[rendition]
        if self._plan is not None and self._comes_first(source, position, self._plan):
            self._plan = replace(self._plan, source=source)
        elif waited >= self._late and self._can_go_on(source, self._renditions):
            self._plan = None
            self._current = dict.fromkeys(self._renditions, source)
        elif waited >= self._late + self._parts:  # it could have begun a segment since
            self._without(_other(source))
        return self._go_on()

    def lost(self, source: Source) -> list[Tell]:
        """Its encoder has ended."""
        if self._feeds.pop(source, None) is None:
            return []
        if self._has_begun:
            self._without(source)
        elif source in self._current.values():
            self._next.clear()
            if (other := next(iter(self._feeds), None)) is not None:
                self._start(other)
        return self._go_on()

    def advance(self, due: int, quiet: Set[Source]) -> list[Tell]:
        """Positions below `due` are over; from who is `quiet` nothing comes, though he is there."""
        if not self._has_begun:
            return []
        self._due = due
        for source, feed in list(self._feeds.items()):
            feed.is_quiet = source in quiet
            if feed.is_quiet:
                self._without(source)
        if due - max(self._next.values()) > _LONGEST * self._parts and not self._feeds:
            self._next = dict.fromkeys(self._renditions, due // self._parts * self._parts)
        return self._go_on()

    def end(self) -> list[Tell]:
        """Nobody gives anything any more: all renditions end with the same part."""
        self._feeds.clear()
        self._plan = None
        if not self._has_begun:
            return []
        self._current = dict.fromkeys(self._renditions, Source.SLATE)
        self._due = max(self._next.values())
        return list(self._flow())

    # --- who is next ---

    def _comes_first(self, source: Source, position: int, plan: _Plan) -> bool:
        """Whether it has what the slate waits for, and the one that was to come has nothing of it."""
        planned = self._feeds[plan.source].reached.values()
        return (
            set(self._current.values()) == {Source.SLATE}
            and source is not plan.source
            and position >= plan.at >= self._feeds[source].since
            and max(planned, default=0) <= plan.at
        )

    def _start(self, source: Source) -> None:
        """Nothing was told yet, and what it gave before the one that was to begin was let go."""
        first = max(self._feeds[source].since, *self._next.values(), 0)
        self._next = dict.fromkeys(self._renditions, first)
        self._current = dict.fromkeys(self._renditions, source)

    def _without(self, source: Source) -> None:
        """It cannot go on: who can, does."""
        if self._plan is not None and self._plan.source is source:
            self._plan = None
        left = [rendition for rendition in self._renditions if self._current[rendition] is source]
        if not left:
            return
        other = _other(source)
        is_whole = Source.SLATE not in self._current.values()
        if is_whole and self._can_go_on(other, left):
            self._current.update(dict.fromkeys(left, other))
        elif self._plan is not None:  # the other one comes at a segment's beginning
            if max(self._next.values()) <= self._plan.at:
                self._plan = replace(self._plan, returns=True)
            self._current.update(dict.fromkeys(left, Source.SLATE))
        else:
            self._current = dict.fromkeys(self._renditions, Source.SLATE)

    def _can_go_on(self, source: Source, renditions: Iterable[RenditionId]) -> bool:
        """Whether it has, or will have, all that comes next."""
        feed = self._feeds.get(source)
        if feed is None or feed.is_quiet or not feed.dense:
            return False
        return feed.since <= min(self._next[rendition] for rendition in renditions)

    def _go_on(self) -> list[Tell]:
        self._look_ahead()
        told = list(self._flow())
        self._look_ahead()
        return told

    def _look_ahead(self) -> None:
        """Plan who takes over from the slate, and the primary's return."""
        if not self._has_begun or self._plan is not None:
            return
        on_air = set(self._current.values())
        ready = [source for source in (Source.PRIMARY, Source.BACKUP) if self._is_there(source)]
        if on_air == {Source.SLATE} and ready:
            self._plan = self._plan_for(ready[0], returns=True)
        elif on_air == {Source.BACKUP} and Source.PRIMARY in ready:
            reached = self._feeds[Source.PRIMARY].reached
            if all(reached.get(each, -1) >= self._next[each] - 1 for each in self._renditions):
                self._plan = self._plan_for(Source.PRIMARY, returns=False)

    def _is_there(self, source: Source) -> bool:
        feed = self._feeds.get(source)
        return feed is not None and not feed.is_quiet

    def _plan_for(self, source: Source, *, returns: bool) -> _Plan:
        free = -(-max(self._next.values()) // self._parts) * self._parts
        return _Plan(source=source, at=max(free, self._feeds[source].since), returns=returns)

    # --- what is told ---

    def _turn(self, rendition: RenditionId) -> Source:
        """Whose part comes next."""
        plan = self._plan
        return plan.source if plan is not None and self._next[rendition] >= plan.at else self._current[rendition]

    def _flow(self) -> Iterable[Tell]:
        for rendition in self._renditions if self._next else ():
            until = self._next[rendition] + _AT_ONCE * self._parts
            while (told := self._step(rendition, until)) is not None:
                yield told
        if self._plan is not None and min(self._next.values()) > self._plan.at:
            self._plan = None
            self._returns.clear()

    def _step(self, rendition: RenditionId, until: int) -> Tell | None:
        at, plan = self._next[rendition], self._plan
        source, part = self._turn(rendition), None
        if source is Source.SLATE:
            if at >= min(self._due, until):
                return None
        elif (part := self._feeds[source].held.get(rendition, {}).get(at)) is None:
            return None
        if plan is not None and plan.returns and at == plan.at:
            self._returns.add(at)
        for feed in self._feeds.values():
            feed.held.get(rendition, {}).pop(at, None)
        self._next[rendition], self._current[rendition], self._has_begun = at + 1, source, True
        return Tell(rendition=rendition, position=at, source=source, part=part, returns=at in self._returns)


def _other(source: Source) -> Source:
    return Source.BACKUP if source is Source.PRIMARY else Source.PRIMARY

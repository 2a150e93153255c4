"""What a live event shows: the parts of its publishers, and the slate where they have none. It waits for nobody.

Encoders hand over what they make; the selector says whose parts are told, the packager tells them. On the clock goes
only the slate: a part of it is told when its time is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transcoder.live.metrics import TURNS
from transcoder.live.selector import Selector, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Set

    from manifests.layout import RenditionId
    from transcoder.live.event import LiveEvent
    from transcoder.live.packager import Packager
    from transcoder.live.part import Part
    from transcoder.live.selector import Tell
    from transcoder.live.slate import Slate

_LISTED: Final = 8
"""Segments whose parts are told one by one, more than are ever listed: of what is older nobody loads parts."""


class OnAir:
    """`packager`: with what was told of the event before. `clock`: ms since the epoch."""

    def __init__(self, event: LiveEvent, packager: Packager, *, clock: Callable[[], int]) -> None:
        self.event, self._packager, self._clock = event, packager, clock
        self.slate: Slate | None = None
        """None as long as it is being made: until then time stands still when nobody publishes."""
        self._counted: Source | None = None
        self._inits: dict[Source, dict[RenditionId, str]] = {}
        # A second: what players hold of what is to come.
        late = max(2, round(1 / event.grid.part_s))
        self._selector = Selector(event.renditions, parts=event.grid.parts, late=late, told=packager.told)

    @property
    def source(self) -> Source | None:
        """Who is on air; None: nothing was told yet."""
        return self._selector.source

    def join(self, source: Source, *, segment: int, dense: bool) -> Joined:
        """An encoder begins, and will give all parts from the beginning of `segment` on."""
        self._inits[source] = {}
        self._tell(self._selector.begin(source, segment=segment, dense=dense))
        return Joined(self, source)

    def leave(self, source: Source) -> None:
        """It has ended."""
        self._tell(self._selector.lost(source))

    def tick(self, quiet: Set[Source]) -> None:
        """Time goes by; from who is `quiet` nothing comes, though he is there."""
        if self.slate is not None:
            self._tell(self._selector.advance(self._due(), quiet))

    def close(self) -> None:
        """Nothing comes any more: tell what there is, in all renditions to the same part."""
        self._tell(self._selector.end())

    def end(self) -> None:
        """End the event."""
        self.close()
        self._packager.end()

    def init(self, source: Source, rendition: RenditionId, body: bytes) -> None:
        self._inits[source][rendition] = self._packager.init(rendition, body)

    def part(self, source: Source, part: Part) -> None:
        track = self.event.track(part.rendition)
        self._tell(self._selector.give(source, part.start // track.part, part))

    def _tell(self, tells: Iterable[Tell]) -> None:
        if (source := self.source) is not None and source is not self._counted:
            TURNS.labels(source.value).inc()
            self._counted = source
        past = self._due() - _LISTED * self.event.grid.parts
        for tell in tells:
            part, init = tell.part, ""
            if part is not None:
                init = self._inits[tell.source][tell.rendition]
            elif self.slate is not None:
                part = self.slate.part(self.event, tell.rendition, divmod(tell.position, self.event.grid.parts))
                init = self._packager.init(tell.rendition, self.slate.inits[tell.rendition])
            if part is not None:
                is_past = tell.part is None and tell.position < past
                self._packager.part(part, init=init, returns=tell.returns, is_past=is_past)

    def _due(self) -> int:
        """Positions below it are over."""
        grid = self.event.grid
        return self._clock() * grid.rate // (1000 * grid.part)


class Joined:
    """What one encoder hands over (`Packaging` of run.py)."""

    def __init__(self, on_air: OnAir, source: Source) -> None:
        self._on_air, self._source = on_air, source

    def init(self, rendition: RenditionId, body: bytes) -> None:
        self._on_air.init(self._source, rendition, body)

    def part(self, part: Part) -> None:
        self._on_air.part(self._source, part)

"""What is measured of one publisher while his bytes pass by."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from streaming.live.health.cadence import Cadence, Grid
from streaming.live.health.flv import FlvScanner
from streaming.live.health.metrics import BYTES, CLOCK_CORRECTED, CLOCK_DRIFT, DROPPED, FILLED, FRAMES
from streaming.live.health.mp4 import Mp4Scanner
from streaming.live.health.report import PublisherHealth, WayIn, moment
from streaming.live.health.ts import TsScanner
from streaming.live.health.warnings import Lately
from streaming.live.ingest.publisher import Container, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from manifests.layout import RenditionId
    from streaming.live.health.picture import Scanner
    from streaming.live.ingest.publisher import Publisher
    from transcoder.live.argv import Origin
    from transcoder.live.arrivals import Arrivals
    from transcoder.live.event import LiveEvent
    from transcoder.live.opening import Opening
    from transcoder.live.part import Part
    from transcoder.live.restarts import Restarts
    from transcoder.live.run import Packaging
    from transcoder.live.timing.keeper import Timekeeper

_SCANNERS: Final[Mapping[Container, type[Scanner]]] = {
    Container.FLV: FlvScanner, Container.MPEG_TS: TsScanner, Container.MP4: Mp4Scanner,
}  # fmt: skip
_WAYS: Final[Mapping[Way, WayIn]] = {
    Way.RTMP: "rtmp", Way.GATEWAY: "rtmp", Way.SRT: "srt", Way.CMAF: "http", Way.HLS: "http",
}  # fmt: skip
_WINDOW_MS: Final = 5000
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """What had come by a moment (ms)."""

    at: int
    received: int
    frames: int
    dropped: int
    filled: int


class Gauge:
    """Of one publication: `take` what is sent, `settle` what it turned out to be, `look` once a second.

    `clock`: ms since the epoch.
    """

    def __init__(
        self, publisher: Publisher, arrivals: Arrivals, restarts: Restarts, keeper: Timekeeper,
        clock: Callable[[], int],
    ) -> None:  # fmt: skip
        self._publisher, self._arrivals, self._restarts, self._clock = publisher, arrivals, restarts, clock
        self._keeper = keeper
        self._scanner = _SCANNERS[publisher.container]()
        self._cadence = Cadence()
        self._since = self._last_ms = clock()
        self._received = 0
        self._sums = deque([_Sums(at=self._since, received=0, frames=0, dropped=0, filled=0)])
        self._opening: Opening | None = None
        self._event: LiveEvent | None = None
        self._behind: int | None = None

    def take(self, body: bytes) -> None:
        self._received += len(body)
        self._last_ms = self._clock()
        timescale = self._scanner.timescale
        for picture in self._scanner.feed(body):
            self._cadence.add(picture, timescale=timescale or self._scanner.timescale)

    def settle(self, opening: Opening, event: LiveEvent, origin: Origin) -> None:
        """What is made of the stream, and where it lies on the grid."""
        self._opening, self._event = opening, event
        scale = self._scanner.timescale
        if scale:
            # As ffmpeg moves a stream to where it is to begin: in whole ticks of its clock.
            shift = Fraction((origin.phase * 1000 - opening.start) * scale, _MICROSECONDS)
            rate = Fraction(event.grid.rate, 2 if opening.interlaced else 1)
            self._cadence.settle(Grid(rate=rate, zero=-round(shift), timescale=scale))

    def begin_again(self, arrivals: Arrivals) -> None:
        """What comes from the next key picture on is for another encoder."""
        self._arrivals, self._behind = arrivals, None
        self._cadence.begin_again()

    def watched(self, packaging: Packaging) -> Packaging:
        """The same, with a look at the clock at each part."""
        return _Watched(self, packaging)

    def handed_out(self, part: Part) -> None:
        event = self._event
        if event is not None and part.rendition == event.rungs[-1].id:
            end = event.track(part.rendition).ms(part.start + part.duration)
            self._behind = max(0, self._clock() - end)

    def look(self, now: int) -> tuple[PublisherHealth, Lately, float]:
        """How things are, what was lately, and for how many seconds nothing has come."""
        cadence, scale = self._cadence, self._scanner.timescale
        sums = _Sums(
            at=now, received=self._received, frames=cadence.frames, dropped=cadence.dropped, filled=cadence.filled
        )  # fmt: skip
        self._count(sums)
        self._tell_clock()
        self._sums.append(sums)
        while len(self._sums) > 2 and self._sums[1].at <= now - _WINDOW_MS:
            self._sums.popleft()
        before = self._sums[0]
        opening, silent_s = self._opening, (now - self._last_ms) / 1000
        comes = sums.frames > before.frames
        stated = None if opening is None else opening.rate / (2 if opening.interlaced else 1)
        health = PublisherHealth(
            place=self._publisher.place,
            way=_WAYS[self._publisher.way],
            since=moment(self._since),
            bitrate_bps=(sums.received - before.received) * 8000 // (now - before.at) if now > before.at else None,
            width=None if opening is None else opening.width,
            height=None if opening is None else opening.height,
            frame_rate=None if stated is None else round(float(stated), 3),
            measured_frame_rate=_rounded(cadence.rate(scale), 2) if comes else None,
            keyframe_interval_s=_rounded(cadence.key_interval(scale), 3),
            video_codec=None if opening is None else opening.video_codec,
            audio_codec=None if opening is None else opening.audio_codec or None,
            frames=cadence.frames or None,
            dropped_frames=cadence.dropped if cadence.is_placed else None,
            filled_frames=cadence.filled if cadence.is_placed else None,
            behind_ms=self._behind,
            last_bytes_at=moment(self._last_ms) if self._received else None,
            encoder_restarts=self._restarts.count,
            clock_drift_ppm=self._keeper.ppm,
            clock_corrected_ms=None if self._keeper.made_up is None else round(self._keeper.made_up / 1000),
        )
        lately = Lately(
            frames=sums.frames - before.frames, filled=sums.filled - before.filled, held=self._arrivals.held,
            has_grid_rate=self._has_grid_rate(), restarts=self._restarts.lately(now),
            lacks_picture=self._keeper.presence.lacks_picture(now), lacks_sound=self._keeper.presence.lacks_sound(now),
            sounds=1 if opening is None else opening.sounds, captions=opening is not None and opening.captions,
        )  # fmt: skip
        return health, lately, silent_s

    def close(self) -> None:
        """The publisher is gone."""
        for metric in (CLOCK_DRIFT, CLOCK_CORRECTED):
            with suppress(KeyError):
                metric.remove(self._publisher.channel, self._publisher.place.value)

    def _tell_clock(self) -> None:
        who = (self._publisher.channel, self._publisher.place.value)
        if self._keeper.ppm is not None:
            CLOCK_DRIFT.labels(*who).set(self._keeper.ppm)
        if self._keeper.made_up is not None:
            CLOCK_CORRECTED.labels(*who).set(self._keeper.made_up / _MICROSECONDS)

    def _has_grid_rate(self) -> bool:
        opening, event = self._opening, self._event
        return opening is not None and event is not None and abs(opening.rate - event.grid.rate) * 100 < event.grid.rate

    def _count(self, sums: _Sums) -> None:
        last, place = self._sums[-1], self._publisher.place.value
        BYTES.labels(place).inc(sums.received - last.received)
        FRAMES.labels(place).inc(sums.frames - last.frames)
        DROPPED.labels(place).inc(sums.dropped - last.dropped)
        FILLED.labels(place).inc(sums.filled - last.filled)


class _Watched:
    """`Packaging`."""

    def __init__(self, gauge: Gauge, packaging: Packaging) -> None:
        self._gauge, self._packaging = gauge, packaging

    def init(self, rendition: RenditionId, body: bytes) -> None:
        self._packaging.init(rendition, body)

    def part(self, part: Part) -> None:
        self._packaging.part(part)
        self._gauge.handed_out(part)


def _rounded(number: float | None, digits: int) -> float | None:
    return None if number is None else round(number, digits)

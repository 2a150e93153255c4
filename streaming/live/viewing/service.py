"""Watching: what is asked of a live channel, answered as soon as it is there. Any API process serves any channel."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, assert_never

from infra.ports import ByteStream, ObjectBody
from manifests import media_types
from manifests.dash.live_mpd import clock_of
from manifests.errors import LiveError
from manifests.hls import date_time
from manifests.live import decide
from manifests.live.decide import Deliver, Refuse, Wait
from manifests.live.names import InitName, PartName, SegmentName
from manifests.live.splices import with_splices
from streaming.http.problem import BadRequest, NotFound
from streaming.http.ranges import ByteRange
from streaming.live.viewing.before import is_left
from streaming.live.viewing.errors import (
    EventUnknown,
    LiveMediaNotFound,
    LiveRenditionNotFound,
    NothingLive,
    PartLate,
    WrongDirectives,
)
from streaming.live.viewing.growing import grow
from streaming.live.viewing.written import Written
from streaming.playback.errors import NoIFrames
from streaming.playback.playlists import RenderedPlaylist, rendered
from transcoder.live.board import BODY_S, RECENT
from transcoder.live.iframes import shown_in_trick_play
from transcoder.live.mpd import live_mpd, low_latency_mpd
from transcoder.live.multivariant import multivariant

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from datetime import datetime

    from manifests.dash.live_mpd import LiveMpd
    from manifests.layout import ChannelId, RenditionId
    from manifests.live.decide import Decision
    from manifests.live.directives import Directives
    from manifests.live.names import MediaName
    from manifests.live.state import LiveRendition, LiveSegment
    from manifests.live.timeline import Timeline
    from streaming.http.problem import ApiError
    from streaming.live.viewing.bodies import Bodies
    from streaming.live.viewing.follower import Follower, Followers
    from transcoder.live.event import LiveEvent

_CLOCK: Final = "../time"
"""Where players of Low-Latency DASH ask for the time, seen from their MPD."""
_QUIET: Final = 1.25
"""Parts; who waits hears of something with every part, or asks."""
_OF_STATUS: Final[dict[int, type[ApiError]]] = {400: WrongDirectives, 404: LiveMediaNotFound, 503: PartLate}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A playlist, or the bytes of media (`body` with its `tag`, an object of the bucket, or a segment that grows), and
    how long a cache may keep it. `part`: `stored` is this range of the object."""

    cache_control: str
    playlist: RenderedPlaylist | None = None
    body: bytes | None = None
    tag: str = ""
    stored: ObjectBody | None = None
    growing: ByteStream | None = None
    part: ByteRange | None = None


class Viewing:
    """`clock`: ms since the epoch."""

    def __init__(self, followers: Followers, bodies: Bodies, *, clock: Callable[[], int]) -> None:
        self._followers, self._bodies, self._clock = followers, bodies, clock
        self._written = Written()
        self._multivariants: dict[ChannelId, tuple[object, RenderedPlaylist]] = {}
        self._mpds: dict[tuple[ChannelId, bool], tuple[tuple[LiveEvent, object, Timeline], LiveMpd]] = {}

    async def multivariant(self, channel: ChannelId) -> RenderedPlaylist:
        """Raises NothingLive."""
        follower, event = await self._event(channel)
        if len(follower.states) < len(event.renditions):
            raise NothingLive
        kept = self._multivariants.get(channel)
        pictures = [follower.states[name] for name in shown_in_trick_play(event)]
        seen = (event, [(state.last_whole, state.ended) for state in pictures])
        if kept is None or kept[0] != seen:
            kept = self._multivariants[channel] = (seen, rendered(multivariant(event, follower.states).render()))
        return kept[1]

    def now(self) -> datetime:
        return date_time.from_ms(self._clock())

    async def mpd(self, channel: ChannelId, *, low_latency: bool = False) -> RenderedPlaylist:
        """Of whole segments, and made anew for each request, since it tells the time; or with `low_latency`.

        Raises NothingLive.
        """
        follower, event = await self._event(channel)
        with suppress(EventUnknown):  # players of DASH give up at a 503, and stand an older MPD
            await follower.confirm()
        if len(follower.states) < len(event.renditions):
            raise NothingLive
        now = self._clock()
        seen = tuple(
            (state.media_sequence, state.number, state.growing is None, state.ended)
            for state in follower.states.values()
        )
        kept = self._mpds.get((channel, low_latency))
        timeline = follower.marks.present(follower.states.values(), now_ms=now)
        if kept is None or kept[0] != (event, seen, timeline):
            try:
                if low_latency:
                    made = low_latency_mpd(event, follower.states, clock_url=_CLOCK)
                else:
                    made = live_mpd(event, follower.states, now_ms=now)
            except LiveError as exc:
                raise NothingLive from exc
            made = with_splices(made, timeline.tags())
            kept = self._mpds[channel, low_latency] = ((event, seen, timeline), made)
        told = kept[1] if low_latency else replace(kept[1], clock=clock_of(date_time.from_ms(now)))
        return rendered(told.render())

    async def playlist(self, channel: ChannelId, rendition: RenditionId, asked: Directives) -> Answer:
        """Waits for what is asked. Raises NothingLive, LiveRenditionNotFound, WrongDirectives, PartLate,
        EventUnknown."""
        follower, decision = await self._decided(
            channel, rendition, lambda state, arrived, now: decide.playlist(
                state, asked, arrived_ms=arrived, now_ms=now
            ), is_certain=asked.blocks,
        )  # fmt: skip
        text = self._written.media(follower, rendition, decision.skip, now_ms=self._clock())
        return Answer(cache_control=decision.cache_control, playlist=text)

    async def iframe_playlist(self, channel: ChannelId, rendition: RenditionId, asked: Directives) -> Answer:
        """Waits for what is asked. Raises NothingLive, LiveRenditionNotFound, NoIFrames, WrongDirectives, PartLate,
        EventUnknown."""
        _, event = await self._event(channel)
        if rendition in event.renditions and rendition not in shown_in_trick_play(event):
            raise NoIFrames
        follower, decision = await self._decided(
            channel, rendition, lambda state, arrived, now: decide.iframes(
                state, asked, arrived_ms=arrived, now_ms=now
            ), is_certain=asked.blocks,
        )  # fmt: skip
        text = self._written.iframes(follower, rendition, decision.skip, now_ms=self._clock())
        return Answer(cache_control=decision.cache_control, playlist=text)

    async def timeline(self, channel: ChannelId) -> tuple[int, Timeline]:
        """The number of the event, and what its playlists say besides. Raises NothingLive."""
        follower, event = await self._event(channel)
        return event.number, follower.marks.present(follower.states.values(), now_ms=self._clock())

    async def media(
        self, channel: ChannelId, rendition: RenditionId, name: MediaName, *, whole: bool = True,
        range_header: str | None = None,
    ) -> Answer:  # fmt: skip
        """Waits for a part that was hinted at, and for a segment: for all of it if the `whole` is wanted, else for its
        first part. `range_header`: which bytes are enough, of what comes from the bucket.

        Raises NothingLive, LiveRenditionNotFound, LiveMediaNotFound, PartLate, EventUnknown; RangeNotSatisfiable;
        ObjectStoreError.
        """
        follower, present = await self._event(channel)
        if is_left(present, follower.states.values(), rendition, now_ms=self._clock()):
            return await self._left(present, rendition, name, range_header)
        follower, decision = await self._decided(
            channel, rendition, lambda state, arrived, now: decide.media(
                state, name, arrived_ms=arrived, now_ms=now, whole=whole
            ),
        )  # fmt: skip
        event, state = follower.event, follower.states[rendition]
        if event is None:
            raise NothingLive
        body: bytes | None = None
        stored: ObjectBody | None = None
        growing: ByteStream | None = None
        part: ByteRange | None = None
        match name:
            case PartName():
                segment = state.segment(name.number)
                if segment is None:
                    body = await self._bodies.left_part(event, rendition, name)
                else:
                    body = await self._bodies.part(event, rendition, segment, name.index)
            case SegmentName():
                segment = state.segment(name.number)
                if segment is not None and segment is state.growing:
                    growing = await self._growing(follower, event, rendition, segment)
                elif segment is not None and segment.parts:
                    body = await self._bodies.recent(event, rendition, segment)
                if body is None and growing is None:
                    stored, part = await self._bodies.stored(event, rendition, name.number, range_header=range_header)
                if stored is None and segment is not None and not segment.parts:
                    # Listed long ago, and not in the bucket yet, which took nothing: its parts may still be kept.
                    body = await self._bodies.recent(event, rendition, segment)
            case InitName():
                body = await self._bodies.init(event, rendition, name.name)
            case _:
                assert_never(name)
        if body is None and stored is None and growing is None:
            if _is_recent(state, name, self._clock()):
                raise PartLate("It is listed, and on its way: ask again.")
            raise _refusal(decide.unknown(state.pace))
        tag = "" if body is None else self._bodies.tag(body)
        return Answer(
            cache_control=decision.cache_control, body=body, tag=tag, stored=stored, growing=growing, part=part
        )  # fmt: skip

    async def _left(
        self, present: LiveEvent, rendition: RenditionId, name: MediaName, range_header: str | None
    ) -> Answer:  # fmt: skip
        """Of the event before the present one, which is in the bucket. Raises LiveMediaNotFound."""
        body: bytes | None = None
        stored: ObjectBody | None = None
        part: ByteRange | None = None
        if isinstance(name, SegmentName):
            stored, part = await self._bodies.stored(present, rendition, name.number, range_header=range_header)
        elif isinstance(name, InitName):
            body = await self._bodies.init(present, rendition, name.name)
        if body is None and stored is None:
            raise LiveMediaNotFound
        tag = "" if body is None else self._bodies.tag(body)
        return Answer(cache_control=media_types.IMMUTABLE, body=body, tag=tag, stored=stored, part=part)

    async def _growing(
        self, follower: Follower, event: LiveEvent, rendition: RenditionId, segment: LiveSegment
    ) -> AsyncGenerator[bytes] | None:
        """None: its first part is lost."""
        first = await self._bodies.part(event, rendition, segment, 0)
        if first is None:
            return None
        return grow(
            first, segment.number, rendition=rendition, event=event, follower=follower, bodies=self._bodies,
            patience_s=decide.BLOCKED * follower.states[rendition].pace.target_duration,
        )  # fmt: skip

    async def _event(self, channel: ChannelId) -> tuple[Follower, LiveEvent]:
        follower = await self._followers.of(channel)
        if follower.event is None:
            raise NothingLive
        return follower, follower.event

    async def _decided(
        self, channel: ChannelId, rendition: RenditionId, ask: Callable[[LiveRendition, int, int], Decision],
        *, is_certain: bool = True,
    ) -> tuple[Follower, Deliver]:  # fmt: skip
        """`is_certain`: what is here answers it, if it is here: another process may know more, and say the same.

        Nothing else is said, and nothing is refused, before Redis was asked. Raises EventUnknown if it does not answer.
        """
        if is_certain:
            with suppress(NotFound, BadRequest):
                return await self._waited(channel, rendition, ask)
        await (await self._followers.of(channel)).confirm()
        return await self._waited(channel, rendition, ask)

    async def _waited(
        self, channel: ChannelId, rendition: RenditionId, ask: Callable[[LiveRendition, int, int], Decision]
    ) -> tuple[Follower, Deliver]:
        """Ask again at every change of the rendition, until it can be delivered."""
        arrived = self._clock()
        while True:
            follower, event = await self._event(channel)
            state = follower.states.get(rendition)
            if state is None:
                raise NothingLive if rendition in event.renditions else LiveRenditionNotFound
            now = self._clock()
            decision = ask(state, arrived, now)
            match decision:
                case Deliver():
                    return follower, decision
                case Wait(until_ms=until):
                    quiet_s = min((until - now) / 1000, _QUIET * float(state.pace.part_target))
                    if not await follower.changed(rendition, within_s=max(0.001, quiet_s)):
                        with suppress(EventUnknown):  # who waits until it is too late is told so then
                            await follower.confirm()
                case Refuse():
                    raise _refusal(decision)
                case _:
                    assert_never(decision)


def _is_recent(state: LiveRendition, name: MediaName, now_ms: int) -> bool:
    """Whether it is so new that it may be on its way into the bucket yet, and Redis lost it."""
    if isinstance(name, InitName):
        return name.name == state.init or any(each.init == name.name for each in state.segments[-RECENT:])
    segment, pace = state.segment(name.number), state.pace
    if segment is None:  # it left the playlist, or it never was in this event
        if isinstance(name, PartName):
            return False
        ended_ms = pace.ms((name.number + 1) * pace.parts * pace.part)
        return name.number >= state.first and now_ms - ended_ms < 1000 * BODY_S
    return segment.ended_ms is None or now_ms - segment.ended_ms < 1000 * BODY_S


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def _refusal(refused: Refuse) -> ApiError:
    reason = refused.reason
    headers = {"Cache-Control": refused.cache_control}
    return _OF_STATUS[reason.status](reason.sentence, headers=headers, reason=reason.name.lower())

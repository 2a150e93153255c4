"""What is known of a live event in Redis: under which names, and in which form.

    channel:live:{channel}                        wake-ups: a rendition, a line break, its tail
    channel:live:{channel}:event                  what the event is made of
    channel:live:{channel}:{event}:finishing      its end is on its way into the bucket
    channel:live:{channel}:health                 how its publishers are, each second
    channel:live:{channel}:slate                  what is shown while nobody publishes
    channel:live:{channel}:{rendition}:tail       its state, with the last segments
    channel:live:{channel}:{rendition}:past       the segments before those, one an entry, oldest first
    channel:live:{channel}:{rendition}:turn       which write the tail is of
    channel:live:{channel}:{rendition}:{name}     an init section
    channel:live:{channel}:{rendition}:{n}.{i}    part i of segment n

Each part replaces the tail, so it is short; an API process keeps the past, and reads it again only where it missed
something.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Final

import msgspec

from manifests.live.state import LiveRendition, LiveSegment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.layout import ChannelId, RenditionId

RECENT: Final = 8
"""Whole segments in a tail: more than have parts that are listed."""

BODY_S: Final = 60
"""How long parts are kept: six target durations behind the edge and some time to spare (RFC 8216bis §6.2.2)."""


GONE: Final = b"gone"
"""The wake-up that says that the channel was deleted, with all that was known of it."""


def wake_up(channel: ChannelId) -> str:
    return f"channel:live:{channel}"


OVER: Final = "channel:live:over"
"""The wake-up for whoever records: an event is over, and all of it in the bucket. Its message is `over(…)`."""


def over(channel: ChannelId, event: int) -> bytes:
    return f"{channel}/{event}".encode()


def finishing_key(channel: ChannelId, event: int) -> str:
    """There as long as somebody still brings the end of an event into the bucket."""
    return f"channel:live:{channel}:{event}:finishing"


def event_key(channel: ChannelId) -> str:
    return f"channel:live:{channel}:event"


def health_key(channel: ChannelId) -> str:
    return f"channel:live:{channel}:health"


def slate_key(channel: ChannelId) -> str:
    return f"channel:live:{channel}:slate"


def tail_key(channel: ChannelId, rendition: RenditionId) -> str:
    return f"channel:live:{channel}:{rendition}:tail"


def past_key(channel: ChannelId, rendition: RenditionId) -> str:
    return f"channel:live:{channel}:{rendition}:past"


def turn_key(channel: ChannelId, rendition: RenditionId) -> str:
    return f"channel:live:{channel}:{rendition}:turn"


def init_key(channel: ChannelId, rendition: RenditionId, name: str) -> str:
    return f"channel:live:{channel}:{rendition}:{name}"


def part_key(channel: ChannelId, rendition: RenditionId, number: int, index: int) -> str:
    return f"channel:live:{channel}:{rendition}:{number}.{index}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """`first`: number of the first segment of all; `state` without those that are past."""

    first: int
    state: LiveRendition


def tail_of(state: LiveRendition) -> Tail:
    return Tail(first=state.media_sequence, state=replace(state, segments=state.segments[-RECENT:]))


def dump_tail(state: LiveRendition) -> bytes:
    return msgspec.json.encode(tail_of(state))


def load_tail(body: bytes) -> Tail:
    """Raises msgspec.DecodeError."""
    return msgspec.json.decode(body, type=Tail)


def dump_segment(segment: LiveSegment) -> bytes:
    return msgspec.json.encode(replace(segment, parts=()))


def load_segment(body: bytes) -> LiveSegment:
    """Raises msgspec.DecodeError."""
    return msgspec.json.decode(body, type=LiveSegment)


def joined(past: Sequence[LiveSegment], tail: Tail) -> LiveRendition | None:
    """The whole state, from a tail and segments that were known before; None: some between them are missing."""
    begin = tail.state.media_sequence
    # What came in the meantime of a packager that was away was never told: numbers may be missing in what is past.
    start, stop = (bisect_left(past, number, key=attrgetter("number")) for number in (tail.first, begin))
    older = tuple(past[start:stop])
    if len(older) != begin - tail.first:
        return None
    return replace(tail.state, segments=(*older, *tail.state.segments))

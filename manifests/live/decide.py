"""Whether a request is answered now, waits, or is refused (RFC 8216bis §6.2.5.2, §6.2.6, §B.1).

    playlist(state, directives, arrived_ms, now_ms)    ─▶ Deliver | Wait | Refuse
    iframes(state, directives, arrived_ms, now_ms)     ─▶ Deliver | Wait | Refuse
    media(state, name, arrived_ms, now_ms, whole)      ─▶ Deliver | Wait | Refuse

Who gets Wait asks again when the state has changed, and at `until_ms`: by then the answer is another. So every process
that has the state gives the same answers, and whoever waits holds nothing but a connection.

How long a cache may keep an answer follows §B.1, but for answers that say "not yet". Somebody who asks for what is to
come, a moment too early, would put a refusal into a shared cache for everybody who asks in time. They are not kept.

A segment that grows is delivered as it grows, to players of Low-Latency DASH. Those ask for segments by the clock of
the world, and an encoder may be behind it: what should have begun is waited for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from manifests import media_types
from manifests.live.names import InitName, MediaName, PartName, SegmentName
from manifests.live.updates import Skipping

if TYPE_CHECKING:
    from manifests.live.directives import Directives
    from manifests.live.state import LiveRendition, Pace

BLOCKED: Final = 3
"""Target durations that a request is held at the most (§6.2.5.2)."""
AHEAD: Final = 2
"""Segments behind the last whole one that may be waited for (§6.2.5.2)."""
NO_STORE: Final = "no-store"


class Reason(Enum):
    """Why a request is refused; the status is what players and caches see."""

    PART_WITHOUT_MSN = (400, "_HLS_part needs _HLS_msn.")
    NO_PARTS = (400, "A playlist of I-frames has no parts to wait for: _HLS_msn alone asks for what comes.")
    TOO_FAR_AHEAD = (400, "What is asked for is too far ahead of what there is.")
    NOT_YET = (503, "What was waited for did not come in time.")
    UNKNOWN = (404, "There is no such part or segment, or not any more.")
    NOT_HINTED = (404, "Nothing has been said of this part or segment yet.")

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        self.sentence = sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """Answer with what there is: of a playlist, `skip` says in which form."""

    cache_control: str
    skip: Skipping | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Until there is part `part` of segment `msn`; None: until that segment is whole. Ask again at `until_ms`."""

    msn: int
    part: int | None
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    reason: Reason
    cache_control: str = NO_STORE


Decision: TypeAlias = Deliver | Wait | Refuse


def playlist(state: LiveRendition, directives: Directives, *, arrived_ms: int, now_ms: int) -> Decision:
    """For a playlist with parts. `arrived_ms`: when the request came."""
    target = state.pace.target_duration
    if state.ended:  # whatever is asked for, more will not come (§6.2.5.1, §6.2.5.2)
        return Deliver(cache_control=_plain(target))
    if directives.msn is None:
        if directives.part is not None:
            return Refuse(reason=Reason.PART_WITHOUT_MSN, cache_control=_kept(4 * target))
        if state.last_whole is None:  # hls.js 1.7 fails at the reload of a playlist that had parts and no segment
            return _wait(state, state.number, None, arrived_ms, now_ms)
        return Deliver(cache_control=_plain(target), skip=directives.skip)
    if _is_there(state, directives.msn, directives.part):
        return Deliver(cache_control=_kept(6 * target), skip=directives.skip)
    if _is_too_far(state, directives.msn, directives.part):
        return Refuse(reason=Reason.TOO_FAR_AHEAD)
    return _wait(state, directives.msn, directives.part, arrived_ms, now_ms)


def iframes(state: LiveRendition, directives: Directives, *, arrived_ms: int, now_ms: int) -> Decision:
    """For a playlist of I-frames, which has no parts: a segment is waited for, a part of it would never come."""
    if directives.part is not None and not state.ended:
        return Refuse(reason=Reason.NO_PARTS, cache_control=_kept(4 * state.pace.target_duration))
    return playlist(state, directives, arrived_ms=arrived_ms, now_ms=now_ms)


def media(state: LiveRendition, name: MediaName, *, arrived_ms: int, now_ms: int, whole: bool = True) -> Decision:
    """For a segment, a part or an init section that a playlist of the rendition names, or hints at. `whole`: all of a
    segment is wanted at once; else one part of it is enough to begin with."""
    match name:
        case PartName():
            return _part(state, name, arrived_ms, now_ms)
        case SegmentName():
            return _segment(state, name, arrived_ms, now_ms, whole=whole)
        case InitName():  # it is stored before anything names it, so there is nothing to wait for
            return Deliver(cache_control=media_types.IMMUTABLE)
        case _:
            assert_never(name)


def unknown(pace: Pace) -> Refuse:
    """For what nobody has: it was never there, or it is kept no more."""
    return Refuse(reason=Reason.UNKNOWN, cache_control=_kept(pace.target_duration))


def _part(state: LiveRendition, name: PartName, arrived_ms: int, now_ms: int) -> Decision:
    segment = state.segment(name.number)
    if segment is not None and name.index < segment.count:
        # Who has read the state anew has old segments without parts: theirs may be kept (§6.2.2).
        is_kept = not segment.gap and (not segment.parts or name.index < len(segment.parts))
        return Deliver(cache_control=media_types.IMMUTABLE) if is_kept else unknown(state.pace)
    if state.first <= name.number < state.media_sequence:  # it left with its segment: it may be kept too (§6.2.2)
        return Deliver(cache_control=media_types.IMMUTABLE)
    if state.ended or name.number < state.number:  # its segment has ended without it (§6.2.6)
        return unknown(state.pace)
    # Another process may have hinted at it already: they hear of a part a moment apart.
    if name.index < state.pace.parts and not _is_too_far(state, name.number, name.index):
        return _wait(state, name.number, name.index, arrived_ms, now_ms)
    return Refuse(reason=Reason.NOT_HINTED)


def _segment(state: LiveRendition, name: SegmentName, arrived_ms: int, now_ms: int, *, whole: bool) -> Decision:
    """One that left the playlist is there as long as the store has it: players may be behind (§6.2.2)."""
    if name.number >= state.number:
        if state.ended:
            return unknown(state.pace)
        if _is_too_far(state, name.number, None) and not _is_due(state.pace, name.number, now_ms):
            return Refuse(reason=Reason.NOT_HINTED)
        if whole or state.growing is None or name.number != state.growing.number:
            return _wait(state, name.number, None if whole else 0, arrived_ms, now_ms)
    segment = state.segment(name.number)
    if segment is not None and segment.gap:
        return unknown(state.pace)
    return Deliver(cache_control=media_types.IMMUTABLE)


def _is_due(pace: Pace, number: int, now_ms: int) -> bool:
    """Whether the time of a segment has come: they are counted from the epoch."""
    return pace.ms(number * pace.parts * pace.part) <= now_ms


def _is_there(state: LiveRendition, msn: int, part: int | None) -> bool:
    """A part index behind the last one of a segment means the first part of the next: so positions are compared."""
    if part is None:
        return state.last_whole is not None and state.last_whole >= msn
    return state.last_part is not None and state.last_part >= (msn, part)


def _is_too_far(state: LiveRendition, msn: int, part: int | None) -> bool:
    last_whole = state.number - 1 if state.last_whole is None else state.last_whole
    if msn > last_whole + AHEAD:
        return True
    # §6.2.5.2: 3 / PART-TARGET parts where that is below a second, and three otherwise. In a segment of which there is
    # nothing yet they are counted from its beginning: hls.js adds parts to an index and never carries them over.
    limit = 3 * state.pace.timescale // state.pace.part if state.pace.part < state.pace.timescale else 3
    last_msn, last_part = state.last_part or (state.number, -1)
    return part is not None and part - (last_part if msn == last_msn else 0) > limit


def _wait(state: LiveRendition, msn: int, part: int | None, arrived_ms: int, now_ms: int) -> Wait | Refuse:
    until_ms = arrived_ms + 1000 * BLOCKED * state.pace.target_duration
    return Wait(msn=msn, part=part, until_ms=until_ms) if now_ms < until_ms else Refuse(reason=Reason.NOT_YET)


def _plain(target: int) -> str:
    return _kept(max(1, target // 2))


def _kept(seconds: int) -> str:
    return f"public, max-age={seconds}"

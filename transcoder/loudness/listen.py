"""Listening to a source: what settles the gain of a rendition before it is made, and what tells it exactly after."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import anyio

from transcoder.errors import OutputBroken, SandboxError
from transcoder.facts import find_gain, read_profile, write_gain
from transcoder.loudness.gain import AS_IT_IS, Gain, stretches
from transcoder.loudness.measure import Heard, measure, together
from transcoder.loudness.rule import gain_for, is_limited, made_up
from transcoder.loudness.verdict import TrackLoudness
from transcoder.plan import AAC_FRAME
from transcoder.sources.spans import SMALL, prepare, prepare_sound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcoder.inputs import Reading
    from transcoder.parts import TranscoderParts
    from transcoder.plan import AudioPlan, Plan
    from transcoder.sources.source import OpenSource

log = logging.getLogger(__name__)

_PIECE_S: Final = 1200
"""Seconds that one process listens to: it is done long before its wall clock runs out."""
_TRIES: Final = 2
"""How often the limiter's loss is made up for, …"""
_NEAR: Final = 0.2
"""… and LU that are not worth another try."""


async def with_gain(
    parts: TranscoderParts, plan: Plan, track: AudioPlan, source: OpenSource, *, nice: int = 0
) -> AudioPlan:
    """The track with the gain that all of it is made at; settled now, if this is the first that is made of it.

    Raises what the store raises.
    """
    if track.gain is not None:
        return track
    gain = await find_gain(parts.store, plan.asset, plan.version, track.id)
    if gain is None:
        gain = await _first_gain(parts, plan, track, source, nice=nice)
        gain = await write_gain(parts.store, plan.asset, plan.version, track.id, gain)
    return replace(track, gain=gain.db)


async def _first_gain(parts: TranscoderParts, plan: Plan, track: AudioPlan, source: OpenSource, *, nice: int) -> Gain:
    profile = await read_profile(parts.store, plan.asset, plan.version)
    if profile.loudness is None:
        return AS_IT_IS
    try:
        near = source.lacking() > SMALL
        heard = await listen(parts, plan, track, stretches(track, near=near), source, nice=nice)
    except (SandboxError, OutputBroken) as exc:
        # Its encode says what is wrong with it, if anything is.
        log.warning("a loudness is not known", extra={"asset": plan.asset, "cause": str(exc)})
        return Gain(db=0.0)
    return Gain(db=gain_for(heard.loudness, profile.loudness), loudness=heard.loudness)


async def listen(
    parts: TranscoderParts, plan: Plan, track: AudioPlan, frames: Sequence[range], source: OpenSource, *,
    peaks: bool = False, whole_track: bool = False, nice: int = 0,
) -> Heard:  # fmt: skip
    """These stretches of a track as one, each by a process of its own. `whole_track`: they are long, and come one after
    the other.

    Raises ChildFailed, ChildTimedOut, and what the store raises.
    """
    found: dict[int, Heard] = {}
    at_once = anyio.CapacityLimiter(1 if whole_track else 2)

    async def ready(reading: Reading) -> None:
        await (prepare_sound if whole_track else prepare)(source, plan, reading, nice=nice)

    async def part(place: int, stretch: range) -> None:
        async with at_once:
            found[place] = await measure(
                plan, track, stretch, source=source.path, settings=parts.encoder, peaks=peaks, nice=nice, ready=ready
            )

    try:
        async with anyio.create_task_group() as listeners:
            for place, stretch in enumerate(frames):
                listeners.start_soon(part, place, stretch)
    except ExceptionGroup as exc:
        raise exc.exceptions[0] from exc.exceptions[0].__cause__
    return together(found[place] for place in sorted(found))


async def judged(
    parts: TranscoderParts, plan: Plan, track: AudioPlan, source: OpenSource, *, target: float, nice: int = 0
) -> TrackLoudness:
    """All of a track heard, and the gain that brings it to the target; `renewed` is left open. Raises as `listen`."""
    pieces = whole(track)
    hear = partial(listen, parts, plan, frames=pieces, source=source, whole_track=True, nice=nice)
    heard = await hear(track=replace(track, gain=None), peaks=True)
    first = gain = gain_for(heard.loudness, target)
    after = None if heard.loudness is None else heard.loudness + gain
    for more in range(_TRIES, -1, -1) if is_limited(heard.peak, gain) else ():
        after = (await hear(track=replace(track, gain=gain))).loudness
        better = made_up(first, gain, after, target)
        if not more or abs(better - gain) < _NEAR:
            break
        gain = better
    return TrackLoudness(
        rendition=track.id, loudness=heard.loudness, peak=heard.peak, gain=gain, heard=after, renewed=None
    )  # fmt: skip


def whole(track: AudioPlan) -> tuple[range, ...]:
    """All of a track, in as many pieces as one process each listens to."""
    length = _PIECE_S * track.sample_rate // AAC_FRAME
    return tuple(range(*each) for each in pairwise((*range(0, track.cuts[-1], length), track.cuts[-1])))

"""How loud the tracks of an asset version are, `loudness.json`, and how that lies over its plan. Pure.

The plan never changes: it names the renditions that were listed first. Where their loudness turned out to be off, new
ones take their place in what is encoded and listed from then on; who plays the first ones goes on with them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import msgspec

from manifests.layout import RenditionId

if TYPE_CHECKING:
    from collections.abc import Container

    from transcoder.plan import AudioPlan, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackLoudness:
    """A rendition of the plan: how loud the source's sound is (LUFS, dBTP), by how much (dB) it is raised, how loud
    that makes it. `renewed`: the rendition that takes its place, at that gain; None where it was made at about that.
    """

    rendition: RenditionId
    loudness: float | None
    peak: float | None
    gain: float
    heard: float | None
    renewed: RenditionId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`target` in LUFS. No `tracks` where they could not be measured (`note` says why): they stay as they are made."""

    target: float
    tracks: tuple[TrackLoudness, ...]
    note: str = ""


_MARK: Final = "n"


def renewed_id(rendition: RenditionId) -> RenditionId:
    """`a1-1` → `a1n-1`."""
    name, _, version = rendition.rpartition("-")
    return RenditionId(f"{name}{_MARK}-{version}")


def apply(plan: Plan, verdict: Verdict | None, *, keeping: Container[RenditionId] = ()) -> Plan:
    """The plan as it is encoded and listed once the loudness is known. `keeping`: renditions that stay beside those
    that took their place, for somebody who found them listed earlier still plays them."""
    taken = {track.rendition: track for track in verdict.tracks if track.renewed} if verdict is not None else {}
    if not taken:
        return plan
    audio: list[AudioPlan] = []
    spans = {} if plan.reads is None else dict(plan.reads.audio)
    for track in plan.audio:
        new = taken.get(track.id)
        if new is None or track.id in keeping:
            audio.append(track)
        if new is not None and new.renewed is not None:
            audio.append(replace(track, id=new.renewed, gain=new.gain))
            if track.id in spans:
                spans[new.renewed] = spans[track.id]
    reads = None if plan.reads is None else replace(plan.reads, audio=spans)
    return replace(plan, audio=tuple(audio), reads=reads)


def dump(verdict: Verdict) -> bytes:
    return msgspec.json.encode(verdict)


def load(body: bytes) -> Verdict:
    """Raises msgspec.DecodeError on anything else than what `dump` wrote."""
    return msgspec.json.decode(body, type=Verdict)

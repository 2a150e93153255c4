"""The gain that a rendition is made with, `gains/{rendition}.json`: settled before its first segment, written once.

All windows of a rendition read it, so its loudness never jumps from one segment to the next. A short track has been
heard whole by then; of a long one a few samples tell about how loud it is (`task_loudness.py` says it exactly later).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from transcoder.plan import AAC_FRAME, AudioPlan

WHOLE_S: Final = 60
"""Seconds of sound that are heard in about a tenth of a second: no track up to this length is sampled."""
NEAR_S: Final = 16
"""Seconds at the beginning, which are read for the first segments anyway."""
SAMPLES: Final = 4
SAMPLE_S: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """`db`; None: the sound stays as the source has it. `loudness` (LUFS) is what it was settled by; None where
    there was nothing to hear."""

    db: float | None
    loudness: float | None = None


AS_IT_IS: Final = Gain(db=None)


def stretches(track: AudioPlan, *, near: bool = False) -> tuple[range, ...]:
    """AAC frames that tell about a track's loudness: all of a short one, else samples from its whole length. `near`:
    what lies further on would have to be fetched first, so only its beginning counts."""
    frames = track.cuts[-1]
    if near:
        return (range(min(frames, _frames(NEAR_S, track))),)
    if frames <= _frames(WHOLE_S, track):
        return (range(frames),)
    length = _frames(SAMPLE_S, track)
    starts = (frames * (2 * place + 1) // (2 * SAMPLES) - length // 2 for place in range(SAMPLES))
    return tuple(range(start, start + length) for start in starts)


def _frames(seconds: int, track: AudioPlan) -> int:
    return seconds * track.sample_rate // AAC_FRAME


def dump(gain: Gain) -> bytes:
    return msgspec.json.encode(gain)


def load(body: bytes) -> Gain:
    """Raises msgspec.DecodeError on anything else than what `dump` wrote."""
    return msgspec.json.decode(body, type=Gain)

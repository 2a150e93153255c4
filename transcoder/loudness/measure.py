"""Measuring the sound of a rendition, as it is encoded: its channels, its gain, its limiter; by ffmpeg's ebur128."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from math import isfinite, log10
from typing import TYPE_CHECKING, Final

from transcoder.audio_sound import Missed, first_sample, listening, reading, sound_of
from transcoder.audio_window import BEFORE, anchor, begins
from transcoder.errors import ChildFailed
from transcoder.ffmpeg import ffmpeg_path
from transcoder.inputs import command
from transcoder.loudness.gating import STEP_MS, integrated
from transcoder.plan import AAC_FRAME

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from pathlib import Path

    from transcoder.audio_window import Begin
    from transcoder.encoder_settings import EncoderSettings
    from transcoder.inputs import Reading
    from transcoder.plan import AudioPlan, Plan

_MOMENTARY: Final = "lavfi.r128.M"
_PEAK: Final = "lavfi.r128.true_peak"
_RAN_IN: Final = 1000 * BEFORE * AAC_FRAME // 48_000 // STEP_MS
"""Values of what comes before the wanted frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Momentary loudness (LUFS, every 100 ms) of what was heard, and its true peak (dBTP; None: nobody looked)."""

    momentary: tuple[float, ...]
    peak: float | None = None

    @property
    def loudness(self) -> float | None:
        """Integrated, LUFS."""
        return integrated(self.momentary)


def together(parts: Iterable[Heard]) -> Heard:
    """Several stretches of a track as one."""
    found = tuple(parts)
    peaks = [part.peak for part in found if part.peak is not None]
    return Heard(momentary=tuple(value for part in found for value in part.momentary), peak=max(peaks, default=None))


async def measure(
    plan: Plan, track: AudioPlan, frames: range, *, source: Path, settings: EncoderSettings, peaks: bool = False,
    nice: int = 0, ready: Callable[[Reading], Awaitable[None]] | None = None,
) -> Heard:  # fmt: skip
    """Listen to these AAC frames, at the track's gain and limited; with none as the source has them, but mixed as they
    will be. `ready` is awaited before the source is read. `peaks`: for the true peak too, which takes as long again.

    Raises ChildFailed, ChildTimedOut; what `ready` raises.
    """
    *counted, last = begins(plan.source, track, anchor(track, first_sample(track, frames)))
    for begin in (*counted, last):
        if ready is not None:
            await ready(reading(track, frames, begin))
        argv_of = partial(
            measure_argv, plan, track, frames, begin, source=source, settings=settings, peaks=peaks
        )  # fmt: skip
        try:
            async with listening(argv_of, begin, source=source, settings=settings, nice=nice) as stream:
                said = await stream.read()
        except (Missed, ChildFailed) as exc:
            if begin is last or (isinstance(exc, ChildFailed) and (exc.exit_code or 0) < 0):
                raise
        else:
            return parsed(said)
    raise AssertionError("the last way to read either works or raises")


def measure_argv(
    plan: Plan, track: AudioPlan, frames: range, begin: Begin, *, source: Path, settings: EncoderSettings, peaks: bool,
    fds: Sequence[int] = (),
) -> list[str]:  # fmt: skip
    """The command that writes lines of metadata about every 100 ms to its standard output."""
    as_it_is = track.gain is None
    sound, witnesses = sound_of(
        plan, replace(track, gain=0.0) if as_it_is else track, frames, begin, source=source, settings=settings,
        fds=fds, after=0, limited=not as_it_is,
    )  # fmt: skip
    peak = {"peak": "true"} if peaks else {}
    sound = sound.filter("ebur128", framelog="quiet", metadata=1, **peak)
    for key in (_MOMENTARY, _PEAK) if peaks else (_MOMENTARY,):
        sound = sound.filter("ametadata", "print", key=key, file="pipe:1", direct=1)
    return command(ffmpeg_path(), *witnesses, sound.output("pipe:2", f="null"))


def parsed(said: bytes) -> Heard:
    """What the lines say, without those about what was read to run in. The peak is that of all of it."""
    momentary, peak = [], 0.0
    for line in said.decode("ascii", "replace").splitlines():
        key, _, value = line.partition("=")
        if key == _MOMENTARY:
            momentary.append(float(value))
        elif key == _PEAK:
            peak = max(peak, float(value))
    return Heard(
        momentary=tuple(filter(isfinite, momentary[_RAN_IN:])),
        peak=20 * log10(peak) if peak > 0 else None,
    )

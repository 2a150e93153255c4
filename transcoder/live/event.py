"""What a live event is made of: grid, rungs, sound. Settled by its first publisher, and kept until the event ends.

Whoever publishes later, or from another place, is fitted into it: players see one ladder and one grid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import msgspec

from manifests.codecs import mp4a_lc
from manifests.layout import ChannelId, RenditionId
from transcoder import ladder
from transcoder.live.grid import SAMPLE_RATE, Grid, TrackGrid, grid_for
from transcoder.plan import VideoRung
from transcoder.profile import Codec

if TYPE_CHECKING:
    from transcoder.live.opening import Opening
    from transcoder.profile import Profile

SOUND_BITS: Final = 128_000
"""b/s of the sound: AAC-LC in stereo (Apple 2.3, 2.9)."""
PRESET: Final = "superfast"
_SOUND_PEAK: Final = Fraction(11, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """The one rendition of sound; `bandwidth` in b/s."""

    id: RenditionId
    channels: int = 2
    sample_rate: int = SAMPLE_RATE
    bitrate: int = SOUND_BITS
    bandwidth: int = int(SOUND_BITS * _SOUND_PEAK)
    codecs: str = mp4a_lc()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEvent:
    """Event number `number` of a channel (from 1): `rungs` smallest first."""

    channel: ChannelId
    number: int
    grid: Grid
    rungs: tuple[VideoRung, ...]
    sound: Sound

    @property
    def renditions(self) -> tuple[RenditionId, ...]:
        """Rungs, then the sound: also the order of an encoder's pipes."""
        return (*(rung.id for rung in self.rungs), self.sound.id)

    def track(self, rendition: RenditionId) -> TrackGrid:
        """Raises KeyError."""
        if rendition == self.sound.id:
            return self.grid.audio()
        divisors = {rung.id: rung.divisor for rung in self.rungs}
        return self.grid.video(divisors[rendition])


def plan_event(
    channel: ChannelId, number: int, opening: Opening, profile: Profile, *, long_parts: bool, preset: str = PRESET
) -> LiveEvent:
    """The event that a publisher opens: his picture is never scaled up, and the profile's ladder is H.264 alone.

    `preset` (x264's) stays with it: all its encoders write the same headers.
    """
    grid = grid_for(opening.rate, long_parts=long_parts)
    width, height = ladder.upright(opening.width, opening.height, sar=opening.sar, rotation=opening.look.rotation)
    rungs = ladder.rungs(width, height, rate=Fraction(grid.rate), version=number, settings=ladder.settings_of(profile))
    return LiveEvent(
        channel=channel,
        number=number,
        grid=grid,
        rungs=tuple(replace(rung, live=preset) for rung in rungs if rung.codec is Codec.H264),
        sound=Sound(id=RenditionId(f"a{SOUND_BITS // 1000}-{number}")),
    )


def dump(event: LiveEvent) -> bytes:
    return msgspec.json.encode(event)


def load(body: bytes) -> LiveEvent:
    """Raises msgspec.DecodeError on anything else than what `dump` wrote."""
    return msgspec.json.decode(body, type=LiveEvent)

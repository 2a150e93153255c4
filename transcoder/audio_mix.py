"""From a source's channels and loudness to a rendition's, as ffmpeg filters.

Surround becomes stereo by ITU-R BS.775-3 table 2 (centre and surrounds 3 dB down on the side that they are on, or on
both; the low frequencies left out), seven channels become five by the same rule. A mono source is heard on both sides
at its own level. Sums that could clip are brought down; where a gain is set anyway a limiter takes care of them.

The limiter looks 5 ms ahead and recovers within 50 ms, so what it does depends on less than a tenth of a second. It
works at twice the rate: what lies between two samples is part of the true peak (ITU-R BS.1770-5 annex 2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import ffmpeg

if TYPE_CHECKING:
    from transcoder.plan import AudioPlan

_LAYOUTS: Final = {1: "mono", 2: "stereo", 6: "5.1"}
CEILING: Final = -2.0
"""dBTP that the limiter lets pass: AAC adds up to one more."""
_LIMITER: Final = {
    "limit": f"{10 ** (CEILING / 20):.6f}", "attack": 5, "release": 50, "level": 0, "asc": 0, "latency": 1
}  # fmt: skip
_OVERSAMPLED: Final = 2
_MATRIX: Final = {"center_mix_level": 0.70710678, "surround_mix_level": 0.70710678, "lfe_mix_level": 0}


def sides(left: Any, right: Any) -> Any:
    """Two mono streams as one of two channels; silence where one of them ends early."""
    return ffmpeg.filter(
        [left.filter("apad"), right.filter("apad")], "join",
        inputs=2, channel_layout="stereo", map="0.0-FL|1.0-FR",
    )  # fmt: skip


def mixed(sound: Any, track: AudioPlan) -> Any:
    """The sound at the rendition's rate, in its channels, in floating point."""
    matrix = _MATRIX if track.gain is not None else _MATRIX | {"rematrix_maxval": 1}
    return sound.filter(
        "aresample", track.sample_rate, out_chlayout=_LAYOUTS[track.channels], out_sample_fmt="fltp", **matrix
    )  # fmt: skip


def raised(sound: Any, track: AudioPlan) -> Any:
    """The sound with the track's gain, and no true peak above CEILING; as it is where none is set."""
    if track.gain is None:
        return sound
    sound = sound.filter("volume", f"{track.gain}dB", precision="float")
    sound = sound.filter("aresample", _OVERSAMPLED * track.sample_rate).filter("alimiter", **_LIMITER)
    return sound.filter("aresample", track.sample_rate, out_sample_fmt="fltp")

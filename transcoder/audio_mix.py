"""From a source's channels to a rendition's, as ffmpeg filters.

Surround becomes stereo by ITU-R BS.775-3 table 2 (centre and surrounds 3 dB down on the side that they are on, or on
both; the low frequencies left out), seven channels become five by the same rule. The sum is brought down as far as it
could clip. A mono source is heard on both sides at its own level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import ffmpeg

if TYPE_CHECKING:
    from transcoder.plan import AudioPlan

_LAYOUTS: Final = {1: "mono", 2: "stereo", 6: "5.1"}
_MATRIX: Final = {"center_mix_level": 0.70710678, "surround_mix_level": 0.70710678, "lfe_mix_level": 0}


def sides(left: Any, right: Any) -> Any:
    """Two mono streams as one of two channels; silence where one of them ends early."""
    return ffmpeg.filter(
        [left.filter("apad"), right.filter("apad")], "join",
        inputs=2, channel_layout="stereo", map="0.0-FL|1.0-FR",
    )  # fmt: skip


def mixed(sound: Any, track: AudioPlan) -> Any:
    """The sound at the rendition's rate, in its channels, in floating point."""
    return sound.filter(
        "aresample", track.sample_rate, out_chlayout=_LAYOUTS[track.channels], out_sample_fmt="fltp",
        rematrix_maxval=1, **_MATRIX,
    )  # fmt: skip

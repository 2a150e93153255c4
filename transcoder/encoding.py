"""What the encoder of a rung is told, codec by codec.

All are told the same: key pictures on the grid and nowhere else, closed groups, headers once and in the init section,
a rate control that does not care where a window starts (capped CRF), and nothing in the stream that depends on when or
where it was made.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, assert_never

from transcoder.encoder_settings import EFFORT, EncoderSettings
from transcoder.profile import Codec

if TYPE_CHECKING:
    from transcoder.plan import VideoRung

_X265_PRESET: Final = "superfast"
_SVT_PRESET: Final = 8
"""Level of parallelism; with more, each encoder holds more pictures. A ladder up to 1080 lines takes 2.2 GiB so."""
_SVT_PARALLEL: Final = 2
"""Level of parallelism: with more, each encoder holds more pictures. A ladder up to 1080 lines takes 1 GiB so."""


def encoder_options(rung: VideoRung, gop: int, settings: EncoderSettings) -> dict[str, Any]:
    """Options of ffmpeg for a rung with a key picture every `gop` of its own pictures."""
    common = {"crf": rung.crf, "maxrate": rung.maxrate, "bufsize": rung.bufsize, "g": gop, "keyint_min": gop}
    match rung.codec:
        case Codec.H264:
            return _x264(rung, common, settings)
        case Codec.HEVC:
            return _x265(rung, common, settings)
        case Codec.AV1:
            return _svt(rung, common, settings)
        case _:
            assert_never(rung.codec)


def _x264(rung: VideoRung, common: dict[str, Any], settings: EncoderSettings) -> dict[str, Any]:
    return {
        "c:v": "libx264",
        "preset": rung.live or settings.preset,
        "threads": settings.threads,
        "profile:v": rung.profile,
        "level:v": rung.level,
        **common,
        # No picture waits for a later one: neither in the encoder nor, without B pictures, in the decoder.
        **({"tune": "zerolatency", "bf": 0} if rung.live else {}),
        "sc_threshold": 0,
        # stitchable: headers do not depend on the pictures, so that windows have the same SPS and PPS.
        "x264-params": "open-gop=0:stitchable=1" + (f":{EFFORT}" if rung.effort else ""),
        # No SEI: x264's own says its version and settings; the source's captions are a track of their own.
        "bsf:v": "filter_units=remove_types=6",
    }


def _x265(rung: VideoRung, common: dict[str, Any], settings: EncoderSettings) -> dict[str, Any]:
    params = {
        "log-level": "error",
        "open-gop": 0,
        "scenecut": 0,
        "repeat-headers": 0,
        # No SEI of its version and settings, none of hashes.
        "info": 0,
        "hash": 0,
        # The level is said, not found: CODECS has said it.
        "level-idc": rung.level,
        "high-tier": 0,
        **({"pools": settings.threads} if settings.threads else {}),
    }
    return {
        "c:v": "libx265",
        # Apple 1.10: parameter sets in the sample entry.
        "tag:v": "hvc1",
        "preset": _X265_PRESET,
        "profile:v": rung.profile,
        **common,
        "x265-params": ":".join(f"{name}={value}" for name, value in params.items()),
        # Prefix and suffix SEI.
        "bsf:v": "filter_units=remove_types=39|40",
    }


def _svt(rung: VideoRung, common: dict[str, Any], settings: EncoderSettings) -> dict[str, Any]:
    params = {
        "scd": 0,
        "enable-overlays": 0,
        # Key pictures, not forward ones that later pictures look past.
        "irefresh-type": 2,
        "level": rung.level.replace(".", ""),
        "lp": min(settings.threads or os.cpu_count() or 1, _SVT_PARALLEL),
    }
    return {
        "c:v": "libsvtav1",
        "preset": _SVT_PRESET,
        **{name: value for name, value in common.items() if name != "keyint_min"},
        "svtav1-params": ":".join(f"{name}={value}" for name, value in params.items()),
    }

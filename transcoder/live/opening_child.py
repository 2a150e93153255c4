"""DEMUXER LIMITS: read the beginning of a live stream from standard input, print what it is as one line of JSON.

A program of its own, run under `python -I` in the sandbox (see opening.py), of the same make as index_child.py. It
reads no more than it needs: until every stream's parameters are known and a picture is decoded.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

# The package by itself: in its cage a child may not look through the folder that the package lies in.
_package = ModuleType("transcoder")
_package.__path__ = [str(Path(__file__).resolve().parents[1])]
sys.modules.setdefault("transcoder", _package)

import av
import av.error
import av.logging

from transcoder import accepted

if TYPE_CHECKING:
    from fractions import Fraction

_PICTURES = 12
_ENOUGH_US = 700_000  # of pictures that come seldom
_STEREO = 2
_JPEG = 2  # AVCOL_RANGE_JPEG
_MICROSECONDS = 1_000_000


class Stdin:
    """Standard input as PyAV wants it: what is there, at once, and never a jump."""

    name = "stream"

    def read(self, size: int = -1) -> bytes:
        return os.read(0, size if size > 0 else 1 << 16)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


def _microseconds(stamp: int, time_base: Fraction) -> int:
    return round(stamp * time_base * _MICROSECONDS)


def _open(demuxer: str, options: dict[str, str]) -> Any:
    return av.open(Stdin(), format=demuxer, options=options, metadata_errors="replace")


def opening(demuxer: str, limits: dict[str, int]) -> dict[str, Any]:
    """The answer."""
    options = accepted.opening(demuxer, protocols="none") | {"analyzeduration": str(limits["analyse_us"])}
    with _open(demuxer, options) as container:
        video = next(iter(container.streams.video), None)
        if video is None:
            return {"refused": "no_picture"}
        audio = _sound_of(container, video)
        for stream in filter(None, (video, audio)):
            stream.codec_context.options = accepted.decoding(limits["max_pixels"])
        stamps: list[int] = []
        places: list[tuple[int, int]] = []
        picture: Any = None
        for count, packet in enumerate(container.demux([each for each in (video, audio) if each is not None])):
            if count >= limits["max_packets"]:
                return {"refused": "no_picture"}
            if packet.dts is None or not packet.size:
                continue
            at = _microseconds(packet.dts, packet.time_base)
            if packet.pos is not None and packet.pos >= 0:
                places.append((packet.pos + packet.size, at))
            if packet.stream is video:
                stamps.append(at)
                if picture is None:
                    picture = next(iter(_decoded(packet)), None)
            if picture is not None and (len(stamps) >= _PICTURES or stamps[-1] - stamps[0] >= _ENOUGH_US):
                break
        if picture is None:
            return {"refused": "no_picture"}
        return {
            "width": picture.width,
            "height": picture.height,
            "sar": str(video.sample_aspect_ratio or 1),  # many encoders say nothing of it
            "interlaced": bool(picture.interlaced_frame),
            "coefficients": int(picture.colorspace),
            "primaries": int(picture.color_primaries),
            "transfer": int(picture.color_trc),
            "full_range": int(picture.color_range) == _JPEG,
            "rotation": -round(picture.rotation / 90) * 90 % 360,
            "captions": _has_captions(picture),
            "sounds": sum(stream.codec_context is not None for stream in container.streams.audio),
            "picture": video.index,
            "sound": 0 if audio is None else audio.index,
            "stated_rate": str(video.average_rate or 0),
            "stamps": stamps,
            "video_codec": video.codec_context.name,
            "audio_codec": "" if audio is None else audio.codec_context.name,
            "channels": 0 if audio is None else audio.codec_context.channels or _STEREO,
            "start": container.start_time if container.start_time is not None else stamps[0],
            "places": places,
        }


def _sound_of(container: Any, video: Any) -> Any:
    """The first sound of the programme that the picture belongs to (ISO/IEC 13818-1 §2.4.4.8), if it has any.

    Announced is enough: it may begin later.
    """
    known = [stream for stream in container.streams.audio if stream.codec_context is not None]
    own = (stream for stream in known if container.streams.best("video", related=stream) is video)
    return next(own, None) or next(iter(known), None)


def _has_captions(picture: Any) -> bool:
    try:
        return any(side.type.name == "A53_CC" for side in picture.side_data)
    except ValueError:  # a kind of side data that PyAV has no name for
        return False


def _decoded(packet: Any) -> list[Any]:
    try:
        return list(packet.decode())
    except av.error.FFmpegError:
        return []  # it began inside a group of pictures


def main(demuxer: str, limits: str) -> None:
    av.logging.set_level(av.logging.PANIC)
    try:
        answer = opening(demuxer, json.loads(limits))
    except (av.error.FFmpegError, MemoryError, ArithmeticError, LookupError, ValueError) as exc:
        answer = {"refused": "unreadable", "detail": repr(exc)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""PATH DEMUXER LIMITS: demux a file once, decode a few frames, print the timeline of every stream as JSON.

A program of its own, run under `python -I` in the sandbox (see index.py): it imports the standard library and PyAV, and
nothing of ours. It opens one local file with the demuxer it is told, and nothing that the file refers to. What is wrong
with the file is an answer like any other: `{"refused": code, "detail": text}`.
"""

import base64
import contextlib
import json
import os
import struct
import sys
import zlib
from array import array
from collections.abc import Iterator, Sequence
from fractions import Fraction
from operator import sub
from pathlib import Path
from typing import Any

import av
import av.error
import av.logging

_PROBE_PACKETS = 400  # of one stream, before its first decoded frame: a TS may begin far from a key frame
_PROBE_BYTES = 64 << 20
_PROBE_FRAMES = 8
_PROBE_PIXELS = 1920 * 1088  # above: one frame; nothing larger is interlaced, and each costs
_ANALYSE_US = 30_000_000
# Box types of protected sample entries (ISO/IEC 14496-12 §8.12, Apple's own) and the box that says how.
_PROTECTED = (b"encv", b"enca", b"drms", b"drmi", b"enct")
_MOOV_SCAN = 32 << 20
_FAR = 10  # seconds
_HIDDEN_PICTURES = frozenset(("vp8", "vp9", "libvpx", "libvpx-vp9"))


class Refused(Exception):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def _boxes(path: Path) -> Iterator[tuple[bytes, int, int]]:
    """Top-level boxes of an ISO file: type, offset of the payload, size of the payload as the header claims it."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        at = 0
        while at + 8 <= end:
            file.seek(at)
            head = file.read(16)
            size, kind = struct.unpack(">I4s", head[:8])
            header = 8
            if size == 1 and len(head) == 16:
                size, header = struct.unpack(">Q", head[8:])[0], 16
            elif size == 0:
                size = end - at
            if size < header:
                return
            yield kind, at + header, size - header
            at += size


def inspect_boxes(path: Path) -> tuple[bool, bool]:
    """Whether an ISO file has its index (moov) whole, and whether a track of it is encrypted."""
    end = path.stat().st_size
    for kind, offset, size in _boxes(path):
        if kind == b"moov":
            with path.open("rb") as file:
                file.seek(offset)
                body = file.read(min(size, _MOOV_SCAN))
            return offset + size <= end, b"sinf" in body and any(name in body for name in _PROTECTED)
    return False, False


def _open(path: Path, demuxer: str, limits: dict[str, int]) -> Any:
    options = {
        "protocol_whitelist": "file",
        "enable_drefs": "0",
        "use_absolute_path": "0",
        "max_streams": "1000",
        "analyzeduration": str(_ANALYSE_US),
    }
    try:
        return av.open(f"file:{path}", format=demuxer, options=options, metadata_errors="replace")
    except (FileNotFoundError, PermissionError):
        raise  # not the file's fault
    except av.error.FFmpegError as exc:
        if demuxer == "mov":
            whole, encrypted = inspect_boxes(path)
            if encrypted:
                raise Refused("encrypted", str(exc)) from exc
            if not whole:
                raise Refused("truncated", "the index (moov) is missing or cut") from exc
        raise Refused("unreadable", str(exc)) from exc


def is_shown(codec: str, packet: Any) -> bool:
    """Whether a VP8 or VP9 packet holds a picture to show: alternate references may travel on their own."""
    if codec not in _HIDDEN_PICTURES:
        return True
    body = memoryview(packet)
    first, last = body[0], body[-1]
    if codec in ("vp8", "libvpx"):
        return bool(first >> 4 & 1)  # RFC 6386 §9.1: show_frame
    if last & 0xE0 == 0xC0:  # VP9 bitstream annex B: a superframe ends with a picture that is shown
        return True
    # §6.2: frame_marker (2), profile (2), a reserved bit in profile 3, show_existing_frame, frame_type, show_frame.
    bits = int.from_bytes(body[:2], "big") << (first >> 4 & 3 == 3)
    return bool(bits & 0x0800 or bits & 0x0200)


class Track:
    """What is gathered of one stream while the file is demuxed."""

    def __init__(self, stream: Any, wanted_frames: int) -> None:
        self.stream = stream
        self.codec = stream.codec_context.name
        self.stamps = array("q")  # in decoding order
        self.durations = array("q")
        self.packets = 0
        self.missing = 0
        self.encrypted = False
        self.last: Any = None
        self.frames: list[Any] = []
        self.wanted_frames = wanted_frames
        self.probed = 0
        self.probed_bytes = 0
        self.error = ""

    @property
    def probing(self) -> bool:
        return (
            len(self.frames) < self.wanted_frames
            and self.probed < _PROBE_PACKETS
            and self.probed_bytes < _PROBE_BYTES
            and not self.encrypted
        )

    def take(self, packet: Any) -> None:
        if self.probing:
            self._probe(packet)
        if packet.is_discard or not is_shown(self.codec, packet):
            return
        self.packets += 1
        self.last = packet
        if packet.pts is None:
            self.missing += 1
            return
        self.stamps.append(packet.pts)
        self.durations.append(packet.duration or 0)

    def _probe(self, packet: Any) -> None:
        self.encrypted = _is_encrypted(packet)
        self.probed += 1
        self.probed_bytes += packet.size
        try:
            self.frames += packet.decode()
        except (av.error.FFmpegError, ValueError, MemoryError) as exc:
            self.error = str(exc)

    def finish(self) -> None:
        """All packets are in: drain the decoder if that is needed, and look at the last packet again."""
        if self.probing:
            with contextlib.suppress(av.error.FFmpegError, ValueError, MemoryError):
                self.frames += self.stream.codec_context.decode(None)
        if self.last is None:
            return
        if self.last.is_corrupt and self.stamps:  # cut off in its middle, with the file: nothing to decode
            self.packets -= 1
            self.stamps.pop()
            self.durations.pop()
        # The beginning of a protected file may be in the clear.
        self.encrypted = self.encrypted or _is_encrypted(self.last)
        # Padding at the end: some demuxers have taken it off the last packet's duration already.
        whole = self.durations and self.durations[-1] >= max(self.durations[-2:])
        if self.stream.type == "audio" and whole and self.last.has_sidedata("skip_samples"):
            body = bytes(self.last.get_sidedata("skip_samples"))  # samples to drop at the beginning, at the end
            seconds = Fraction(struct.unpack_from("<I", body, 4)[0], self.stream.codec_context.sample_rate or 1)
            self.durations[-1] = max(0, self.durations[-1] - int(seconds / self.stream.time_base))


def _is_encrypted(packet: Any) -> bool:
    return any(side.data_type.startswith("encryption") for side in packet.iter_sidedata())


def _matrix(frame: Any) -> list[int] | None:
    """The display matrix (ISO/IEC 14496-12 §6.2.2): a, b, u, c, d, v, x, y, w; 16.16 fixed point (u, v, w: 2.30)."""
    try:
        for side in frame.side_data:
            if side.type.name == "DISPLAYMATRIX":
                return list(struct.unpack("<9i", bytes(side)[:36]))
    except ValueError:  # a kind of side data that PyAV has no name for hides all others but the rotation
        quarter = round(frame.rotation / 90) % 4
        cos, sin = ((1, 0), (0, -1), (-1, 0), (0, 1))[quarter]
        return [cos << 16, sin << 16, 0, -sin << 16, cos << 16, 0, 0, 0, 1 << 30]
    return None


def _ratio(value: Any) -> str | None:
    return f"{value.numerator}/{value.denominator}" if value else None


def plausible(stamps: Sequence[int], time_base: Fraction) -> Sequence[int]:
    """Places (in decoding order) of the stamps that are no damage: far from both neighbours, which are close together.

    One flipped bit in a TS would otherwise make a presentation of hours. The first and the last stay: a long still at
    an end is what screen recordings have.
    """
    far = int(_FAR / time_base) + 1
    if len(stamps) < 3 or max(map(abs, map(sub, stamps[1:], stamps))) < far:
        return range(len(stamps))
    inner = [
        place
        for place, (before, stamp, after) in enumerate(zip(stamps, stamps[1:], stamps[2:], strict=False), 1)
        if abs(before - after) >= far or min(abs(stamp - before), abs(stamp - after)) < far
    ]
    return [0, *inner, len(stamps) - 1]


def _describe(track: Track) -> dict[str, Any]:
    stream, context = track.stream, track.stream.codec_context
    shown = plausible(track.stamps, stream.time_base)
    stamps = array("q", sorted(track.stamps[place] for place in shown))
    last = max(shown, key=lambda place: track.stamps[place], default=None)
    deltas = array("q", (later - earlier for earlier, later in zip(stamps[:1] + stamps, stamps, strict=False)))
    if sys.byteorder == "big":
        deltas.byteswap()
    facts: dict[str, Any] = {
        "index": stream.index,
        "kind": stream.type,
        "codec": context.codec.name,
        "time_base": _ratio(stream.time_base),
        "packets": track.packets,
        "missing": track.missing,
        "encrypted": track.encrypted,
        "decoded": len(track.frames),
        "decode_error": track.error[:300],
        "first_stamp": stamps[0] if stamps else 0,
        "end": stamps[-1] + track.durations[last] if last is not None else None,
        "largest_gap": max(deltas, default=0),
        "last_duration": track.durations[last] if last is not None else 0,
        "decoded_stamps": [frame.pts for frame in track.frames if frame.pts is not None],
        "language": stream.language,
        "title": stream.metadata.get("title", ""),
        "default": bool(stream.disposition & av.stream.Disposition.default),
        "duration": stream.duration if stream.container.format.name.startswith("mov") else None,
    }
    if stream.type == "audio":
        return facts | {"sample_rate": context.sample_rate, "channels": context.channels}
    frame = track.frames[0] if track.frames else None
    return facts | {
        "stamps": base64.b64encode(zlib.compress(deltas.tobytes(), 1)).decode("ascii"),
        "width": frame.width if frame else context.width,
        "height": frame.height if frame else context.height,
        "sar": _ratio(stream.sample_aspect_ratio),
        "rate": _ratio(stream.guessed_rate or stream.average_rate),
        "matrix": _matrix(frame) if frame else None,
        "pixel_format": frame.format.name if frame else context.pix_fmt,
        "bit_depth": max((part.bits for part in frame.format.components), default=8) if frame else 8,
        "interlaced": any(frame.interlaced_frame for frame in track.frames),
        "transfer": int(frame.color_trc if frame else context.color_trc),
        "full_range": int(frame.color_range if frame else context.color_range) == 2,
    }


def _tracks(container: Any, limits: dict[str, int]) -> tuple[list[Track], list[str]]:
    """The streams worth demuxing, and what is wrong with the other video and audio streams."""
    tracks: list[Track] = []
    unsupported: list[str] = []
    picture = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    for stream in container.streams:
        if stream.type not in ("video", "audio") or stream.disposition & picture:
            continue
        context = stream.codec_context
        if context is None:
            unsupported.append(f"{stream.type} stream {stream.index}")
            continue
        if stream.type == "video":
            if context.width * context.height > limits["max_pixels"]:
                raise Refused("too_large", f"{context.width}x{context.height}")
            context.thread_count = 1
            small = context.width * context.height <= _PROBE_PIXELS
            tracks.append(Track(stream, _PROBE_FRAMES if small else 1))
        else:
            tracks.append(Track(stream, 1))
    return tracks, unsupported


def index(path: Path, demuxer: str, limits: dict[str, int]) -> dict[str, Any]:
    with _open(path, demuxer, limits) as container:
        if len(container.streams) > limits["max_streams"]:
            raise Refused("too_many_streams", str(len(container.streams)))
        tracks, unsupported = _tracks(container, limits)
        by_index = {track.stream.index: track for track in tracks}
        error, packets = "", 0
        try:
            for packet in container.demux([track.stream for track in tracks]) if tracks else ():
                packets += 1
                if packets > limits["max_packets"]:
                    raise Refused("too_many_frames", str(packets))
                if packet.size:
                    by_index[packet.stream_index].take(packet)
        except (av.error.FFmpegError, IndexError) as exc:
            # What was read stands. IndexError: PyAV's last step, when a stream has appeared under way.
            error = str(exc)
        for track in tracks:
            track.finish()
        sound = tracks and all(track.frames for track in tracks)
        encrypted = demuxer == "mov" and not sound and inspect_boxes(path)[1]
        return {
            "streams": [_describe(track) for track in tracks],
            "unsupported": unsupported,
            "error": error,
            "encrypted": encrypted,
        }


def main(path: str, demuxer: str, limits: str) -> None:
    av.logging.set_level(av.logging.PANIC)
    try:
        answer = index(Path(path), demuxer, json.loads(limits))
    except Refused as exc:
        answer = {"refused": exc.code, "detail": str(exc)}
    except MemoryError as exc:
        answer = {"refused": "too_complex", "detail": repr(exc)}
    except (ArithmeticError, LookupError, ValueError) as exc:  # values that no sound file has, wherever they surface
        answer = {"refused": "unreadable", "detail": repr(exc)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])

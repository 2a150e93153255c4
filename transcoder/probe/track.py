"""What is gathered of one stream while the file is demuxed, and how that is told."""

from __future__ import annotations

import contextlib
import struct
from array import array
from fractions import Fraction
from itertools import accumulate
from operator import sub
from typing import TYPE_CHECKING, Any

import av
import av.error
import av.stream

from transcoder import accepted
from transcoder.probe.opening import Refused
from transcoder.probe.packing import pack
from transcoder.probe.reordering import reordering
from transcoder.probe.sound import Count

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROBE_PACKETS = 400  # of one stream, before its first decoded frame: a TS may begin far from a key frame
_PROBE_BYTES = 64 << 20
_FAR = 10  # seconds
_BACK = 2  # seconds; no codec shows a picture so long after those that it is decoded behind
_PROBE_FRAMES = 8
_PROBE_PIXELS = 1920 * 1088  # above: one frame; nothing larger is interlaced, and each costs
_UNSPECIFIED = 2  # ITU-T H.273: of transfer, primaries and matrix alike
_HIDDEN_PICTURES = frozenset(("vp8", "vp9", "libvpx", "libvpx-vp9"))


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
    """One stream: the stamps and durations of its packets in decoding order, and its first decoded frames."""

    def __init__(self, stream: Any, wanted_frames: int) -> None:
        self.stream = stream
        self.codec = stream.codec_context.name
        self.stamps = array("q")
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
        self.places: list[tuple[int | None, int | None]] = []
        """Position in the file and stamp of the packets so far, while it is probed."""
        self.count = Count(stream) if stream.type == "audio" else None
        self.reads: dict[str, str] | None = None
        self.group = 0
        """Samples in each group of `reads`."""

    @property
    def probing(self) -> bool:
        return (
            len(self.frames) < self.wanted_frames
            and self.probed < _PROBE_PACKETS
            and self.probed_bytes < _PROBE_BYTES
            and not self.encrypted
        )

    def take(self, packet: Any) -> None:
        frames: list[Any] = []
        if self.probing:
            frames = self._probe(packet)
            self.places.append((packet.pos, packet.pts))
        if packet.is_discard or not is_shown(self.codec, packet):
            return
        self.packets += 1
        self.last = packet
        if packet.pts is None:
            self.missing += 1
            return
        if self.count is not None:
            self.count.take(packet, frames)
        self.stamps.append(packet.pts)
        self.durations.append(packet.duration or 0)

    def _probe(self, packet: Any) -> list[Any]:
        self.encrypted = _is_encrypted(packet)
        self.probed += 1
        self.probed_bytes += packet.size
        try:
            frames = packet.decode()
        except (av.error.FFmpegError, ValueError, MemoryError) as exc:
            self.error = str(exc)
            return []
        self.frames += frames
        return list(frames)

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


def _layout(layout: Any) -> str:
    """Its name; of a single channel that says where it belongs, that channel's."""
    name: str = layout.channels[0].name if layout.nb_channels == 1 and layout.name != "mono" else layout.name
    return name


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


def plausible(stamps: Sequence[int], time_base: Fraction) -> Sequence[int]:
    """Places (in decoding order) of the stamps that are no damage: far from both neighbours, which are close together.

    One flipped bit in a TS would otherwise make a presentation of hours. The first and the last stay: a long still at
    an end is what screen recordings have.
    """
    far = far_apart(time_base)
    if len(stamps) < 3 or max(map(abs, map(sub, stamps[1:], stamps))) < far:
        return range(len(stamps))
    neighbours = zip(stamps, stamps[1:], stamps[2:], strict=False)
    inner = [place for place, three in enumerate(neighbours, 1) if is_plausible(*three, far)]
    return [0, *inner, len(stamps) - 1]


def behind(stamps: Sequence[int], time_base: Fraction) -> int:
    """How many stamps (in decoding order) lie far behind one that came before: the clock has gone back."""
    back = int(_BACK / time_base)
    return sum(stamp < latest - back for stamp, latest in zip(stamps, accumulate(stamps, max), strict=True))


def far_apart(time_base: Fraction) -> int:
    """How far from each other two neighbouring stamps are if one of them is damage, in ticks."""
    return int(_FAR / time_base) + 1


def is_plausible(before: int, stamp: int, after: int, far: int) -> bool:
    """Whether a stamp is no damage, by its neighbours in decoding order."""
    return abs(before - after) >= far or min(abs(stamp - before), abs(stamp - after)) < far


def _ratio(value: Any) -> str | None:
    return f"{value.numerator}/{value.denominator}" if value else None


def _coefficients(picture: Any) -> int:
    """The matrix of a picture (ITU-T H.273 table 4); 0 for one that is red, green and blue, whatever it says."""
    pixels = picture.format
    if pixels is not None and (pixels.is_rgb or pixels.name == "pal8"):
        return 0
    return int(picture.colorspace) or _UNSPECIFIED


def describe(track: Track) -> dict[str, Any]:
    """What index.py is told of a track."""
    stream, context = track.stream, track.stream.codec_context
    shown = plausible(track.stamps, stream.time_base)
    stamps = array("q", sorted(map(track.stamps.__getitem__, shown)))
    last = max(shown, key=track.stamps.__getitem__, default=None)
    facts: dict[str, Any] = {
        "index": stream.index,
        "kind": stream.type,
        "codec": context.codec.name,
        "time_base": _ratio(stream.time_base),
        "packets": track.packets,
        "missing": track.missing,
        "behind": behind(list(map(track.stamps.__getitem__, shown)), stream.time_base),
        "encrypted": track.encrypted,
        "decoded": len(track.frames),
        "decode_error": track.error[:300],
        "first_stamp": stamps[0] if stamps else 0,
        "end": stamps[-1] + track.durations[last] if last is not None else None,
        "largest_gap": max(map(sub, stamps[1:], stamps), default=0),
        "last_duration": track.durations[last] if last is not None else 0,
        "decoded_stamps": [frame.pts for frame in track.frames if frame.pts is not None],
        "language": stream.language,
        "title": stream.metadata.get("title", ""),
        "default": bool(stream.disposition & av.stream.Disposition.default),
        "duration": stream.duration if stream.container.format.name.startswith("mov") else None,
        "reads": track.reads,
        "group": track.group,
    }
    if stream.type == "audio":
        return facts | {
            "sample_rate": context.sample_rate,
            "channels": context.channels,
            "layout": _layout(context.layout),
            "dispositions": [each.name for each in av.stream.Disposition if stream.disposition & each],
            "decoded_rate": track.frames[0].sample_rate if track.frames else 0,
            "entries": track.count.entries if track.count is not None else (),
        }
    frame = track.frames[0] if track.frames else None
    return facts | {
        "stamps": pack(stamps),
        "width": frame.width if frame else context.width,
        "height": frame.height if frame else context.height,
        "sar": _ratio(stream.sample_aspect_ratio),
        "rate": _ratio(stream.guessed_rate or stream.average_rate),
        "matrix": _matrix(frame) if frame else None,
        "pixel_format": frame.format.name if frame else context.pix_fmt,
        "bit_depth": max((part.bits for part in frame.format.components), default=8) if frame else 8,
        "interlaced": any(frame.interlaced_frame for frame in track.frames),
        "transfer": int(frame.color_trc if frame else context.color_trc),
        "primaries": int(frame.color_primaries if frame else context.color_primaries),
        "coefficients": _coefficients(frame or context),
        "full_range": int(frame.color_range if frame else context.color_range) == 2,
        "reordering": reordering(context.codec.canonical_name, context.extradata or b""),
    }


def tracks_of(container: Any, limits: dict[str, int]) -> tuple[list[Track], list[str]]:
    """The streams worth demuxing, and of the other video and audio streams kind, number and the codec's name, if any.

    Raises Refused.
    """
    tracks: list[Track] = []
    unsupported: list[str] = []
    picture = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    for stream in container.streams:
        if stream.type not in ("video", "audio") or stream.disposition & picture:
            continue
        context = stream.codec_context
        if context is None or context.codec.name not in accepted.DECODERS:
            unsupported.append(f"{stream.type} {stream.index} {context.codec.name if context else ''}".strip())
            continue
        context.options = accepted.decoding(limits["max_pixels"])
        if stream.type == "video":
            if context.width * context.height > limits["max_pixels"]:
                raise Refused("too_large", f"{context.width}x{context.height}")
            context.thread_count = 1
            small = context.width * context.height <= _PROBE_PIXELS
            tracks.append(Track(stream, _PROBE_FRAMES if small else 1))
        else:
            tracks.append(Track(stream, 1))
    return tracks, unsupported

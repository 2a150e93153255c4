"""How many samples a packet is decoded to, by its codec: from its first bytes, and never by decoding it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

_HEAD = 16
"""Bytes of a packet that tell enough."""

_FRAMES = frozenset(("aac", "mp1", "mp1float", "mp2", "mp2float", "mp3", "mp3float"))
"""Codecs with as many samples in every packet, which the decoder tells (ISO/IEC 14496-3, 11172-3)."""

_PCM = {
    "pcm_u8": 1, "pcm_s8": 1, "pcm_alaw": 1, "pcm_mulaw": 1, "pcm_s16le": 2, "pcm_s16be": 2, "pcm_s24le": 3,
    "pcm_s24be": 3, "pcm_s32le": 4, "pcm_s32be": 4, "pcm_f32le": 4, "pcm_f32be": 4, "pcm_f64le": 8, "pcm_f64be": 8,
}  # fmt: skip


class Packets(Protocol):
    """A stream's packets, one after the other."""

    def samples(self, packet: Any) -> int | None:
        """Samples (per channel) that the packet is decoded to; None where that can't be told."""


def packets_of(stream: Any) -> Packets | None:
    """How to count a stream of which a first packet has been decoded; None for a codec that is not known here."""
    context = stream.codec_context
    name = context.codec.name
    if name in _PCM and context.channels:
        return _Pcm(block=_PCM[name] * context.channels)
    if name in _FRAMES:
        return _Frames(size=context.frame_size, ticks=1 / (stream.time_base * (context.sample_rate or 1)))
    if name in _READERS:
        return _Headed(read=_READERS[name])
    if name in ("vorbis", "libvorbis") and (shape := vorbis_blocks(context.extradata or b"")) is not None:
        return _Vorbis(shape=shape)
    return None


@dataclass(slots=True, kw_only=True)
class _Pcm:
    block: int

    def samples(self, packet: Any) -> int | None:
        count, rest = divmod(packet.size, self.block)
        return None if rest else count


@dataclass(slots=True, kw_only=True)
class _Frames:
    size: int
    ticks: Any  # of the time base, in a sample

    def samples(self, packet: Any) -> int | None:
        # A packet with another number of frames would last another time.
        if not self.size or (packet.duration and abs(packet.duration - self.size * self.ticks) > 1):
            return None
        return self.size


@dataclass(slots=True, kw_only=True)
class _Headed:
    read: Callable[[bytes], int | None]

    def samples(self, packet: Any) -> int | None:
        return self.read(bytes(memoryview(packet)[:_HEAD]))


@dataclass(slots=True, kw_only=True)
class _Vorbis:
    shape: tuple[tuple[int, int], tuple[bool, ...]]
    _before: int = field(default=0)

    def samples(self, packet: Any) -> int | None:
        sizes, modes = self.shape
        bits = memoryview(packet)[0]
        mode = bits >> 1 & ((1 << (len(modes) - 1).bit_length()) - 1)
        if bits & 1 or mode >= len(modes):
            return None
        size = sizes[modes[mode]]
        # Vorbis I §4.3.8: what comes out is the overlap with the block before; the first block gives nothing.
        samples = (self._before + size) // 4 if self._before else 0
        self._before = size
        return samples


_MOST_OPUS = 5760


def opus_samples(head: bytes) -> int | None:
    """Samples at 48 kHz of an Opus packet, by its first two bytes (RFC 6716 §3.1): at most 120 ms (§3.4)."""
    if not head:
        return None
    config, code = head[0] >> 3, head[0] & 3
    if config < 12:
        size = (480, 960, 1920, 2880)[config & 3]
    elif config < 16:
        size = (480, 960)[config & 1]
    else:
        size = (120, 240, 480, 960)[config & 3]
    if code == 3:
        samples = size * (head[1] & 0x3F) if len(head) > 1 else 0
        return samples if 0 < samples <= _MOST_OPUS else None
    return size if code == 0 else 2 * size


def flac_samples(head: bytes) -> int | None:
    """Samples of a FLAC frame, by its header of at most 16 bytes (RFC 9639 §9.1)."""
    if len(head) < 5 or head[0] != 0xFF or head[1] >> 2 != 0x3E:
        return None
    code = head[2] >> 4
    if code == 1:
        return 192
    if 2 <= code <= 5:
        return 576 << (code - 2)
    if code >= 8:
        return 256 << (code - 8)
    # Codes 6 and 7: behind the frame's or sample's number, which is written like a letter of UTF-8.
    ones = 8 - (head[4] ^ 0xFF).bit_length()
    at = 4 + max(1, ones)
    if code == 6 and len(head) > at:
        return head[at] + 1
    if code == 7 and len(head) > at + 1:
        return int.from_bytes(head[at : at + 2], "big") + 1
    return None


def ac3_samples(head: bytes) -> int | None:
    """Samples of an AC-3 or E-AC-3 frame, by its header (ETSI TS 102 366 §4.4.1 and annex E §1.2.2)."""
    if len(head) < 6 or head[:2] != b"\x0b\x77":
        return None
    if head[5] >> 3 <= 10:  # bsid
        return 1536
    blocks = 6 if head[4] >> 6 == 3 else (1, 2, 3, 6)[head[4] >> 4 & 3]
    return 256 * blocks


_READERS: Mapping[str, Callable[[bytes], int | None]] = {
    "ac3": ac3_samples, "eac3": ac3_samples, "flac": flac_samples, "libopus": opus_samples, "opus": opus_samples,
}  # fmt: skip


def vorbis_blocks(extradata: bytes) -> tuple[tuple[int, int], tuple[bool, ...]] | None:
    """The two block sizes of a Vorbis stream, and for each mode whether it is the long one. None if it can't be told.

    Extradata is the three headers in Xiph lacing. The modes stand at the end of the setup header (Vorbis I §4.2.4) and
    are read backwards, for what is before them takes a decoder to read: each is 41 bits, of which 32 are zero.
    """
    headers = _laced(extradata)
    if headers is None or len(headers[0]) < 29 or headers[0][1:7] != b"vorbis" or headers[2][1:7] != b"vorbis":
        return None
    small, large = headers[0][28] & 15, headers[0][28] >> 4
    if not 6 <= small <= large <= 13:
        return None
    setup = int.from_bytes(headers[2], "little")
    top = setup.bit_length() - 1  # the framing bit
    found: list[bool] = []
    at, count = top, 0
    # Block flag 1 · window type 16 (0) · transform type 16 (0) · mapping 8. Before the first: their count less one, 6.
    while at >= 47 and len(found) < 64 and not setup >> (at - 40) & 0xFFFFFFFF and setup >> (at - 8) & 0xFF < 64:
        at -= 41
        found.insert(0, bool(setup >> at & 1))
        if setup >> (at - 6) & 0x3F == len(found) - 1:
            count = len(found)
    return ((1 << small, 1 << large), tuple(found[-count:])) if count else None


def _laced(extradata: bytes) -> tuple[bytes, bytes, bytes] | None:
    if len(extradata) < 3 or extradata[0] != 2:
        return None
    sizes, at = [], 1
    for _ in range(2):
        size = 0
        while at < len(extradata) and extradata[at] == 0xFF:
            size, at = size + 255, at + 1
        if at >= len(extradata):
            return None
        sizes.append(size + extradata[at])
        at += 1
    first, second = at + sizes[0], at + sum(sizes)
    return (extradata[at:first], extradata[first:second], extradata[second:]) if second < len(extradata) else None

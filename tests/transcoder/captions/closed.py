"""CEA-608 as tests write it: commands to byte pairs, byte pairs into the SEI of H.264 pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import av

if TYPE_CHECKING:
    from pathlib import Path

RCL, EDM, ENM, EOC, RDC, CR, RU2, BS = 0x20, 0x2C, 0x2E, 0x2F, 0x29, 0x2D, 0x25, 0x21
ROW_15: Final = (0x14, 0x70)

Pairs = list[tuple[int, int]]


def parity(code: int) -> int:
    """Odd parity in the top bit, as line 21 has it."""
    return code if code.bit_count() % 2 else code | 0x80


def command(code: int, *, second_channel: bool = False) -> tuple[int, int]:
    return 0x1C if second_channel else 0x14, code


def letters(text: str) -> Pairs:
    codes = [*text.encode("ascii"), *([0] if len(text) % 2 else [])]
    return list(zip(codes[::2], codes[1::2], strict=True))


def pop_on(text: str) -> Pairs:
    """A caption written out of sight; EOC shows it."""
    return [command(RCL), command(RCL), command(ENM), ROW_15, *letters(text)]


def sei(pairs: Pairs, *, field: int = 1) -> bytes:
    """A NAL unit with cc_data() of these pairs, escaped."""
    triplets = b"".join(bytes((0xFC | field - 1, parity(one), parity(two))) for one, two in pairs)
    payload = b"\xb5\0\x31GA94\x03" + bytes((0x40 | len(pairs), 0xFF)) + triplets + b"\xff"
    body = bytes((4, len(payload))) + payload + b"\x80"
    return b"\x06" + body.replace(b"\0\0", b"\0\0\3")


def with_captions(clip: Path, to: Path, pairs: dict[int, Pairs], *, offset: int = 0, field: int = 1) -> Path:
    """A copy of an H.264 MP4 whose picture number n (from 0, as shown) carries `pairs[n]`; stamps moved by `offset`
    ticks of 1/90000 s."""
    with av.open(str(clip)) as source, av.open(str(to), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        packets = [packet for packet in source.demux(stream) if packet.size]
        shown = sorted(packet.pts for packet in packets)
        for packet in packets:
            unit = sei(pairs.get(shown.index(packet.pts), []), field=field)
            made = av.Packet(len(unit).to_bytes(4, "big") + unit + bytes(packet))
            moved = round(offset / (90_000 * stream.time_base))
            made.pts, made.dts = packet.pts + moved, packet.dts + moved
            made.time_base, made.duration, made.is_keyframe = stream.time_base, packet.duration, packet.is_keyframe
            made.stream = copy
            target.mux(made)
    return to

"""How many pictures may be decoded before one that is shown before them, as a stream's own header bounds it.

A source that arrives is cut where pictures are known for good, and that is how long it takes to know. What a header
does not say is what its codec allows. Pure; standard library only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 16
"""The largest picture buffer of H.264 and HEVC (A.3.1, A.4.2)."""

_BY_CODEC = {
    # Each packet is shown as it comes: hidden pictures are none (`track.is_shown`).
    "vp8": 0, "vp9": 0, "av1": 0, "mjpeg": 0, "prores": 0, "dnxhd": 0,
    # A B picture is decoded after the one picture behind it that it refers to.
    "mpeg1video": 1, "mpeg2video": 1,
}  # fmt: skip

# ITU-T H.264 table A-1: macroblocks that the picture buffer of a level holds. Level 1b is 9, or 11 with a flag.
_BUFFER = {
    9: 396, 10: 396, 11: 900, 12: 2376, 13: 2376, 20: 2376, 21: 4752, 22: 8100, 30: 8100, 31: 18_000, 32: 20_480,
    40: 32_768, 41: 32_768, 42: 34_816, 50: 110_400, 51: 184_320, 52: 184_320, 60: 696_320, 61: 696_320, 62: 696_320,
}  # fmt: skip
_HIGH = frozenset((44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244))  # H.264 §7.3.2.1.1
_INTRA = frozenset((44, 86, 100, 110, 122, 244))  # with constraint_set3_flag: H.264 §E.2.1
_MOST_BYTES = 1024  # of a parameter set: real ones have some dozens, and each bit costs time by the bytes there are
_ANY_SIZE = 255  # aspect_ratio_idc Extended_SAR


def reordering(codec: str, header: bytes) -> int:
    """Pictures that may precede one in decoding order and follow it in output order; at most MOST.

    `codec`: its name in libavcodec; `header`: its extradata (`avcC`, `hvcC`, or NAL units behind start codes).
    """
    if codec not in ("h264", "hevc"):
        return _BY_CODEC.get(codec, MOST)
    read = _h264 if codec == "h264" else _hevc
    try:
        return min(MOST, max(map(read, _parameter_sets(codec, header)), default=MOST))
    except (EOFError, IndexError):  # cut off
        return MOST


class _Bits:
    """A NAL unit's payload, bit by bit (H.264 §7.2, §9.1)."""

    def __init__(self, unit: bytes) -> None:
        body = unit[:_MOST_BYTES].replace(b"\0\0\3", b"\0\0")  # emulation prevention, §7.3.1
        self._left = 8 * len(body)
        self._value = int.from_bytes(body, "big")

    def take(self, count: int = 1) -> int:
        """u(n). Raises EOFError."""
        self._left -= count
        if self._left < 0:
            raise EOFError("the parameter set ends early")
        return self._value >> self._left & (1 << count) - 1

    def ue(self) -> int:
        """Exp-Golomb. Raises EOFError."""
        zeros = 0
        while not self.take():
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def se(self) -> int:
        value = self.ue()
        return (value + 1) // 2 if value % 2 else -(value // 2)


def _parameter_sets(codec: str, header: bytes) -> Iterator[bytes]:
    """The sequence parameter sets, from behind their NAL unit headers on."""
    if codec == "h264":
        return (unit[1:] for unit in _units_of_avcc(header) if unit and unit[0] & 31 == 7)
    return (unit[2:] for unit in _units_of_hvcc(header) if unit and unit[0] >> 1 & 63 == 33)


def _units_of_avcc(header: bytes) -> Iterator[bytes]:
    """ISO/IEC 14496-15 §5.3.3.1.2, the sequence parameter sets alone; or Annex B. Raises EOFError."""
    if header[:1] != b"\1":
        yield from _behind_start_codes(header)
        return
    yield from _counted(header, 6, header[5] & 31)


def _units_of_hvcc(header: bytes) -> Iterator[bytes]:
    """ISO/IEC 14496-15 §8.3.3.1.2; or Annex B. Raises EOFError."""
    if header[:1] != b"\1":
        yield from _behind_start_codes(header)
        return
    at = 23
    for _ in range(header[22]):
        units = list(_counted(header, at + 3, int.from_bytes(header[at + 1 : at + 3], "big")))
        at += 3 + sum(2 + len(unit) for unit in units)
        yield from units


def _counted(header: bytes, at: int, count: int) -> Iterator[bytes]:
    """So many NAL units behind their lengths. Raises EOFError."""
    for _ in range(count):
        begin = at + 2
        at = begin + int.from_bytes(header[at:begin], "big")
        if at > len(header):
            raise EOFError("the parameter sets end early")
        yield header[begin:at]


def _behind_start_codes(header: bytes) -> Iterator[bytes]:
    return iter(header.split(b"\0\0\1")[1:])


def _h264(unit: bytes) -> int:
    """H.264 §7.3.2.1.1 and §E.1.1."""
    bits = _Bits(unit)
    profile, constraints, level = bits.take(8), bits.take(8), bits.take(8)
    third = constraints >> 4 & 1  # constraint_set3_flag
    bits.ue()
    if profile in _HIGH:
        _skip_high(bits)
    bits.ue()
    output = bits.ue()  # pic_order_cnt_type
    if output == 0:
        bits.ue()
    elif output == 1:
        bits.take(), bits.se(), bits.se()
        for _ in range(bits.ue()):
            bits.se()
    references = bits.ue()
    bits.take()
    width, height = bits.ue() + 1, bits.ue() + 1
    frames = bits.take()
    height *= 2 - frames
    bits.take(1 if frames else 2)
    if bits.take():
        for _ in range(4):
            bits.ue()
    if bits.take() and (found := _of_usability(bits)) is not None:
        return found
    if output == 2 or (third and profile in _INTRA):
        return 0
    if level == 11 and third and profile in (66, 77, 88):
        level = 9
    return max(_BUFFER.get(level, MOST * width * height) // (width * height), references)


def _skip_high(bits: _Bits) -> None:
    chroma = bits.ue()
    if chroma == 3:
        bits.take()
    bits.ue(), bits.ue(), bits.take()
    if not bits.take():
        return
    for number in range(8 if chroma != 3 else 12):
        if bits.take():
            last = following = 8
            for _ in range(16 if number < 6 else 64):
                if following:
                    following = (last + bits.se()) % 256
                last = following or last


def _of_usability(bits: _Bits) -> int | None:
    """max_num_reorder_frames of the VUI; None where it has no bitstream restriction."""
    if bits.take() and bits.take(8) == _ANY_SIZE:
        bits.take(32)
    if bits.take():  # overscan
        bits.take()
    if bits.take():  # video signal
        bits.take(4)
        if bits.take():
            bits.take(24)
    if bits.take():  # chroma location
        bits.ue(), bits.ue()
    if bits.take():  # timing
        bits.take(65)
    if _skipped_buffering(bits) + _skipped_buffering(bits):  # of NAL units, of VCL NAL units
        bits.take()
    bits.take()
    if not bits.take():
        return None
    bits.take()
    for _ in range(4):
        bits.ue()
    return bits.ue()


def _skipped_buffering(bits: _Bits) -> bool:
    """hrd_parameters (§E.1.2), if they are there."""
    if not bits.take():
        return False
    count = bits.ue() + 1
    bits.take(8)
    for _ in range(count):
        bits.ue(), bits.ue(), bits.take()
    bits.take(20)
    return True


def _hevc(unit: bytes) -> int:
    """ITU-T H.265 §7.3.2.2.1: sps_max_num_reorder_pics, the largest of all sub-layers."""
    bits = _Bits(unit)
    bits.take(4)
    layers = bits.take(3)
    bits.take()
    bits.take(96)  # §7.3.3: general profile and level
    present = [(bits.take(), bits.take()) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for profile, level in present:
        bits.take(88 * profile + 8 * level)
    bits.ue()
    if bits.ue() == 3:
        bits.take()
    bits.ue(), bits.ue()
    if bits.take():
        for _ in range(4):
            bits.ue()
    for _ in range(3):
        bits.ue()
    all_layers = bits.take()
    depths = []
    for _ in range(layers + 1 if all_layers else 1):
        bits.ue()
        depths.append(bits.ue())
        bits.ue()
    return max(depths)

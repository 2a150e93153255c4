"""Closed captions as coded pictures carry them: the byte pairs of CEA-608 out of a packet, without decoding a picture.

    H.264, HEVC   SEI user_data_registered_itu_t_t35 (ITU-T H.264 §D.1.6): country 0xB5, provider 0x0031, "GA94", 3
    MPEG-2        user_data behind a picture header (ATSC A/53 part 4 §6.2.3): "GA94", 3

What follows is cc_data() (CTA-708 §4.3): triplets of a type and two bytes. Standard library only: the child in the
sandbox imports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_START: Final = b"\0\0\1"
_ATSC: Final = b"\xb5\0\x31GA94\x03"
_USER_DATA: Final = b"\0\0\1\xb2GA94\x03"
_H264_SEI: Final = 6
_HEVC_SEI: Final = frozenset({39, 40})
_T35: Final = 4
_PADDING: Final = frozenset({0x00, 0x80})


class Pair(NamedTuple):
    """Two bytes of CEA-608, parity included, for field 1 (CC1, CC2) or 2 (CC3, CC4, XDS)."""

    field: int
    first: int
    second: int


class Carried(NamedTuple):
    """What a packet carries. `dtvcc`: CEA-708 too; `present`: cc_data, if only padding."""

    pairs: list[Pair]
    dtvcc: bool
    present: bool


CODECS: Final = frozenset({"h264", "hevc", "mpeg2video"})


def nal_length_size(codec: str, extradata: bytes) -> int:
    """Bytes of the length before each NAL unit (ISO/IEC 14496-15); 0: start codes part them (Annex B)."""
    if codec == "h264" and len(extradata) > 4 and extradata[0] == 1:
        return (extradata[4] & 3) + 1
    if codec == "hevc" and len(extradata) > 21 and extradata[0] == 1:
        return (extradata[21] & 3) + 1
    return 0


def carried(codec: str, packet: bytes, length_size: int) -> Carried:
    """The captions in one packet of a picture track."""
    found = Carried([], False, False)
    if codec == "mpeg2video":
        at = packet.find(_USER_DATA)
        while at >= 0:
            found = _triplets(packet[at + len(_USER_DATA) :], found)
            at = packet.find(_USER_DATA, at + 1)
        return found
    if b"GA94" not in packet:
        return found
    for unit in _with_lengths(packet, length_size) if length_size else _with_start_codes(packet):
        if not _is_sei(codec, unit):
            continue
        # The emulation prevention byte is no content (ITU-T H.264 §7.4.1).
        body = unit[1 if codec == "h264" else 2 :].replace(b"\0\0\3", b"\0\0")
        for kind, payload in _sei_messages(body):
            if kind == _T35 and payload.startswith(_ATSC):
                found = _triplets(payload[len(_ATSC) :], found)
    return found


def _is_sei(codec: str, unit: bytes) -> bool:
    if not unit:
        return False
    return unit[0] & 0x1F == _H264_SEI if codec == "h264" else unit[0] >> 1 & 0x3F in _HEVC_SEI


def _with_lengths(packet: bytes, size: int) -> Iterator[bytes]:
    at = 0
    while at + size <= len(packet):
        length = int.from_bytes(packet[at : at + size], "big")
        yield packet[at + size : at + size + length]
        at += size + length


def _with_start_codes(packet: bytes) -> Iterator[bytes]:
    at = packet.find(_START)
    while at >= 0:
        begin = at + len(_START)
        at = packet.find(_START, begin)
        yield packet[begin : at if at >= 0 else len(packet)]


def _sei_messages(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and payload of each message (ITU-T H.264 §7.3.2.3.1); ends at the trailing bits or at damage."""
    at = 0
    while at + 2 <= len(body) and body[at] != 0x80:
        numbers = []
        for _ in range(2):
            value = 0
            while at < len(body) and body[at] == 0xFF:
                value, at = value + 255, at + 1
            if at >= len(body):
                return
            numbers.append(value + body[at])
            at += 1
        kind, size = numbers
        yield kind, body[at : at + size]
        at += size


def _triplets(body: bytes, before: Carried) -> Carried:
    """cc_data() (CTA-708 §4.3.1), behind what was found before it."""
    if len(body) < 2 or not body[0] & 0x40:
        return before
    pairs, dtvcc = list(before.pairs), before.dtvcc
    for at in range(2, 2 + 3 * (body[0] & 0x1F), 3):
        triplet = body[at : at + 3]
        if len(triplet) < 3 or not triplet[0] & 4:
            continue
        kind = triplet[0] & 3
        if kind >= 2:
            dtvcc = True
        elif triplet[1] not in _PADDING or triplet[2] not in _PADDING:
            pairs.append(Pair(kind + 1, triplet[1], triplet[2]))
    return Carried(pairs, dtvcc, True)

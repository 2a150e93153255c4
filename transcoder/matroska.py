"""The track entries of a Matroska file, as far as its demuxer keeps something from us (RFC 9559, RFC 8794)."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEGMENT: Final = 0x18538067
_CLUSTER: Final = 0x1F43B675
_TRACKS: Final = 0x1654AE6B
_TRACK_ENTRY: Final = 0xAE
_MAPPING: Final = 0x41E4
_MAPPING_TYPE: Final = 0x41E7
_MAPPING_EXTRA: Final = 0x41ED
_MAX_TRACKS: Final = 1 << 20
"""Bytes of a list of tracks that is read: those of sixty tracks take less."""
_MAX_ELEMENTS: Final = 1000
"""Elements ahead of the media."""
_DOLBY_VISION: Final = (b"dvcC", b"dvvC", b"dvwC")
_OWN_COLOURS: Final = 5


def has_foreign_colours(file: BinaryIO) -> bool:
    """Whether a picture is in Dolby Vision's own colours alone (profile 5): such a track has a block addition mapping
    whose type and extra bytes are the name and the content of the box that an MP4 would have ("Dolby Vision Streams
    Within the Matroska and WebM Format" §2). What cannot be read has none. Raises OSError."""
    tracks = _tracks(file)
    for track in _of(tracks, _TRACK_ENTRY):
        for mapping in _of(track, _MAPPING):
            kinds, records = list(_of(mapping, _MAPPING_TYPE)), list(_of(mapping, _MAPPING_EXTRA))
            if any(kind in _DOLBY_VISION for kind in kinds) and any(_profile(each) == _OWN_COLOURS for each in records):
                return True
    return False


def _profile(record: bytes) -> int | None:
    """DOVIDecoderConfigurationRecord: two bytes of version, then the profile in seven bits."""
    return record[2] >> 1 if len(record) > 2 else None


def _tracks(file: BinaryIO) -> bytes:
    """The payload of the list of tracks, if it lies ahead of the media; else nothing."""
    at = 0
    for _ in range(_MAX_ELEMENTS):
        file.seek(at)
        found = _header(_read(file, 12))
        if found is None:
            return b""
        name, size, length = found
        if name == _TRACKS and size is not None and size <= _MAX_TRACKS:
            file.seek(at + length)
            return _read(file, size)
        if name == _CLUSTER or (size is None and name != _SEGMENT):
            return b""
        at += length if name == _SEGMENT or size is None else length + size
    return b""


def _read(file: BinaryIO, size: int) -> bytes:
    """So many bytes, fewer at the end of the file; a single read may bring less."""
    body = bytearray()
    while len(body) < size and (piece := file.read(size - len(body))):
        body += piece
    return bytes(body)


def _of(body: bytes, wanted: int) -> Iterator[bytes]:
    """The payloads of an element's children of one name, as far as they can be read."""
    at = 0
    while (found := _header(body[at : at + 12])) is not None:
        name, size, length = found
        if size is None or at + length + size > len(body):
            return
        if name == wanted:
            yield body[at + length : at + length + size]
        at += length + size


def _header(body: bytes) -> tuple[int, int | None, int] | None:
    """Name of an element, size of its payload (None: unknown), bytes that both take (RFC 8794 §4, §5, §6)."""
    named = _length(body, 0, most=4)
    sized = None if named is None else _length(body, named, most=8)
    if named is None or sized is None:
        return None
    size = int.from_bytes(body[named : named + sized]) & ~(1 << 7 * sized)
    unknown = size == (1 << 7 * sized) - 1
    return int.from_bytes(body[:named]), None if unknown else size, named + sized


def _length(body: bytes, at: int, *, most: int) -> int | None:
    """Bytes of the number that begins there: one more than its first byte has zeros ahead of its first one."""
    length = 9 - body[at].bit_length() if at < len(body) and body[at] else 0
    return length if 0 < length <= most and at + length <= len(body) else None

"""What of FLV stands before the key picture that a decoder enters with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streaming.live.entry.flv import FlvEntry
from streaming.live.ingest.rtmp.flv import header, tag

if TYPE_CHECKING:
    from streaming.live.ingest.rtmp.messages import Kind

FIRST = header()
METADATA = b"\x02\x00\x0aonMetaData\x08 1"
AVC, AAC = b"\x17\0\0\0\0avcC", b"\xaf\0\x11\x90"
HVC, HDR, OPUS = b"\x90hvc1hvcC", b"\x94hvc1colorInfo", b"\x90OpusHead"
KEY, PICTURE, SOUND = b"\x17\1\0\0\0key", b"\x27\1\0\0\0picture", b"\xaf\1sound"
ENHANCED_KEY = b"\x91hvc1\0\0\0key"


@pytest.mark.parametrize(
    ("before", "key", "prelude"),
    [
        ([(18, METADATA), (9, AVC), (8, AAC)], KEY, [(18, METADATA), (9, AVC), (8, AAC)]),
        ([(9, AVC), (9, KEY), (9, AVC + b"2"), (9, PICTURE)], KEY, [(9, AVC + b"2")]),  # the later one holds
        ([(18, METADATA), (18, METADATA + b"2")], KEY, [(18, METADATA + b"2")]),
        ([(18, b"\x02\x00\x0aonCuePoint"), (18, b"\x02\x00\x06onText")], KEY, []),  # said once, at its moment
        ([(9, HVC), (9, HDR), (8, OPUS), (8, SOUND)], ENHANCED_KEY, [(9, HVC), (9, HDR), (8, OPUS)]),
        ([(9, AVC), (9, HVC)], ENHANCED_KEY, [(9, HVC)]),  # another codec
        ([(9, AVC + bytes(70_000)), (8, AAC)], KEY, [(8, AAC)]),  # larger than any is
        ([(9, b""), (8, b""), (18, b"")], KEY, []),
    ],
)
def test_metadata_and_configurations_as_they_were_last(
    before: list[tuple[Kind, bytes]], key: bytes, prelude: list[tuple[Kind, bytes]]
) -> None:
    stream = FIRST + b"".join(tag(kind, 40 * place, body) for place, (kind, body) in enumerate(before))
    rest = tag(9, 0x1234567, key) + tag(8, 0x1234567, SOUND)
    for size in (1, 7, len(stream + rest)):
        entry = FlvEntry()
        entry.passed(stream)
        entry.shut()
        late = tag(9, 5000, PICTURE) + rest
        given = b"".join(entry.passed(late[at : at + size]) for at in range(0, len(late), size))
        assert given == FIRST + b"".join(tag(kind, 0x1234567, body) for kind, body in prelude) + rest


def test_a_configuration_that_comes_while_it_is_shut_is_kept() -> None:
    entry = FlvEntry()
    entry.passed(FIRST + tag(9, 0, AVC) + tag(9, 0, KEY)[:-2])
    entry.shut()
    assert entry.passed(tag(9, 0, KEY)[-2:] + tag(9, 40, AVC + b"2") + tag(9, 40, PICTURE)) == b""
    assert entry.passed(tag(9, 80, KEY)) == FIRST + tag(9, 80, AVC + b"2") + tag(9, 80, KEY)


def test_nothing_is_kept_of_what_nobody_takes() -> None:
    entry = FlvEntry()
    entry.passed(FIRST)
    entry.shut()
    for _ in range(64):
        assert entry.passed(tag(9, 0, PICTURE + bytes(1 << 20))) == b""
    assert len(entry._rest) < 100

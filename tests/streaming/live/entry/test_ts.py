"""Where a transport stream is entered, packet by packet."""

from __future__ import annotations

from streaming.live.entry.ts import TsEntry

PMT, VIDEO, SOUND = 0x1000, 0x100, 0x101


def packet(pid: int, payload: bytes = b"", *, starts: bool = True, access: bool = False) -> bytes:
    """188 bytes; `access`: the random_access_indicator."""
    head = bytes([0x47, starts << 6 | pid >> 8, pid & 0xFF])
    field = b"\x30\x01\x40" if access else b"\x10"
    return (head + field + payload).ljust(188, b"\xff")


def section(table: int, body: bytes) -> bytes:
    size = 5 + len(body) + 4
    return bytes([0, table, 0xB0 | size >> 8, size & 0xFF, 0, 1, 0xC1, 0, 0]) + body + bytes(4)


PROGRAMMES = packet(0, section(0, b"\0\x01\xf0\0"))
"""One, whose map is in packets of PMT."""
MAP = packet(PMT, section(2, b"\xe1\0\xf0\0" + b"\x1b\xe1\0\xf0\0" + b"\x0f\xe1\x01\xf0\0"))
"""H.264 and AAC."""
MORE = packet(PMT, b"the rest of a long map", starts=False)
PES = b"\0\0\1\xe0\0\0\x80\x80\x05\x21\0\1\0\1"
KEY, PICTURE, LATER = (
    packet(VIDEO, PES, access=True), packet(VIDEO, PES), packet(VIDEO, b"the rest of it", starts=False)
)  # fmt: skip
HEARD = packet(SOUND, b"sound")


def shut() -> TsEntry:
    entry = TsEntry()
    assert entry.passed(KEY + LATER[:100]) == KEY + LATER[:100]
    entry.shut()
    return entry


def test_the_tables_as_they_came_last_stand_before_the_key_picture() -> None:
    old = packet(PMT, section(2, b"\xe1\0\xf0\0" + b"\x1b\xe1\0\xf0\0"))
    before = LATER[100:] + HEARD + PROGRAMMES + old + PICTURE + PROGRAMMES + MAP + HEARD + MORE
    rest = KEY + LATER + HEARD + PICTURE
    assert shut().passed(before + rest) == PROGRAMMES + MAP + MORE + rest


def test_a_key_picture_before_the_tables_is_let_go() -> None:
    assert shut().passed(LATER[100:] + KEY + LATER + PROGRAMMES + MAP + PICTURE + HEARD) == b""


def test_what_looks_like_a_packet_inside_one_is_none() -> None:
    inside = packet(SOUND, b"\x47" + KEY[1:80], starts=False)
    entry = TsEntry()
    entry.passed(inside[:4])
    entry.shut()
    rest = KEY + LATER
    assert entry.passed(inside[4:] + PROGRAMMES + MAP + rest) == PROGRAMMES + MAP + rest


def test_nothing_is_kept_of_what_nobody_takes() -> None:
    entry = shut()
    for _ in range(200):
        assert entry.passed(PROGRAMMES + MAP + MORE * 40 + PICTURE + LATER * 40) == b""
    assert len(entry._rest) + sum(len(each) for table in entry._tables.values() for each in table) < 20 * 188

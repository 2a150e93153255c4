from __future__ import annotations

import itertools
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.live.ingest.errors import ProtocolFault
from streaming.live.ingest.rtmp.fragments import FragmentReader, Limits, fragments
from streaming.live.ingest.rtmp.messages import Kind, Message, number

LIMITS = Limits()
MESSAGES = st.builds(
    Message,
    kind=st.sampled_from([Kind.AUDIO, Kind.VIDEO, Kind.DATA, Kind.COMMAND]),
    body=st.binary(max_size=700),
    timestamp=st.integers(0, (1 << 32) - 1),
    stream=st.integers(0, 5),
)


def read(body: bytes, limits: Limits = LIMITS) -> list[Message]:
    reader = FragmentReader(limits)
    reader.feed(body)
    return list(reader.messages())


def header(form: int, stated: int = 0, length: int = 0, kind: int = 9, stream: int = 1, at: int = 4) -> bytes:
    """A fragment's header; `stated` is its timestamp or delta."""
    first = bytes([form << 6 | at])
    time = min(stated, 0xFFFFFF).to_bytes(3, "big") if form < 3 else b""
    rest = (length.to_bytes(3, "big") + bytes([kind]) if form < 2 else b"") + (
        struct.pack("<I", stream) if form == 0 else b""
    )
    extended = stated.to_bytes(4, "big") if stated >= 0xFFFFFF else b""
    return first + time + rest + extended


@given(
    messages=st.lists(MESSAGES, max_size=5),
    size=st.integers(128, 600),
    cuts=st.lists(st.integers(0, 4000), max_size=6),
)
def test_what_is_cut_is_put_together_however_it_arrives(messages: list[Message], size: int, cuts: list[int]) -> None:
    body = fragments(number(Kind.SET_FRAGMENT_SIZE, size), number=2, size=128)
    body += b"".join(fragments(message, number=3 + place, size=size) for place, message in enumerate(messages))
    reader = FragmentReader(LIMITS)
    found = []
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    for start, end in itertools.pairwise(edges):
        reader.feed(body[start:end])
        found += list(reader.messages())
    assert found == messages


def test_interleaved_messages() -> None:
    picture, sound = bytes(range(200)), b"s" * 130
    body = (
        header(0, 40, 200, 9, at=6) + picture[:128] + header(0, 38, 130, 8, at=4) + sound[:128]
        + header(3, at=6) + picture[128:] + header(3, at=4) + sound[128:]
    )  # fmt: skip
    assert read(body) == [
        Message(kind=9, body=picture, timestamp=40, stream=1),
        Message(kind=8, body=sound, timestamp=38, stream=1),
    ]


@pytest.mark.parametrize(
    ("headers", "timestamps"),
    [
        ([(0, 100), (1, 40), (2, 20), (3, 0)], [100, 140, 160, 180]),
        ([(0, 40), (3, 0), (3, 0)], [40, 80, 120]),  # §5.3.1.2.4: the first timestamp is the delta
        ([(0, 0xFFFFFE), (1, 1), (1, 1)], [0xFFFFFE, 0xFFFFFF, 0x1000000]),
        ([(0, 0xFFFFFF), (1, 40)], [0xFFFFFF, 0x1000027]),
        ([(0, 0xFFFFFFF0), (1, 0x20)], [0xFFFFFFF0, 0x10]),
        ([(0, 5), (1, 0x2000000), (0, 7), (2, 1)], [5, 0x2000005, 7, 8]),
    ],
)
def test_timestamps(headers: list[tuple[int, int]], timestamps: list[int]) -> None:
    body = b"".join(header(form, stated, 1) + b"x" for form, stated in headers)
    assert [message.timestamp for message in read(body)] == timestamps


@pytest.mark.parametrize("repeated", [True, False])
def test_extended_timestamps_are_repeated_in_every_fragment_or_not(repeated: bool) -> None:
    payload = bytes(300)
    extended = (0x1234567).to_bytes(4, "big") if repeated else b""
    body = header(0, 0x1234567, 300) + payload[:128]
    body += header(3) + extended + payload[128:256] + header(3) + extended + payload[256:]
    body += header(1, 40, 1) + b"x"
    assert [(message.timestamp, len(message.body)) for message in read(body)] == [(0x1234567, 300), (0x123458F, 1)]


@pytest.mark.parametrize(
    ("prefix", "at"), [(b"\x00\x00", 64), (b"\x00\xff", 319), (b"\x01\x00\x01", 320), (b"\x01\xff\xff", 65599)]
)
def test_numbers_of_fragment_streams(prefix: bytes, at: int) -> None:
    rest = header(0, 7, 2)[1:]
    assert read(prefix + rest + b"ab" + bytes([0xC0 | prefix[0]]) + prefix[1:] + b"cd") == [
        Message(kind=9, body=b"ab", timestamp=7, stream=1),
        Message(kind=9, body=b"cd", timestamp=14, stream=1),
    ]
    assert at == (64 + prefix[1] if len(prefix) == 2 else 64 + prefix[1] + 256 * prefix[2])


def test_a_message_is_given_up() -> None:
    aborted = header(0, 0, 200) + bytes(128) + fragments(number(Kind.ABORT, 4), number=2, size=128)
    assert read(aborted + header(1, 0, 1) + b"x") == [Message(kind=9, body=b"x", timestamp=0, stream=1)]


def test_nothing_is_known_of_the_size_until_it_is_said() -> None:
    body = header(0, 0, 300) + bytes(128)
    said = fragments(number(Kind.SET_FRAGMENT_SIZE, 4096), number=2, size=128)
    assert [len(message.body) for message in read(body + said + header(3) + bytes(172))] == [300]


@pytest.mark.parametrize(
    "body",
    [
        header(1, 0, 1) + b"x",  # goes on with what never began
        header(0, 0, 9 << 20),  # too long
        header(0, 0, 200) + bytes(128) + header(0, 0, 200),  # begins again in its middle
        fragments(number(Kind.SET_FRAGMENT_SIZE, 1), number=2, size=128),
        fragments(number(Kind.SET_FRAGMENT_SIZE, 1 << 31), number=2, size=128),
        fragments(replace(number(Kind.ABORT, 4), body=b"x"), number=2, size=128),
        b"".join(header(0, 0, 200, at=at) + bytes(128) for at in range(3, 40)),  # too many streams
        b"".join(header(0, 0, 7 << 20, at=at) + bytes(128) for at in range(3, 6)),  # too much unfinished
    ],
)
def test_what_holds_too_much_or_makes_no_sense_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolFault):
        read(body)

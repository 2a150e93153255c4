from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.live.ingest.errors import ProtocolFault
from streaming.live.ingest.rtmp import amf0
from streaming.live.ingest.rtmp.flv import FlvWriter, Timestamps, header, is_header, tag, unpacked
from streaming.live.ingest.rtmp.messages import Kind, Message
from tests.streaming.live.ingest.rtmp.peer import AUDIO_HEADER, KEY_PICTURE, PICTURE, SOUND, VIDEO_HEADER


def message(kind: Kind, body: bytes, timestamp: int = 0) -> Message:
    return Message(kind=kind, body=body, timestamp=timestamp, stream=1)


def test_a_file_is_a_header_and_tags() -> None:
    assert header() == b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"
    assert header(audio=False)[4] == 1
    assert tag(9, 0x01020304, b"ab") == b"\x09\x00\x00\x02\x02\x03\x04\x01\x00\x00\x00ab\x00\x00\x00\x0d"


@pytest.mark.parametrize(
    ("told", "flags"),
    [
        ({"videocodecid": 7.0, "audiocodecid": 10.0}, 5),
        ({"videocodecid": 7.0}, 1),
        ({"audiocodecid": 10.0}, 4),
        ({"title": "x"}, 5),
    ],
)
def test_metadata_say_what_is_promised(told: amf0.Value, flags: int) -> None:
    body = amf0.encode("onMetaData", told)
    assert FlvWriter().written(message(Kind.DATA, body))[4] == flags
    assert FlvWriter().written(message(Kind.DATA, b"\xff"))[4] == 5


@given(steps=st.lists(st.integers(-3000, 40_000), min_size=1, max_size=40), origin=st.integers(0, (1 << 32) - 1))
def test_clocks_that_wrap_around_go_on(steps: list[int], origin: int) -> None:
    timestamps = Timestamps()
    true, latest = 0, 0
    timestamps.of_frame(origin)
    for step in steps:
        true += step
        if true < latest - 10_000:
            return
        latest = max(latest, true)
        assert timestamps.of_frame((origin + true) % (1 << 32)) == max(0, true)
        assert timestamps.of_header() == latest


def test_a_clock_that_is_set_back_ends_the_publication() -> None:
    timestamps = Timestamps()
    timestamps.of_frame(3_600_000)
    timestamps.of_frame(3_660_000)
    with pytest.raises(ProtocolFault, match="set back"):
        timestamps.of_frame(0)


def test_headers_may_come_again_at_any_time() -> None:
    flv = FlvWriter()
    pieces = [
        flv.written(message(Kind.VIDEO, VIDEO_HEADER, 0)),
        flv.written(message(Kind.AUDIO, AUDIO_HEADER, 0)),
        flv.written(message(Kind.VIDEO, KEY_PICTURE, 3_600_000)),
        flv.written(message(Kind.AUDIO, SOUND, 3_600_020)),
        flv.written(message(Kind.VIDEO, VIDEO_HEADER, 0)),
        flv.written(message(Kind.VIDEO, PICTURE, 3_600_040)),
    ]
    at = [struct.unpack(">I", piece[7:8] + piece[4:7])[0] for piece in [pieces[0][13:], *pieces[1:]]]
    assert at == [0, 0, 0, 20, 20, 40]


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (Kind.VIDEO, VIDEO_HEADER, True),
        (Kind.VIDEO, KEY_PICTURE, False),
        (Kind.VIDEO, b"\x90hvc1", True),  # enhanced: sequence start
        (Kind.VIDEO, b"\x91hvc1", False),  # enhanced: coded frames
        (Kind.VIDEO, b"\x94av01", True),  # enhanced: metadata (HDR)
        (Kind.VIDEO, b"\x12", False),  # H.263: frames only
        (Kind.AUDIO, AUDIO_HEADER, True),
        (Kind.AUDIO, SOUND, False),
        (Kind.AUDIO, b"\x90Opus", True),  # enhanced: sequence start
        (Kind.AUDIO, b"\x91Opus", False),
        (Kind.AUDIO, b"\x2fmp3", False),
    ],
)
def test_what_is_a_header(kind: Kind, body: bytes, expected: bool) -> None:
    assert is_header(message(kind, body)) is expected


def test_aggregates_are_unpacked() -> None:
    body = tag(9, 5000, PICTURE) + tag(8, 5020, SOUND)
    aggregate = Message(kind=Kind.AGGREGATE, body=body, timestamp=100, stream=1)
    assert list(unpacked(aggregate)) == [message(Kind.VIDEO, PICTURE, 100), message(Kind.AUDIO, SOUND, 120)]
    with pytest.raises(ProtocolFault):
        list(unpacked(Message(kind=Kind.AGGREGATE, body=body[:-5])))

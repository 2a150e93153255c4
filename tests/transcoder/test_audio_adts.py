from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcoder.audio_adts import FrameReader
from transcoder.errors import OutputBroken


def _adts(
    body: bytes, *, rate: int = 3, channels: int = 2, profile: int = 1, crc: bool = False, blocks: int = 0
) -> bytes:
    start = 9 if crc else 7
    length = start + len(body)
    header = 0xFFF << 44 | (not crc) << 40 | profile << 38 | rate << 34 | channels << 30 | length << 13 | 0x7FF << 2
    return (header | blocks).to_bytes(7, "big") + bytes(start - 7) + body


def _read(*pieces: bytes) -> list[bytes]:
    reader = FrameReader(sample_rate=48000, channels=2)
    frames = [frame for piece in pieces for frame in reader.feed(piece)]
    reader.close()
    return frames


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=5), st.integers(1, 30))
def test_frames_come_out_however_the_stream_is_cut(bodies: list[bytes], size: int) -> None:
    stream = b"".join(_adts(body, crc=len(body) % 2 == 0) for body in bodies)
    assert _read(*(stream[at : at + size] for at in range(0, len(stream), size))) == bodies


@pytest.mark.parametrize(
    "stream",
    [
        b"\0" * 7,
        _adts(b"x", rate=4),
        _adts(b"x", channels=1),
        _adts(b"x", profile=0),
        _adts(b"x", blocks=1),
        _adts(b""),
        _adts(b"xy")[:-1],
        _adts(b"xy")[:5],
    ],
    ids=["no-sync", "rate", "channels", "profile", "blocks", "empty", "short", "half-a-header"],
)
def test_anything_else_is_refused(stream: bytes) -> None:
    with pytest.raises(OutputBroken):
        _read(stream)


@given(st.binary(max_size=60))
def test_noise_is_refused_or_read(noise: bytes) -> None:
    try:
        _read(_adts(b"x"), noise)
    except OutputBroken:
        return

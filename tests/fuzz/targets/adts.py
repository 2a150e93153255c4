"""The reader of AAC frames: OutputBroken or frames, the same whether bytes come at once or one by one."""

from __future__ import annotations

from tests.fuzz.corpus import seeds
from tests.fuzz.strategies import changed, strung
from transcoder.audio_adts import FrameReader
from transcoder.errors import OutputBroken

PIECES = [b"\xff\xf1\x4c\x80\x01\x3f\xfc", b"\xff\xf1\x4c\x80\x01\x5f\xfcaaa", b"\xff\xf0\x4c\x80\x01\x7f\xfc\0\0bb"]
STRATEGY = strung(PIECES) | changed(seeds("adts"), PIECES)


def read(pieces: list[bytes]) -> tuple[list[bytes], bool]:
    """The frames of a stream, and whether it ended well."""
    reader, found = FrameReader(sample_rate=48_000, channels=2), []
    try:
        for piece in pieces:
            found.extend(reader.feed(piece))
        reader.close()
    except OutputBroken:
        return found, False
    return found, True


def target(body: bytes) -> None:
    frames, ended = read([body])
    assert read([body[at : at + 5] for at in range(0, len(body), 5)]) == (frames, ended)
    assert all(frames)
    assert sum(map(len, frames)) <= len(body)

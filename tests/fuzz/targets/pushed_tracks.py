"""Tracks that are pushed: whatever comes is a header, a fragment or a fault, and what is joined of them can be read."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from streaming.live.ingest.errors import ProtocolFault
from streaming.live.ingest.http.joiner import Joiner
from streaming.live.ingest.http.tracks import Fragment, Header, TrackReader
from tests.fuzz.corpus import SEEDS

_SEEDS: Final = [file.read_bytes() for file in sorted((SEEDS / "pushed_tracks").glob("*"))] or [b""]

KINDS: Final = (
    b"moov",
    b"trak",
    b"tkhd",
    b"mdia",
    b"hdlr",
    b"mvex",
    b"trex",
    b"moof",
    b"traf",
    b"tfhd",
    b"tfdt",
    b"mdat",
)


def _bent(drawn: tuple[bytes, list[tuple[int, int]], int]) -> bytes:
    body = bytearray(drawn[0])
    for at, value in drawn[1]:
        body[at % max(1, len(body))] = value
    return bytes(body[: drawn[2]])


STRATEGY: Final = st.tuples(
    st.sampled_from(_SEEDS),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=4),
    st.integers(1, 5000),
).map(_bent) | st.binary(max_size=200)


def target(body: bytes) -> None:
    reader = TrackReader()
    step = 1 + len(body) % 97
    joiner = None
    try:
        for start in range(0, len(body), step):
            for unit in reader.read(body[start : start + step]):
                if isinstance(unit, Header):
                    joiner = Joiner({"track": unit})
                    (again,) = TrackReader().read(joiner.begins())
                    assert isinstance(again, Header)
                    assert [track.id for track in again.tracks] == list(range(1, len(joiner.chosen) + 1))
                elif isinstance(unit, Fragment) and joiner is not None and (joined := joiner.fragment("track", unit)):
                    assert len(joined) == len(unit.moof) + len(unit.mdat)
    except ProtocolFault:
        pass

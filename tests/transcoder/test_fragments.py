from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcoder.boxes import write, write_full
from transcoder.errors import OutputBroken
from transcoder.fragments import Fragment, FragmentReader, InitSection, Segmenter, Shape

_MDHD = write_full(b"mdhd", 0, 0, bytes(8), struct.pack(">I", 25), bytes(8))
_INIT = write(b"ftyp", b"iso6") + write(b"moov", write(b"trak", write(b"mdia", _MDHD)))


def _fragment(time: int, sizes: tuple[int, ...], *, sync: bool = True, lie: int = 0) -> bytes:
    def moof(offset: int) -> bytes:
        first = 0x02000000 if sync else 0x01010000
        tfhd = write_full(b"tfhd", 0, 0x020028, struct.pack(">3I", 1, 1, 0x01010000))
        tfdt = write_full(b"tfdt", 1, 0, struct.pack(">Q", time))
        head = struct.pack(">IiI", len(sizes), offset, first)
        trun = write_full(b"trun", 0, 0x205, head, struct.pack(f">{len(sizes)}I", *sizes))
        return write(b"moof", write_full(b"mfhd", 0, 0, bytes(4)), write(b"traf", tfhd, tfdt, trun))

    return moof(len(moof(0)) + 8) + write(b"mdat", bytes(sum(sizes) + lie))


def _read(stream: bytes) -> list[InitSection | Fragment]:
    reader = FragmentReader()
    found = list(reader.feed(stream))
    reader.close()
    return found


_STREAM = _INIT + _fragment(0, (3, 4)) + write(b"styp", b"msdh") + _fragment(2, (5,), sync=False)


def test_a_stream_is_an_init_section_and_fragments() -> None:
    init, one, two = _read(_STREAM)
    assert init == InitSection(body=_INIT, timescale=25)
    assert one == Fragment(body=_fragment(0, (3, 4)), decode_time=0, duration=2, samples=2, sync=True)
    assert two == Fragment(body=_fragment(2, (5,), sync=False), decode_time=2, duration=1, samples=1, sync=False)


@given(st.lists(st.integers(0, len(_STREAM)), max_size=12))
def test_it_does_not_matter_how_a_stream_is_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(_STREAM)]
    reader = FragmentReader()
    found = [item for start, end in itertools.pairwise(edges) for item in reader.feed(_STREAM[start:end])]
    reader.close()
    assert found == _read(_STREAM)


@given(st.integers(1, len(_STREAM) - 1))
def test_a_stream_that_ends_early_is_told_apart_from_one_that_is_over(size: int) -> None:
    reader = FragmentReader()
    whole = list(reader.feed(_STREAM[:size]))
    ends = {len(write(b"ftyp", b"iso6")), len(_INIT)}
    ends |= {len(_INIT) + len(_fragment(0, (3, 4))) + extra for extra in (0, 12)}
    if size in ends:
        reader.close()
    else:
        with pytest.raises(OutputBroken, match="ends inside"):
            reader.close()
    assert len(whole) < 3


@pytest.mark.parametrize(
    "stream",
    [
        write(b"moov"),
        write(b"mdat"),
        write(b"ftyp") + write(b"moov"),
        _INIT + write(b"wild"),
        _INIT + _fragment(0, (1,))[:-9] * 2,
        _INIT + _fragment(0, (1, 2), lie=1),
        _INIT + _fragment(0, ()),
        struct.pack(">I4s", 2**31, b"mdat"),
    ],
    ids=["no-ftyp", "no-moof", "empty-moov", "unknown", "two-moofs", "wrong-size", "no-samples", "huge"],
)
def test_anything_else_is_refused(stream: bytes) -> None:
    with pytest.raises(OutputBroken):
        _read(stream)


@given(st.binary(max_size=200))
def test_noise_is_refused_or_waits(noise: bytes) -> None:
    reader = FragmentReader()
    try:
        list(reader.feed(_INIT + noise))
        reader.close()
    except OutputBroken:
        pass


def _part(time: int, duration: int, *, sync: bool = True) -> Fragment:
    return Fragment(body=f"<{time}>".encode(), decode_time=time, duration=duration, samples=duration, sync=sync)


_SHAPES = (
    Shape(number=4, decode_time=100, duration=20, samples=20),
    Shape(number=5, decode_time=120, duration=5, samples=5),
)


def test_fragments_become_the_expected_segments() -> None:
    segmenter = Segmenter(_SHAPES)
    assert segmenter.add(_part(100, 10)) is None
    assert segmenter.add(_part(110, 10)) == (4, b"<100><110>")
    assert segmenter.add(_part(120, 5)) == (5, b"<120>")
    segmenter.close()


@pytest.mark.parametrize(
    ("fragments", "said"),
    [
        ([_part(0, 10)], "a fragment at 0, not 100"),
        ([_part(100, 10), _part(111, 9)], "a fragment at 111, not 110"),
        ([_part(100, 10, sync=False)], "inside a GOP"),
        ([_part(100, 21)], "21 samples in 21 ticks, not 20 in 20"),
        ([_part(100, 20), _part(120, 5), _part(125, 5)], "behind the window's end"),
        ([_part(100, 20)], "segment 5 and 0 more are missing"),
        ([], "segment 4 and 1 more are missing"),
    ],
)
def test_what_does_not_continue_exactly_is_refused(fragments: list[Fragment], said: str) -> None:
    segmenter = Segmenter(_SHAPES)

    def all_of_them() -> None:
        for fragment in fragments:
            segmenter.add(fragment)
        segmenter.close()

    with pytest.raises(OutputBroken, match=said):
        all_of_them()

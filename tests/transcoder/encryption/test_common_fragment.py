from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcoder.encryption.clear_tracks import SOUND, Track
from transcoder.boxes import only_child, read_boxes, read_header, read_moof
from transcoder.encryption.common_fragment import SampleProtection, with_protection, without_protection
from transcoder.errors import OutputBroken
from transcoder.fragments import fragments_of

LENGTHS = st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF))


def moof_of(track: Track) -> bytes:
    fragment = fragments_of(track.segments[0])[0].body
    return fragment[: next(read_boxes(fragment)).end]


@given(st.sampled_from((0, 8)), st.booleans(), st.data())
def test_what_is_said_of_samples_is_read_again(
    tracks: dict[str, Track], iv_size: int, subsamples: bool, draw: st.DataObject
) -> None:
    moof = moof_of(tracks[SOUND])
    count = len(read_moof(moof).samples)
    said = [
        SampleProtection(
            iv=draw.draw(st.binary(min_size=iv_size, max_size=iv_size)),
            subsamples=tuple(draw.draw(st.lists(LENGTHS, min_size=1, max_size=3))) if subsamples else (),
        )
        for _ in range(3)
    ]
    of_samples = (said * count)[:count]
    made = with_protection(moof, of_samples)
    clear, read = without_protection(made, iv_size=iv_size)
    assert clear == moof
    assert read == (tuple(of_samples) if iv_size or subsamples else None)


def test_all_else_is_as_before(tracks: dict[str, Track]) -> None:
    moof = moof_of(tracks["h264"])
    before = read_moof(moof)
    made = with_protection(moof, [SampleProtection(iv=bytes(8), subsamples=((5, 16),))] * len(before.samples))
    after = read_moof(made)
    assert after.data_offset - before.data_offset == len(made) - len(moof)
    assert (after.samples, after.decode_time, after.sequence) == (before.samples, before.decode_time, before.sequence)


def test_the_boxes_point_at_each_other(tracks: dict[str, Track]) -> None:
    moof = moof_of(tracks["h264"])
    count = len(read_moof(moof).samples)
    said = [SampleProtection(iv=bytes([n] * 8), subsamples=((5, 16),) * (1 + n % 2)) for n in range(count)]
    made = with_protection(moof, said)
    header = read_header(made)
    assert header is not None
    traf = only_child(made, header, b"traf")
    saio, saiz = only_child(made, traf, b"saio"), only_child(made, traf, b"saiz")
    at = int.from_bytes(made[saio.end - 4 : saio.end], "big")
    assert made[saiz.body + 4] == 0, "the sizes differ"
    for number, size in enumerate(made[saiz.end - count : saiz.end]):
        assert made[at : at + 8] == bytes([number] * 8)
        at += size
    assert at == only_child(made, traf, b"senc").end


def test_ranges() -> None:
    assert SampleProtection().ranges(20) == [range(20)]
    assert SampleProtection(subsamples=((4, 6), (2, 8))).ranges(20) == [range(4, 10), range(12, 20)]
    with pytest.raises(OutputBroken):
        SampleProtection(subsamples=((4, 6),)).ranges(20)


def test_what_is_damaged_is_refused(tracks: dict[str, Track]) -> None:
    moof = moof_of(tracks["h264"])
    count = len(read_moof(moof).samples)
    with pytest.raises(OutputBroken):
        with_protection(moof, [SampleProtection(iv=bytes(8), subsamples=((1, 1),) * 41)] * count)
    made = with_protection(moof, [SampleProtection(iv=bytes(8))] * count)
    for iv_size in (0, 4, 16):
        with pytest.raises(OutputBroken):
            without_protection(made, iv_size=iv_size)
    many = made.replace(count.to_bytes(4, "big") + bytes(8), b"\xff" * 4 + bytes(8))
    assert many != made
    for iv_size in (0, 8):
        with pytest.raises(OutputBroken):
            without_protection(many, iv_size=iv_size)
    for body in (b"", made[:-1], made[8:], b"\0\0\0\x08mdat"):
        with pytest.raises(OutputBroken):
            without_protection(body, iv_size=8)

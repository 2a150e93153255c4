from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from manifests.captions import broadcast, read
from manifests.errors import CaptionError

if TYPE_CHECKING:
    from pathlib import Path

SCC = "Scenarist_SCC V1.0\n\n{}\t94ae 94ae 9420 9420 9470 9470 c8e9 942c 942c 942f 942f\n\n{}\t942c 942c\n"


def test_scc_counts_frames_of_ntsc() -> None:
    (cue,) = read(SCC.format("00:00:01:00", "00:00:03:00").encode()).cues
    assert cue.text == "Hi"
    # A second of time code takes 1.001 s, and the caption shows when its last pair has come, frames later.
    assert 1001 < cue.start < 1001 + 500
    assert cue.end == 3003


def test_times_after_an_hour_are_worth_a_warning() -> None:
    assert "after an hour" in read(SCC.format("01:00:01:00", "01:00:03:00").encode()).warnings[0]


def test_a_last_caption_that_is_never_erased_ends_all_the_same() -> None:
    whole = SCC.format("00:00:01:00", "00:00:03:00")
    track = read(whole[: whole.index("00:00:03:00")].encode())
    (cue,) = track.cues
    assert cue.end == cue.start + 10_000
    assert "does not say when" in track.warnings[-1]
    assert read(whole.encode()).warnings == ()


def stl(start: bytes, code: bytes) -> bytes:
    """One subtitle from `code` on for a second, of a programme that starts at `start`."""
    general = b"850STL25.01" + b"1" + b"00" + b"09" + b" " * 192 + b" " * 16 + b"000101000101" + b"00"
    general += b"00001" + b"00001" + b"001" + b"40" + b"23" + b"1" + start + b"00000000" + b"1" + b"1" + b"USA"
    later = bytes([code[0], code[1], code[2] + 1, code[3]])
    block = bytes([0, 1, 0, 0xFF, 0]) + code + later + bytes([20, 2, 0]) + b"\x0b\x0bHello\x0a\x0a"
    return general.ljust(1024, b" ") + block.ljust(128, b"\x8f")


def test_stl_counts_from_the_start_of_the_programme() -> None:
    (cue,) = read(stl(b"10000000", bytes([10, 0, 1, 5]))).cues
    assert (cue.start, cue.end, cue.text) == (1200, 2200, "Hello")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (stl(b"00000000", bytes([0, 0, 1, 0]))[:-1], "bad-stl"),
        (stl(b"00000000", bytes([0, 0, 1, 0]))[:1024], "bad-stl"),
        (b"850STL25.01", "bad-stl"),
        (b"850STL25.01".ljust(1024 + 128 * 20_001), "too-many-cues"),
        (b"Scenarist_SCC V1.0\n\n00:00:00:00\tzzzz\n", "bad-scc"),
        (b"Scenarist_SCC V1.0\n\n" + b"x" * broadcast.MAX_SCC_BYTES, "too-large"),
    ],
)
def test_what_is_broken_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(CaptionError) as caught:
        read(body)
    assert caught.value.code == code


def test_a_file_cut_anywhere_is_read_or_refused(media: Path) -> None:
    body = (media / "captions" / "ttconv_cumulative_set.stl").read_bytes()
    refusals = set()
    for length in range(1024, len(body), 37):
        try:
            assert broadcast.parse_stl(body[:length]).cues
        except CaptionError as exc:
            refusals.add(exc.code)
    assert refusals <= {"bad-stl", "no-cues"}

"""Every odd file is encoded right, or refused with a reason: the first segment and the last against the source itself.

`expected.tsv` says of each file: the grid (frames @ rate), the upright size, how far the decoded picture is turned
clockwise (and mirrored), how its colours are to be read, the mean luma of what is made, the sound (language and
samples at 48 kHz; "of two": a side from each of two tracks), or the code of the refusal and words of it.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.transcoder.odd import judge
from tests.transcoder.odd.package import package
from transcoder.errors import SourceRefused

if TYPE_CHECKING:
    from tests.transcoder.odd.judge import Picture
    from tests.transcoder.odd.package import Package
    from transcoder.plan import AudioPlan

with Path(__file__).with_name("expected.tsv").open(encoding="utf-8", newline="") as _table:
    ROWS: Final = list(csv.DictReader(_table, delimiter="\t", quoting=csv.QUOTE_NONE))

_MOST_APART: Final = 0.005
"""Seconds between picture and sound, beyond what is between them in the source."""
_LIKE: Final = {"pq": 16.0, "hlg": 19.0, "fields": 27.0}
"""dB of PSNR, at least. Of HDR there is no one right picture; of fields each is compared with a picture of both."""
_LIKE_ELSE: Final = 28.0
_LUMA: Final = {"pq": 13.0, "hlg": 13.5}
_LUMA_ELSE: Final = 1.5
_QUIETER: Final = 12.0
"""dB by which a mix of many channels may be brought down: nothing that was audible gets lost."""
_BT709: Final = (1, 1, 1)
_LIMITED: Final = 1
_COLR: Final = b"colrnclx\x00\x01\x00\x01\x00\x01\x00"


def test_every_file_has_a_row(media: Path) -> None:
    named = [row["file"] for row in ROWS if row["file"].startswith("odd/")]
    assert sorted(named) == sorted(f"odd/{path.name}" for path in (media / "odd").iterdir())


@pytest.mark.parametrize("row", ROWS, ids=[ascii(row["file"]) for row in ROWS])
async def test_a_file_is_right_or_refused(row: dict[str, str], media: Path) -> None:
    path = media / row["file"]
    if row["refused"] != "-":
        with pytest.raises(SourceRefused) as refused:
            await package(path)
        code, _, words = row["refused"].partition(" ")
        assert refused.value.code == code
        assert words in str(refused.value)
        assert str(refused.value).count(".") >= 2, "what is wrong, and what to do"
        return
    made = await package(path)
    shift = None
    if row["pictures"] == "-":
        assert made.plan.video is None
    else:
        degrees, _, mirrored = row["turned"].partition(" ")
        seen = judge.picture(
            path, made, colour=row["colour"].partition(" ")[0], degrees=int(degrees), mirrored=bool(mirrored)
        )
        _assert_picture(row, made, seen)
        shift = seen.shift
    _assert_sound(row, path, made, shift)


def _assert_picture(row: dict[str, str], made: Package, seen: Picture) -> None:
    video = made.plan.video
    assert video is not None
    assert f"{video.frames} @ {video.rate}" == row["pictures"]
    assert f"{video.width}x{video.height}" == row["size"]
    last = video.segments - 1
    assert seen.numbers == tuple(sorted({*video.frames_of(0), *video.frames_of(last)}))
    assert _has_aspect(seen.size, video.width, video.height)
    matrix, primaries, transfer, light, aspect = seen.tags
    assert (matrix, primaries, transfer, light, aspect) == (*_BT709, _LIMITED, "1")
    assert _COLR in made.picture
    colour, _, fields = row["colour"].partition(" ")
    assert video.interlaced == bool(fields)
    assert seen.likeness >= _LIKE.get(fields or colour, _LIKE_ELSE)
    assert abs(seen.luma - seen.expected_luma) <= _LUMA.get(colour, _LUMA_ELSE)
    assert abs(seen.luma - float(row["luma"])) <= 2


def _has_aspect(size: tuple[int, int], width: int, height: int) -> bool:
    """Whether this is the whole picture at some scale, each side within a pixel."""
    least = max((size[0] - 1) / width, (size[1] - 1) / height)
    return least <= min((size[0] + 1) / width, (size[1] + 1) / height)


def _words(track: AudioPlan) -> str:
    return f"{track.language} {track.samples}" + " 5.1" * track.is_surround + " of two" * (track.right is not None)


def _assert_sound(row: dict[str, str], path: Path, made: Package, shift: float | None) -> None:
    tracks = made.plan.audio
    assert (", ".join(map(_words, tracks)) or "-") == row["sound"]
    for number in range(len(tracks)):
        heard = judge.sound(path, made, number)
        if shift is not None:
            assert abs(shift - heard.shift) <= _MOST_APART
        if heard.expected > judge.SILENT:
            assert max(heard.levels) > heard.expected - _QUIETER
        else:
            assert max(heard.levels) < judge.SILENT + 10

"""What a Matroska file says of Dolby Vision, and that nothing it says does any harm."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.layout import AssetId
from tests.transcoder.growing.feeding import grown
from tests.transcoder.odd.made import ffmpeg as made
from transcoder.errors import SourceRefused
from transcoder.index import index_source
from transcoder.matroska import has_foreign_colours
from transcoder.plan import SourceRef

if TYPE_CHECKING:
    from pathlib import Path

EBML, SEGMENT, INFO, CLUSTER, TRACKS = b"\x1aE\xdf\xa3", b"\x18S\x80g", b"\x15I\xa9f", b"\x1fC\xb6u", b"\x16T\xaek"
ENTRY, MAPPING, KIND, EXTRA = b"\xae", b"A\xe4", b"A\xe7", b"A\xed"
UNKNOWN = b"\x01" + b"\xff" * 7


def element(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return name + (0x08_0000_0000 | len(body)).to_bytes(5) + body


def dolby(profile: int, kind: bytes = b"dvvC") -> bytes:
    record = bytes((1, 0, profile << 1, 0x2C)) + bytes(20)
    return element(ENTRY, element(b"\xd7", b"\x01"), element(MAPPING, element(EXTRA, record), element(KIND, kind)))


def file_of(*parts: bytes, size: bytes = UNKNOWN) -> bytes:
    return element(EBML, b"doctype") + SEGMENT + size + b"".join(parts)


PLAIN = element(ENTRY, element(b"\xd7", b"\x01"))
FILES = {
    "profile 5": (file_of(element(INFO, bytes(9)), element(TRACKS, dolby(5))), True),
    "behind another track": (file_of(element(TRACKS, PLAIN, dolby(5, b"dvcC"))), True),
    "profile 8": (file_of(element(TRACKS, dolby(8))), False),
    "something else": (file_of(element(TRACKS, dolby(5, b"hvcE"))), False),
    "no Dolby Vision": (file_of(element(TRACKS, PLAIN)), False),
    "tracks behind the media": (file_of(element(CLUSTER, bytes(9)), element(TRACKS, dolby(5))), False),
    "no tracks": (file_of(element(INFO, bytes(9))), False),
    "cut": (file_of(element(TRACKS, dolby(5)))[:-8], False),
    "a list that nobody has": (file_of(TRACKS + (1 << 56 | 1 << 40).to_bytes(8)), False),
    "nothing": (b"", False),
}


@pytest.mark.parametrize(("body", "foreign"), FILES.values(), ids=list(FILES))
def test_dolby_visions_own_colours_are_seen(body: bytes, foreign: bool) -> None:
    assert has_foreign_colours(io.BytesIO(body)) is foreign


@given(st.binary(max_size=60), st.integers(0, 60))
def test_no_bytes_do_any_harm(noise: bytes, at: int) -> None:
    body = FILES["profile 5"][0]
    has_foreign_colours(io.BytesIO(noise))
    has_foreign_colours(io.BytesIO(body[:at] + noise + body[at + len(noise) :]))


async def test_a_file_with_no_colours_but_dolbys_own_is_refused(media: Path, tmp_path: Path) -> None:
    """As ffmpeg writes it: profile 8, which is HLG to whoever does not know it, and the same called profile 5."""
    path = tmp_path / "phone.mkv"
    source = media / "odd" / "ax_dolbyVision-hdr.MOV"
    made("-i", str(source), "-map", "0:v", "-c", "copy", "-strict", "-2", str(path))
    assert not has_foreign_colours(io.BytesIO(path.read_bytes()))
    body = bytearray(path.read_bytes())
    kind = body.index(b"dvvC")
    record = body.index(EXTRA, kind) if EXTRA in body[kind : kind + 40] else body.rindex(EXTRA, 0, kind)
    assert body[record + 5] >> 1 == 8
    body[record + 5] = 5 << 1 | body[record + 5] & 1
    path.write_bytes(body)
    with pytest.raises(SourceRefused) as caught:
        await index_source(path, demuxer="matroska")
    assert caught.value.code == "unsupported_codec"
    # Nor is anything made of it while it arrives.
    source = SourceRef(key="sources/a/1", size=len(body), demuxer="matroska")
    assert list(grown(bytes(body), asset=AssetId("a"), source=source)) == []

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from transcoder.boxes import read_moof
from transcoder.encryption.common_packager import packager_path, protection_of
from transcoder.errors import NotProtected
from transcoder.fragments import fragments_of
from transcoder.profile import Codec, Encryption

if TYPE_CHECKING:
    from pathlib import Path

    from tests.transcoder.encryption.clear_tracks import Track
    from transcoder.sandbox_cage import Cage

PICTURES = tuple(codec.value for codec in Codec)


@pytest.mark.parametrize("codec", PICTURES)
@pytest.mark.parametrize("scheme", [Encryption.CBCS, Encryption.CENC])
async def test_headers_stay_clear(tracks: dict[str, Track], codec: str, scheme: Encryption) -> None:
    track = tracks[codec]
    sizes = [each.size for part in fragments_of(track.segments[1]) for each in read_moof(part.body).samples]
    found = await protection_of(track.init, track.segments[1], scheme=scheme)
    assert len(found) == len(sizes)
    protected = [sum(map(len, each.ranges(size))) for size, each in zip(sizes, found, strict=True)]
    # Headers are all that is clear; a picture of AV1 that only shows another has nothing else.
    assert all(each.subsamples[0][0] for each in found)
    assert sum(protected) > 0.95 * sum(sizes)
    if scheme is Encryption.CENC:
        assert all(length % 16 == 0 for each in found for _, length in each.subsamples), "ISO/IEC 23001-7 §10.1"


async def test_in_every_cage(tracks: dict[str, Track], cage: Cage) -> None:
    track = tracks["h264"]
    assert await protection_of(track.init, track.segments[0], scheme=Encryption.CBCS)


async def test_what_it_cannot_read(tracks: dict[str, Track]) -> None:
    track = tracks["h264"]
    with pytest.raises(NotProtected):
        await protection_of(track.init, track.segments[0][:-1], scheme=Encryption.CBCS)
    with pytest.raises(NotProtected):
        await protection_of(tracks["hevc"].init, track.segments[0], scheme=Encryption.CBCS)


async def test_without_a_packager(
    tracks: dict[str, Track], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:  # fmt: skip
    monkeypatch.setenv("CHANNEL_PACKAGER", str(tmp_path / "packager"))
    assert packager_path() == str(tmp_path / "packager")
    with pytest.raises(NotProtected):
        await protection_of(tracks["h264"].init, tracks["h264"].segments[0], scheme=Encryption.CENC)

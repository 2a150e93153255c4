"""Protected tracks of real encodes: what other programs decrypt, and what we do ourselves."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.transcoder.encryption.clear_tracks import SOUND, TRACKS, Track
from tests.transcoder.encryption.packager import decrypted, packaged
from transcoder.boxes import read_boxes, read_moof
from transcoder.encryption.common import CommonKey, clear_segment, protect_init, protect_segment
from transcoder.encryption.common_fragment import without_protection
from transcoder.errors import OutputBroken
from transcoder.fragments import fragments_of
from transcoder.profile import Encryption

if TYPE_CHECKING:
    from pathlib import Path

SCHEMES = [Encryption.CBCS, Encryption.CENC]
KEY = CommonKey(scheme=Encryption.CBCS, kid=bytes(range(16)), key=bytes(range(100, 116)))


async def protected(track: Track, key: CommonKey) -> list[bytes]:
    return [
        await protect_segment(track.init, segment, key, name=f"v/{number}")
        for number, segment in enumerate(track.segments)
    ]


def payload(body: bytes) -> bytes:
    """What all `mdat` of a file hold."""
    return b"".join(body[box.body : box.end] for box in read_boxes(body) if box.kind == b"mdat")


def packets(ffmpeg: str, path: Path, *options: str) -> str:
    """Every packet's stamps, size and MD5."""
    command = [ffmpeg, "-v", "error", *options, "-i", path, "-c", "copy", "-f", "framemd5", "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("name", TRACKS)
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_it_becomes_what_it_was(tracks: dict[str, Track], name: str, scheme: Encryption) -> None:
    track, key = tracks[name], replace(KEY, scheme=scheme)
    made = await protected(track, key)
    assert made == await protected(track, key), "made twice it is the same"
    for before, after in zip(track.segments, made, strict=True):
        assert clear_segment(after, key) == before
        assert clear_segment(after, replace(key, key=bytes(16))) != before
        clear, hidden = payload(before), payload(after)
        assert len(clear) == len(hidden)
        assert clear != hidden
        for one, other in zip(fragments_of(before), fragments_of(after), strict=True):
            told = read_moof(other.body)
            assert replace(read_moof(one.body), data_offset=told.data_offset) == told


@pytest.mark.parametrize("name", TRACKS)
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_others_decrypt_it(
    tracks: dict[str, Track], name: str, scheme: Encryption, ffmpeg: str, tmp_path: Path
) -> None:
    track, key = tracks[name], replace(KEY, scheme=scheme)
    whole = protect_init(track.init, key) + b"".join(await protected(track, key))
    theirs = decrypted(whole, tmp_path, kid=key.kid, key=key.key, sound=name == SOUND)
    assert payload(theirs) == payload(track.whole)
    (tmp_path / "clear.mp4").write_bytes(track.whole)
    (tmp_path / "protected.mp4").write_bytes(whole)
    clear = packets(ffmpeg, tmp_path / "clear.mp4")
    assert packets(ffmpeg, tmp_path / "protected.mp4", "-decryption_key", key.key.hex()) == clear
    assert packets(ffmpeg, tmp_path / "protected.mp4", "-decryption_key", "00" * 16) != clear


@pytest.mark.parametrize("name", TRACKS)
async def test_shaka_packager_makes_the_same_of_it(tracks: dict[str, Track], name: str, tmp_path: Path) -> None:
    track = tracks[name]
    assert KEY.constant_iv is not None
    theirs = packaged(track, tmp_path, scheme=KEY.scheme, kid=KEY.kid, key=KEY.key, iv=KEY.constant_iv)
    assert payload(theirs) == payload(b"".join(await protected(track, KEY)))


async def test_vectors_of_cenc_never_come_twice(tracks: dict[str, Track]) -> None:
    """Not in a segment, not in another, not under another name, and not of another encode."""
    key, track = replace(KEY, scheme=Encryption.CENC), tracks[SOUND]
    other = bytearray(track.segments[0])
    other[-1] ^= 1
    bodies = [
        await protect_segment(track.init, segment, key, name=name)
        for segment, name in ((track.segments[0], "a/0"), (track.segments[1], "a/1"), (track.segments[0], "b/0"),
                              (bytes(other), "a/0"))
    ]  # fmt: skip
    seen = [
        each.iv
        for body in bodies
        for part in fragments_of(body)
        for each in without_protection(part.body[: next(read_boxes(part.body)).end], iv_size=8)[1] or ()
    ]
    assert len(seen) == sum(part.samples for body in bodies for part in fragments_of(body))
    assert len(set(seen)) == len(seen)


async def test_a_counter_may_pass_its_end(tracks: dict[str, Track], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transcoder.encryption.common._first_iv", lambda *_: (1 << 64) - 2)
    key, track = replace(KEY, scheme=Encryption.CENC), tracks[SOUND]
    made = await protect_segment(track.init, track.segments[0], key, name="a/0")
    assert clear_segment(made, key) == track.segments[0]


def test_a_constant_vector_belongs_to_its_key() -> None:
    assert KEY.constant_iv is not None
    assert len(KEY.constant_iv) == 16
    assert KEY.constant_iv != replace(KEY, kid=bytes(16)).constant_iv
    assert replace(KEY, scheme=Encryption.CENC).constant_iv is None
    assert KEY.key.hex() not in repr(KEY)
    assert str(KEY.key) not in repr(KEY)


async def test_what_is_no_segment_is_refused(tracks: dict[str, Track]) -> None:
    track, key = tracks[SOUND], replace(KEY, scheme=Encryption.CENC)
    made = await protect_segment(track.init, track.segments[0], key, name="a/0")
    for body in (made[:-1], track.segments[0][8:]):
        with pytest.raises(OutputBroken):
            clear_segment(body, key)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.transcoder.encryption.clear_tracks import SOUND, TRACKS, Track
from tests.transcoder.encryption.packager import packaged
from transcoder.encryption.common_init import COMMON_SYSTEM, clear_init, is_sound, protected_init
from transcoder.errors import OutputBroken
from transcoder.profile import Encryption

if TYPE_CHECKING:
    from pathlib import Path

KID, IV = bytes(range(16)), bytes(range(16, 32))
VECTORS = {Encryption.CBCS: IV, Encryption.CENC: None}


@pytest.mark.parametrize("track", TRACKS)
@pytest.mark.parametrize("scheme", VECTORS)
def test_it_becomes_what_it_was(tracks: dict[str, Track], track: str, scheme: Encryption) -> None:
    init = tracks[track].init
    made = protected_init(init, kid=KID, iv=VECTORS[scheme])
    assert clear_init(made) == init
    assert made == protected_init(init, kid=KID, iv=VECTORS[scheme]), "whoever makes it makes the same"
    assert COMMON_SYSTEM + b"\0\0\0\x01" + KID in made
    assert is_sound(init) == (track == SOUND)


@pytest.mark.parametrize("track", TRACKS)
@pytest.mark.parametrize("scheme", VECTORS)
def test_it_says_what_shaka_packager_says(
    tracks: dict[str, Track], track: str, scheme: Encryption, tmp_path: Path
) -> None:
    made = protected_init(tracks[track].init, kid=KID, iv=VECTORS[scheme])
    theirs = packaged(tracks[track], tmp_path, scheme=scheme, kid=KID, key=KID, iv=VECTORS[scheme] or bytes(8))
    assert _box(made, b"sinf") == _box(theirs, b"sinf")


def test_what_is_no_clear_init_section_is_refused(tracks: dict[str, Track]) -> None:
    init = tracks["h264"].init
    made = protected_init(init, kid=KID, iv=None)
    for body in (made, b"", init[:-1], init + init, init.replace(b"stsd", b"free")):
        with pytest.raises(OutputBroken):
            protected_init(body, kid=KID, iv=None)
    for body in (init, b"", made[:-1]):
        with pytest.raises(OutputBroken):
            clear_init(body)


def _box(body: bytes, kind: bytes) -> bytes:
    at = body.index(kind) - 4
    return body[at : at + int.from_bytes(body[at : at + 4], "big")]

"""Shaka Packager as an oracle: it encrypts whole files under a key, and decrypts what we have encrypted."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from transcoder.encryption.common_init import is_sound
from transcoder.encryption.common_packager import packager_path

if TYPE_CHECKING:
    from pathlib import Path

    from tests.transcoder.encryption.clear_tracks import Track
    from transcoder.profile import Encryption


def packaged(track: Track, folder: Path, *, scheme: Encryption, kid: bytes, key: bytes, iv: bytes) -> bytes:
    """A clear track as Packager protects it: one file."""
    options = (
        "--enable_raw_key_encryption", "--iv", iv.hex(), "--protection_scheme", scheme.value, "--clear_lead", "0",
        "--segment_duration", "100", "--fragment_duration", "100",
    )  # fmt: skip
    return _run(track.whole, folder, kid, key, *options, sound=is_sound(track.init))


def decrypted(protected: bytes, folder: Path, *, kid: bytes, key: bytes, sound: bool) -> bytes:
    """A protected file as Packager makes it clear."""
    return _run(protected, folder, kid, key, "--enable_raw_key_decryption", sound=sound)


def _run(body: bytes, folder: Path, kid: bytes, key: bytes, *options: str, sound: bool) -> bytes:
    (folder / "in.mp4").write_bytes(body)
    path = packager_path()
    assert path is not None
    stream = f"in={folder / 'in.mp4'},stream={'audio' if sound else 'video'},output={folder / 'out.mp4'}"
    keys = ("--keys", f"key_id={kid.hex()}:key={key.hex()}")
    subprocess.run([path, stream, *keys, *options, "--quiet", "--single_threaded"], check=True, capture_output=True)
    return (folder / "out.mp4").read_bytes()

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcoder.encryption.content_keys import ContentKey
from transcoder.encryption.key_ids import KeyId
from transcoder.encryption.whole_segments import decrypt, encrypt
from transcoder.errors import OutputBroken

if TYPE_CHECKING:
    from pathlib import Path

KEY = ContentKey(id=KeyId(bytes(16)), key=bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"))
OTHER = ContentKey(id=KeyId(bytes(16)), key=bytes(16))


def test_the_vector_of_nist_sp_800_38a() -> None:
    """F.2.1, CBC-AES128.Encrypt: its IV as a media sequence number."""
    number = 0x000102030405060708090A0B0C0D0E0F
    made = encrypt(KEY, number, bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"))
    assert made[:32].hex() == "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
    assert len(made) == 48, "a whole block of padding"


@given(body=st.binary(max_size=100), number=st.integers(0, 2**31))
def test_what_is_encrypted_becomes_clear_again(body: bytes, number: int) -> None:
    made = encrypt(KEY, number, body)
    assert len(made) == len(body) // 16 * 16 + 16
    assert decrypt(KEY, number, made) == body


def test_no_two_segments_have_the_same_vector() -> None:
    assert encrypt(KEY, 0, bytes(16)) != encrypt(KEY, 1, bytes(16))


@pytest.mark.parametrize("body", [b"", bytes(15), encrypt(OTHER, 0, b"of another key"), encrypt(KEY, 0, b"")[:-1]])
def test_what_this_key_has_not_encrypted_is_found_out(body: bytes) -> None:
    with pytest.raises(OutputBroken, match="segment 0"):
        decrypt(KEY, 0, body)


def test_a_reader_that_nobody_here_wrote_decrypts_it(tmp_path: Path, ffmpeg: str) -> None:
    """ffmpeg's own AES (libavutil), told the key and the vector by hand."""
    plain = tmp_path / "plain.wav"
    tone = ["-f", "lavfi", "-i", "sine=sample_rate=8000:duration=1"]
    subprocess.run([ffmpeg, "-nostdin", "-loglevel", "error", *tone, plain], check=True)
    (tmp_path / "segment").write_bytes(encrypt(KEY, 7, plain.read_bytes()))
    read = subprocess.run(
        [
            ffmpeg, "-nostdin", "-loglevel", "error", "-key", KEY.key.hex(), "-iv", (7).to_bytes(16, "big").hex(),
            "-i", f"crypto:{tmp_path / 'segment'}", "-f", "md5", "-",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    told = subprocess.run(
        [ffmpeg, "-nostdin", "-loglevel", "error", "-i", plain, "-f", "md5", "-"], check=True, capture_output=True
    )
    assert read.stdout == told.stdout

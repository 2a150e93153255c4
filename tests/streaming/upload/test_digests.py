from __future__ import annotations

import base64
import hashlib

import pytest

from streaming.upload.digests import ALGORITHMS, representation_digests, upload_checksum
from streaming.upload.errors import MalformedHeader, UnknownChecksum

_BODY = b"the body of a request"


def _b64(algorithm: str, body: bytes = _BODY) -> str:
    return base64.b64encode(hashlib.new(algorithm, body).digest()).decode()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_upload_checksum(algorithm: str) -> None:
    for body, matches in ((_BODY, True), (_BODY + b"!", False)):
        digest = upload_checksum({"upload-checksum": f"{algorithm} {_b64(algorithm)}"})
        assert digest is not None
        digest.update(body[:5])
        digest.update(body[5:])
        assert digest.matches is matches


def test_no_checksum() -> None:
    assert upload_checksum({}) is None
    assert representation_digests({}) == ()


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ("crc7 AAAA", UnknownChecksum),
        ("sha1 AAAA", MalformedHeader),
        ("sha1 !", MalformedHeader),
        ("sha1 é", MalformedHeader),
        ("sha1", MalformedHeader),
    ],
)
def test_bad_upload_checksum(header: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        upload_checksum({"upload-checksum": header})


def test_digest_fields_of_a_whole_body() -> None:
    headers = {
        "repr-digest": f"sha-256=:{_b64('sha256')}:, unixsum=:AAAA:",
        "content-digest": f"sha-512=:{_b64('sha512')}:",
        "content-md5": _b64("md5"),
    }
    digests = representation_digests(headers)
    assert len(digests) == 3
    for digest in digests:
        digest.update(_BODY)
        assert digest.matches


def test_a_digest_of_the_wrong_size_is_malformed() -> None:
    with pytest.raises(MalformedHeader):
        representation_digests({"repr-digest": "sha-256=:AAAA:"})

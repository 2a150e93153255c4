"""The headers of uploads: a problem with a sentence, or values; metadata is read as it is written."""

from __future__ import annotations

from streaming.http.problem import ApiError
from streaming.upload import digests, tus
from tests.fuzz.corpus import seeds
from tests.fuzz.strategies import changed, strung

PIECES = [
    *(
        b"filename d29ybGQ=",
        b",",
        b" ",
        b"is_confidential",
        b"=",
        b"sha1 ",
        b"md5 ",
        b"sha-256=:",
        b":",
        b"1",
        b"0",
        b"\n",
    ),
    *(
        b"Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
        b"99999999999999999999",
        b"-1",
        b"\xc2\xb2",
        b"1.0.0",
        b"2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
    ),
]
STRATEGY = strung(PIECES) | changed(seeds("tus"), PIECES)

NAMES = ("upload-length", "upload-defer-length", "upload-checksum", "repr-digest", "content-md5", "tus-resumable")


def target(body: bytes) -> None:
    # Headers reach us as Latin-1 (RFC 9110 §5.5): one a line.
    lines = body.decode("latin-1").split("\n")
    headers = dict(zip(NAMES, lines, strict=False))
    # The name of `integer` is looked up without regard to case by Starlette's headers; a dict wants it as it is.
    headers |= {"Upload-Length": lines[0]}
    for read in (tus.check_version, tus.declared_length, digests.upload_checksum, digests.representation_digests):
        try:
            read(headers)
        except ApiError as exc:
            assert 400 <= exc.status < 500
    for line in lines:
        try:
            found = tus.metadata(line)
        except ApiError as exc:
            assert 400 <= exc.status < 500
            continue
        assert tus.metadata(tus.dump_metadata(found)) == found

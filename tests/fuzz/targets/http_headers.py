"""What requests bring along: ranges, weights, entity tags, revisions, session ids, cursors of lists."""

from __future__ import annotations

from streaming.catalog.errors import BadQuery
from streaming.catalog.listing import cursor_of, number_of
from streaming.catalog.views import revisions_of
from streaming.http.caching import entity_tags, if_match, if_range, none_match
from streaming.http.compression import accepts_gzip, qvalues
from streaming.http.problem import RangeNotSatisfiable
from streaming.http.ranges import parse_range
from streaming.sessions.errors import SessionNotFound
from streaming.sessions.identity import Identity
from tests.fuzz.corpus import seeds
from tests.fuzz.strategies import changed, strung

PIECES = [
    *(
        b"bytes=",
        b"0-",
        b"-5",
        b"5-3",
        b"0-0,2-4",
        b"99999999999999999999",
        b"gzip",
        b";q=",
        b"0.5",
        b"nan",
        b"inf",
        b"1e400",
    ),
    *(b"*", b"identity", b",", b'W/"a"', b'"', b'"b"', b" ", b"\t", b"\n", b"\xb2", b"-", b"bjEy", b'"r1-abc"'),
]
STRATEGY = strung(PIECES) | changed(seeds("http_headers"), PIECES)

IDENTITY = Identity(b"a secret of the tests")
SIZES = (0, 1, 1000, 1 << 40)


def target(body: bytes) -> None:
    header = body.decode("latin-1")
    for size in SIZES:
        try:
            found = parse_range(header, size)
        except RangeNotSatisfiable as exc:
            assert exc.status == 416
            continue
        assert found is None or (found.length > 0 and found.start >= 0 and found.start + found.length <= size)
    assert all(0 <= weight <= 1 for weight in qvalues(header).values())
    assert accepts_gzip(header) in (True, False)
    tags = entity_tags(header)
    assert tags is None or all('"' not in opaque for _, opaque in tags)
    for compare in (none_match, if_match, if_range):
        assert compare(header, '"a"') in (True, False)
    assert all(revision < 10**9 for revision in revisions_of({"if-match": header}) or ())
    try:
        raise AssertionError(f"{IDENTITY.read(header)} was never signed")
    except SessionNotFound as exc:
        assert exc.status == 404
    try:
        number = number_of(header)
    except BadQuery as exc:
        assert exc.status == 422
        return
    assert number_of(cursor_of(number)) == number

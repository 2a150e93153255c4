from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from streaming.http.body import InvalidField, MalformedJson, decode_json, json_response


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    inner: list[Inner]
    names: dict[str, str]


def test_a_body_becomes_a_value() -> None:
    body = b'{"inner": [{"number": 1}], "names": {"a": "b"}}'
    assert decode_json(body, Outer) == Outer(inner=[Inner(number=1)], names={"a": "b"})


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"inner": [{"number": "x"}], "names": {}}', "/inner/0/number"),
        (b'{"inner": [], "names": {"a": 1}}', "/names"),
        (b'{"inner": []}', ""),
        (b'{"inner": [], "names": {}, "more": 1}', "/more"),
        (b"5", ""),
    ],
)
def test_a_wrong_field_is_pointed_at(body: bytes, pointer: str) -> None:
    with pytest.raises(InvalidField) as refused:
        decode_json(body, Outer)
    assert refused.value.extensions["errors"][0]["pointer"] == pointer


def test_unknown_fields_may_be_ignored() -> None:
    body = b'{"inner": [], "names": {}, "more": 1}'
    assert decode_json(body, Outer, ignore_unknown=True) == Outer(inner=[], names={})


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a": NaN}', b"[" * 100_000, b'"\\ud800"', b"{} {}"])
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedJson):
        decode_json(body, dict)


def test_times_are_rfc_3339() -> None:
    answer = json_response({"at": datetime(2026, 2, 6, 20, 0, tzinfo=UTC)})
    assert bytes(answer.body) == b'{"at":"2026-02-06T20:00:00Z"}'
    assert answer.headers["cache-control"] == "no-store"

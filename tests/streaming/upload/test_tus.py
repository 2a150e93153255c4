from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.upload.errors import MalformedHeader, WrongTusVersion
from streaming.upload.tus import check_version, declared_length, dump_metadata, integer, metadata

_KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=","), min_size=1, max_size=20)


@given(st.dictionaries(_KEYS, st.text(max_size=40), max_size=6))
def test_metadata_reads_what_was_written(values: dict[str, str]) -> None:
    assert metadata(dump_metadata(values)) == values


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", {}),
        ("filename YS5tcDQ=", {"filename": "a.mp4"}),
        ("filename YS5tcDQ=,is_confidential", {"filename": "a.mp4", "is_confidential": ""}),
        ("filename YS5tcDQ=, title w4k=", {"filename": "a.mp4", "title": "É"}),
    ],
)
def test_metadata(header: str, expected: dict[str, str]) -> None:
    assert metadata(header) == expected


@pytest.mark.parametrize(
    "header",
    [
        "filename YS5tcDQ",
        "a YQ==,a YQ==",
        ",",
        "a YQ==,,b YQ==",
        "a  YQ==",
        "a /w==",
        "a !!",
        "é YQ==",
        "a é",
        "k " + "A" * 9000,
    ],
    ids=[
        "padding",
        "twice",
        "no key",
        "empty pair",
        "two spaces",
        "not UTF-8",
        "not Base64",
        "not ASCII",
        "value not ASCII",
        "too long",
    ],
)
def test_malformed_metadata(header: str) -> None:
    with pytest.raises(MalformedHeader):
        metadata(header)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({"upload-length": "0"}, 0), ({"upload-length": "2147483648"}, 1 << 31), ({"upload-defer-length": "1"}, None)],
)
def test_declared_length(headers: dict[str, str], expected: int | None) -> None:
    assert declared_length(_Headers(headers)) == expected


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"upload-length": "-1"},
        {"upload-length": "1.5"},
        {"upload-length": "١"},
        {"upload-length": "9" * 30},
        {"upload-length": ""},
        {"upload-defer-length": "2"},
        {"upload-length": "5", "upload-defer-length": "1"},
    ],
)
def test_malformed_length(headers: dict[str, str]) -> None:
    with pytest.raises(MalformedHeader):
        declared_length(_Headers(headers))


def test_the_version_must_be_ours() -> None:
    check_version(_Headers({"tus-resumable": "1.0.0"}))
    for headers in ({}, {"tus-resumable": "0.2.2"}, {"tus-resumable": "1.0"}):
        with pytest.raises(WrongTusVersion) as caught:
            check_version(_Headers(headers))
        assert caught.value.headers["Tus-Version"] == "1.0.0"


def test_an_absent_integer_is_none() -> None:
    assert integer(_Headers({}), "Upload-Offset") is None


class _Headers(dict[str, str]):
    """Case-insensitive, as a request's headers are."""

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        return super().get(name.lower(), default)

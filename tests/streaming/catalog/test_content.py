from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.catalog.content import Content, checked, folded, merge_patch, stored_tag
from streaming.http.body import InvalidField

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("target", "patch", "merged"),
    [  # RFC 7396, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch(target: Any, patch: Any, merged: Any) -> None:
    assert merge_patch(target, patch) == merged


@given(JSON, JSON)
def test_a_patch_may_be_repeated_and_leaves_its_target_alone(target: Any, patch: Any) -> None:
    before = repr(target)
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once
    assert repr(target) == before


@pytest.mark.parametrize(
    ("text", "like"),
    [("É", "e"), ("Straße", "STRASSE"), ("１００ｍ", "100m"), ("ﬁnal", "final"), ("İSTANBUL", "istanbul"), ("Ω", "ω")],
)
def test_what_searches_alike(text: str, like: str) -> None:
    assert folded(text) == folded(like)


def test_text_is_trimmed_composed_and_free_of_controls() -> None:
    written = Content(
        titles={"FR": " Fe\u0301te "}, default_language="fr", descriptions={"fr": "a\r\nb\tc"}, tags=("A", "a", "b")
    )
    content = checked(written)
    assert content.titles == {"fr": "F\u00e9te"}
    assert content.descriptions == {"fr": "a\nb\tc"}
    assert content.tags == ("a", "b")
    assert checked(content) == content


@pytest.mark.parametrize("said", ["été", "e\u0301te\u0301", " ÉTÉ "])
def test_a_tag_has_one_form(said: str) -> None:
    assert stored_tag(said) == "été"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"titles": {}}, "/titles"),
        ({"titles": {"en": "a\nb"}}, "/titles/en"),
        ({"titles": {"en": "a\x7fb"}}, "/titles/en"),
        ({"titles": {"en": "x", "EN": "y"}}, "/titles"),
        ({"titles": {"en": "x", "no tag": "y"}}, "/titles"),
        ({"titles": {"en": "x", **{f"x{chr(97 + n // 26)}{chr(97 + n % 26)}": "y" for n in range(64)}}}, "/titles"),
        ({"default_language": "fr"}, "/default_language"),
        ({"descriptions": {"en": "x" * 5001}}, "/descriptions/en"),
        ({"tags": tuple(f"t{n}" for n in range(65))}, "/tags"),
        ({"tags": ("",)}, "/tags/0"),
        ({"tags": ("İ" * 64,)}, "/tags/0"),  # two letters each in lower case
        ({"sport": "x" * 65}, "/sport"),
        ({"discipline": "a\x00b"}, "/discipline"),
    ],
)
def test_limits(fields: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidField) as refused:
        checked(Content(**{"titles": {"en": "x"}, "default_language": "en", **fields}))
    assert refused.value.extensions["errors"][0]["pointer"] == pointer

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.captions import cue_settings

CASES = [
    ("", ""),
    ("align:start line:0 vertical:rl", "vertical:rl line:0 align:start"),
    ("align:start align:end", "align:end"),
    ("align:end align:middle", "align:end"),
    ("align:CENTER", ""),
    ("align: center", ""),
    ("line:-1", "line:-1"),
    ("line:1.5", ""),
    ("line:99999", ""),
    ("line:10%,end", "line:10%,end"),
    ("line:10%,middle", ""),
    ("line:-10%", ""),
    ("position:1.50%", "position:1.5%"),
    ("position:20%,line-left", "position:20%,line-left"),
    ("position:20%,start", ""),
    ("position:10", ""),
    ("position:101%", ""),
    ("size:00%", "size:0%"),
    ("size:100%", "size:100%"),
    ("size:18446744073709552000%", ""),
    ("size:1%%", ""),
    ("region:fred size:50%", "size:50%"),
    ("onclick:x <b>", ""),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_parse(text: str, expected: str) -> None:
    assert cue_settings.parse(text) == expected


SETTINGS = st.lists(
    st.builds(
        "{}:{}{}{}".format,
        st.sampled_from(["line", "position", "size", "align", "vertical", "region", "x"]),
        st.one_of(
            st.integers(-200, 200), st.floats(0, 120), st.sampled_from(["rl", "lr", "start", "center", "end", ""])
        ),
        st.sampled_from(["%", ""]),
        st.sampled_from(["", ",start", ",center", ",line-left", ","]),
    ),
    max_size=6,
).map(" ".join)


@given(SETTINGS)
def test_parsing_twice_changes_nothing(text: str) -> None:
    once = cue_settings.parse(text)
    assert cue_settings.parse(once) == once


def test_percentages_stay_within_the_picture() -> None:
    assert [cue_settings.percentage(value) for value in (-3, 0, 33.333, 250)] == ["0%", "0%", "33.33%", "100%"]

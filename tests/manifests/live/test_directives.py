from __future__ import annotations

import pytest

from manifests.errors import LiveError
from manifests.live import directives
from manifests.live.directives import NONE, Directives
from manifests.live.updates import Skipping


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ([], NONE),
        ([("_HLS_msn", "41"), ("_HLS_part", "0")], Directives(msn=41, part=0)),
        ([("_HLS_part", "3")], Directives(part=3)),
        ([("_HLS_skip", "YES")], Directives(skip=Skipping.SEGMENTS)),
        ([("_HLS_skip", "v2"), ("token", "x")], Directives(skip=Skipping.DATE_RANGES)),
        ([("_HLS_skip", "v3")], NONE),
        ([("_HLS_push", "0"), ("_hls_msn", "9")], NONE),
        ([("_HLS_msn", "41"), ("_HLS_msn", "041")], Directives(msn=41)),
    ],
)
def test_what_is_asked_for(query: list[tuple[str, str]], asked: Directives) -> None:
    assert directives.parse(query) == asked
    assert asked.blocks == (asked.msn is not None or asked.part is not None)


@pytest.mark.parametrize(
    "query",
    [
        [("_HLS_msn", "")],
        [("_HLS_msn", "-1")],
        [("_HLS_msn", "1.5")],
        [("_HLS_msn", "²")],
        [("_HLS_part", "x")],
        [("_HLS_msn", "9" * 21)],
        [("_HLS_msn", "1"), ("_HLS_msn", "2")],
    ],
)
def test_what_is_no_number_is_refused(query: list[tuple[str, str]]) -> None:
    with pytest.raises(LiveError, match="decimal integer"):
        directives.parse(query)

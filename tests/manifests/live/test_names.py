from __future__ import annotations

import pytest

from manifests.live import names
from manifests.live.names import InitName, MediaName, PartName, SegmentName


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("932000000.m4s", SegmentName(number=932_000_000)),
        ("0.m4s", SegmentName(number=0)),
        ("932000000.0.m4s", PartName(number=932_000_000, index=0)),
        ("7.11.m4s", PartName(number=7, index=11)),
        ("init-0a1B_-.mp4", InitName(name="init-0a1B_-.mp4")),
    ],
)
def test_both_ways(text: str, name: MediaName) -> None:
    assert names.parse(text) == name
    if isinstance(name, SegmentName):
        assert names.segment(name.number) == text
    if isinstance(name, PartName):
        assert names.part(name.number, name.index) == text


@pytest.mark.parametrize(
    "text", ["", "07.m4s", "7.01.m4s", "-1.m4s", "7.mp4", "7.1.2.m4s", "init-.mp4", "init-a/b.mp4", "٧.m4s", "7.m4s\n"]
)
def test_one_name_has_one_form_and_others_mean_nothing(text: str) -> None:
    assert names.parse(text) is None

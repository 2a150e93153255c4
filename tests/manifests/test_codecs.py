from __future__ import annotations

import pytest

from manifests.codecs import avc1, mp4a_lc


@pytest.mark.parametrize(
    ("profile", "level", "expected"),
    [
        ("high", "4.0", "avc1.640028"),
        ("high", "4", "avc1.640028"),
        ("high", "3.1", "avc1.64001f"),
        ("high", "5.2", "avc1.640034"),
        ("main", "3.0", "avc1.4d401e"),
        ("baseline", "2.1", "avc1.42c015"),
    ],
)
def test_avc1(profile: str, level: str, expected: str) -> None:
    assert avc1(profile, level) == expected


@pytest.mark.parametrize(("profile", "level"), [("high10", "4.0"), ("high", "4.4"), ("high", "1b"), ("", "4.0")])
def test_avc1_refuses_what_it_does_not_know(profile: str, level: str) -> None:
    with pytest.raises(ValueError, match=r"no H\.264"):
        avc1(profile, level)


def test_mp4a() -> None:
    assert mp4a_lc() == "mp4a.40.2"

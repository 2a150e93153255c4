from __future__ import annotations

import pytest

from manifests.codecs import av01, avc1, hvc1, mp4a_lc


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


@pytest.mark.parametrize(
    ("level", "hevc", "av1"),
    [
        ("2.0", "hvc1.1.6.L60.90", "av01.0.00M.08"),
        ("2.1", "hvc1.1.6.L63.90", "av01.0.01M.08"),
        ("3.1", "hvc1.1.6.L93.90", "av01.0.05M.08"),
        ("4.0", "hvc1.1.6.L120.90", "av01.0.08M.08"),
        ("5.2", "hvc1.1.6.L156.90", "av01.0.14M.08"),
        ("6.2", "hvc1.1.6.L186.90", "av01.0.18M.08"),
    ],
)
def test_hvc1_and_av01(level: str, hevc: str, av1: str) -> None:
    assert hvc1(level) == hevc
    assert av01(level) == av1


@pytest.mark.parametrize("level", ["1.0", "4", "4.4", "x.y", ""])
def test_hvc1_and_av01_refuse_what_they_do_not_know(level: str) -> None:
    for string in (hvc1, av01):
        with pytest.raises(ValueError, match="level"):
            string(level)


def test_mp4a() -> None:
    assert mp4a_lc() == "mp4a.40.2"

from __future__ import annotations

from benchmarks.live_clips import Clip, Seen, late, told


def test_late_is_what_comes_a_part_after_the_others_of_its_feed() -> None:
    steady, slow = [0.1] * 9 + [0.41], [0.5] * 9 + [0.83]
    assert late([steady, slow], 0.32) == 1
    assert late([[0.1, 0.1, 0.5], [0.1]], 0.32) == 1


def test_what_is_said() -> None:
    clips = [Clip(playable=0.25 + place / 100, exact=3.0 + place) for place in range(3)]
    seen = Seen(feeds=2, editors=4, part=0.32, alone=clips, many=clips * 2, calm=[[0.1] * 8], busy=[[0.1] * 7 + [0.6]])
    result = told(seen, length=30)
    assert result.rows == (
        ("one editor", "3", "0.26 s", "0.27 s", "4.0 s, 5.0 s", ""),
        ("4 editors", "6", "0.26 s", "0.27 s", "4.0 s, 5.0 s", "1 of 8 (p99 0.60 s)"),
        ("no editor", "–", "–", "–", "–", "0 of 8 (p99 0.10 s)"),
    )
    assert result.verdict == (
        "Alone: playable within 0.27 s (p95; target 1 s), exact within 5.0 s (target 10 s). Late parts: 1 with "
        "editors, 0 without."
    )
    assert "2 of 10 feeds, 4 of 20 editors" in result.question

from __future__ import annotations

from benchmarks.live_viewers import Row, verdict


def row(what: str, viewers: int, woken_s: float) -> Row:
    return Row(
        what=what, viewers=viewers, woken_s=(woken_s,) * 10, whole_s=(woken_s,) * 10, refused=0, looked_s=0, cpu=0
    )  # fmt: skip


def test_the_verdict_is_the_most_viewers_that_are_woken_in_time() -> None:
    found = [row("alone", 100, 0.02), row("alone", 300, 0.06), row("edge", 100, 0.07)]
    assert verdict(found) == "Woken within 50 ms in 99 of 100 cases: alone: 100 viewers; edge: fewer than 100."

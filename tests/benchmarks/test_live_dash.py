from __future__ import annotations

from benchmarks.live_dash import LOW, WHOLE, verdict
from tests.benchmarks.test_live_latency import seen


def test_what_is_said() -> None:
    assert verdict({LOW: seen(1600, stalls=2), WHOLE: seen(5800)}) == (
        "dash.js: p95 1.60 s with the MPD for low latency, with 2 stalls; 5.80 s by segments."
    )

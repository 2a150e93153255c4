from __future__ import annotations

import json
from pathlib import Path

from benchmarks.live.pages import Seen
from benchmarks.live_latency import PLAYER, percentile, row, verdict


def seen(behind: float, *, stalls: int = 0) -> Seen:
    return Seen(
        behind=(behind,) * 100, stamps=(40.0,), unread=0, stalls=stalls, stalled_ms=0, pace=1, changes=2,
        watched_ms=4000, rates={"1": 4000}, fatal=(), aim_s=1,
    )  # fmt: skip


def test_the_player_is_set_up_as_our_own_is() -> None:
    ours = (Path(__file__).parents[2] / "web/src/live/hls_stream.ts").read_text()
    for name, value in PLAYER.items():
        assert f"{name}: {json.dumps(value)}," in ours


def test_percentiles() -> None:
    assert [percentile(range(1, 101), share) for share in (0, 0.5, 0.95, 0.99)] == [1, 51, 96, 100]
    assert percentile([7.0], 0.99) == 7


def test_what_is_said() -> None:
    assert row("low", seen(1500))[:5] == ("low", "1.50", "1.50", "1.50", "≤ 2.0")
    assert row("low", seen(1500))[-3:] == ("1.000", "30", "+40 ms")
    assert verdict({"low": seen(1500), "relaxed": seen(3500, stalls=2), "nginx-rtmp": seen(7000)}) == (
        "low: p95 1.50 s, within 2.0 s, without a stall; relaxed: p95 3.50 s, over 3.0 s, with 2 stalls; "
        "ordinary HLS by nginx-rtmp: p95 7.00 s."
    )

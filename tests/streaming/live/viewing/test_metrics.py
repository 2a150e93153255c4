from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from streaming.live.viewing.metrics import note_viewer


def seen() -> tuple[float, float]:
    name = "channel_live_cmcd_latency_seconds"
    return REGISTRY.get_sample_value(f"{name}_count") or 0, REGISTRY.get_sample_value(f"{name}_sum") or 0


@pytest.mark.parametrize(
    ("query", "headers", "latency"),
    [
        ("CMCD=ltc%3D1850%2Cv%3D2", {}, 1.85),
        ("", {"cmcd-request": "bl=900,ltc=4000"}, 4.0),
        ("CMCD=ltc%3D-5", {}, None),
        ("CMCD=br%3D3200", {}, None),
        ("_HLS_msn=3", {}, None),
    ],
)
def test_what_players_say_of_their_latency(query: str, headers: dict[str, str], latency: float | None) -> None:
    count, total = seen()
    note_viewer(query, headers)
    assert seen() == (count + (latency is not None), pytest.approx(total + (latency or 0)))

from __future__ import annotations

import pytest

from streaming.live.ingest.publisher import Way
from streaming.live.ingest.turned_away import Door


@pytest.mark.parametrize(
    ("channel", "publishers", "addresses"),
    [
        ("arena", 0, ["nowhere", "here"]),
        ("arena", 1, ["here"]),
        ("arena", 2, []),
        ("pool", 0, ["nowhere"]),
        ("pool", 1, []),
    ],
)
def test_who_is_told_of_whom(channel: str, publishers: int, addresses: list[str]) -> None:
    door = Door(lambda: 0.0)
    door.turned_away(Way.RTMP, address="nowhere")
    door.turned_away(Way.CMAF, address="here", channel="arena")
    assert [each.address for each in door.lately(channel, publishers=publishers)] == addresses


def test_after_a_minute_it_is_forgotten() -> None:
    now = [0.0]
    door = Door(lambda: now[0])
    door.turned_away(Way.SRT, channel="arena")
    now[0] = 59.0
    assert door.lately("arena", publishers=0)
    now[0] = 60.0
    assert not door.lately("arena", publishers=0)


def test_no_flood_of_them_fills_the_memory() -> None:
    door = Door(lambda: 0.0)
    for number in range(1000):
        door.turned_away(Way.RTMP, address=str(number))
    assert [each.address for each in door.lately("arena", publishers=0)] == [str(each) for each in range(900, 1000)]

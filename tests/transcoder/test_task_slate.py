from __future__ import annotations

from typing import TYPE_CHECKING

from manifests import layout
from manifests.layout import ChannelId
from tests.transcoder.house import House
from tests.transcoder.stills.test_image import REFUSED, SHOWN
from transcoder.stills.image import kind_of
from transcoder.windows import slate_task

if TYPE_CHECKING:
    from pathlib import Path

ARENA = ChannelId("arena")


async def test_it_draws_what_was_sent_or_says_why_not(tmp_path: Path) -> None:
    house = House(tmp_path / "sources")
    for name, body in (("good", SHOWN["JPEG"][0]), ("bad", REFUSED["an animated PNG"][0])):
        await house.store.put(layout.slate_sent(ARENA, name), body, content_type="application/octet-stream")
        for _ in range(2):
            await house.handle(slate_task(ARENA, name))
    assert kind_of(await house.store.read(layout.slate(ARENA, "good"))) == "PNG"
    assert await house.store.read(layout.slate_refused(ARENA, "bad")) == b"animated"
    assert len([stat async for stat in house.store.list(layout.SLATES)]) == 2


async def test_what_was_given_up_is_not_drawn(tmp_path: Path) -> None:
    house = House(tmp_path / "sources")
    await house.handle(slate_task(ARENA, "gone"))
    assert [stat async for stat in house.store.list(layout.SLATES)] == []

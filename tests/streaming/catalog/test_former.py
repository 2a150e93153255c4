"""What is played no more, and goes when its viewers have ended. (Versions that were replaced: test_replacing.py.)"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from manifests import layout
from streaming.catalog.model import AssetState
from tests.streaming.catalog.test_reconciler import house
from transcoder.facts import Ready, write_gain, write_loudness, write_ready
from transcoder.loudness.gain import Gain
from transcoder.loudness.verdict import TrackLoudness, Verdict, renewed_id

if TYPE_CHECKING:
    from tests.streaming.catalog.test_reconciler import House

__all__ = ["house"]


async def test_sound_that_was_made_again_is_swept_when_its_viewers_have_ended(house: House) -> None:
    asset = await house.uploaded()
    (old,) = (await house.planned(asset)).audio
    new = renewed_id(old.id)
    heard = TrackLoudness(rendition=old.id, loudness=-30, peak=-9, gain=14, heard=-16, renewed=new)
    await write_gain(house.store, asset.id, 1, old.id, Gain(db=3.0))
    await write_loudness(house.store, asset.id, 1, Verdict(target=-16, tracks=(heard,)))
    for rendition in (old.id, new):
        await house.store.put(layout.segment(asset.id, rendition, 0), b"x", content_type="video/iso.segment")
    await write_ready(house.store, asset.id, 1, Ready(objects=1, size=1))

    async def left() -> set[str]:
        keys = [stat.key async for stat in house.store.list("")]
        return {key for key in keys if f"/{old.id}/" in key or "/gains/" in key or f"/{new}/" in key}

    await house.reconciler.sweep()
    assert await house.state(asset) is AssetState.READY
    house.now += timedelta(hours=23)
    await house.reconciler.sweep()
    assert len(await left()) == 3
    house.now += timedelta(hours=1, minutes=1)
    late = layout.segment(asset.id, old.id, 7)
    for _ in range(2):
        await house.reconciler.sweep()
        assert await left() == {layout.segment(asset.id, new, 0)}
        await house.store.put(late, b"late", content_type="video/iso.segment")
        house.now += timedelta(hours=1)
    # The second look was the last one: it is known to be gone.
    assert await house.catalogue.former_sound(house.now) == []

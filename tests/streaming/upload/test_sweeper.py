from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from manifests import layout
from manifests.layout import RenditionId
from streaming.upload.model import NewUpload, UploadKind
from streaming.upload.sweeper import Swept

if TYPE_CHECKING:
    from collections.abc import Callable

    from streaming.upload.incoming import Incoming


@pytest.mark.parametrize("done", [True, False], ids=["done", "terminated"])
async def test_what_appears_after_the_end_is_swept_and_the_source_is_not(
    bench: Any, incoming: Callable[..., Incoming], done: bool
) -> None:
    new = NewUpload(length=5, titles={"en": "Goal"})
    upload = await bench.uploads.begin(new, kind=UploadKind.TUS, created_by="test")
    if done:
        await bench.uploads.append(upload.id, incoming(b"hello"), offset=0)
    else:
        await bench.uploads.terminate(upload.id, UploadKind.TUS)
    kept = await bench.keys()
    late = [layout.source_arriving(upload.asset, 1), layout.source_piece(upload.asset, 1, 3, 7)]
    if not done:
        late.append(layout.segment(upload.asset, RenditionId("v720-1"), 0))
    looks = 0
    for _ in range(40):
        bench.now += timedelta(seconds=30)
        for key in late:
            await bench.store.put(key, b"late", content_type="text/plain")
        swept = await bench.uploads.sweeper.sweep()
        assert swept in (Swept(), Swept(late=len(late)))
        looks += swept != Swept()
    assert 4 < looks < 15
    await bench.store.delete(late)
    assert await bench.keys() == kept

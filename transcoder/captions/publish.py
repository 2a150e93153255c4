"""Captions into the bucket: segments and the playlist of a track, then the list that names it.

In this order, so that whatever is named exists. Each object is written once, under a name that is used for nothing
else; it may be done twice, side by side, or be broken off, without harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio

from manifests import layout, media_types
from manifests.captions.write import segments
from transcoder.captions import listed
from transcoder.describe import beside, caption_playlist
from transcoder.describe.captions import SEGMENT_MS
from transcoder.facts import JSON
from transcoder.publish import put_once

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.ports import ObjectStore
    from manifests.captions.model import Cue
    from manifests.layout import AssetId, RenditionId
    from transcoder.captions.listed import CaptionList

_REQUESTS: Final = 8
"""Objects that are written at a time: a match has a hundred small ones a track."""


async def publish_track(
    store: ObjectStore, asset: AssetId, rendition: RenditionId, cues: Sequence[Cue], *, length: int
) -> None:
    """Write the segments of a track that spans `length` ms, and its playlist. Raises CaptionError, errors of the store.

    If the playlist is there, so is all that it names.
    """
    playlist_key = layout.media_playlist(asset, rendition)
    if await store.head(playlist_key) is not None:
        return
    files = iter(enumerate(segments(cues, length, SEGMENT_MS)))

    async def write() -> None:
        for number, text in files:
            await put_once(
                store,
                layout.caption_segment(asset, rendition, number),
                text.encode(),
                content_type=media_types.VTT,
                cache_control=media_types.IMMUTABLE,
            )

    try:
        async with anyio.create_task_group() as requests:
            for _ in range(_REQUESTS):
                requests.start_soon(write)
    except ExceptionGroup as exc:
        raise exc.exceptions[0] from exc.exceptions[0].__cause__
    body = caption_playlist(asset, rendition, length, uri_of=beside(layout.media_prefix(asset, rendition))).render()
    await put_once(
        store, playlist_key, body.encode(), content_type=media_types.M3U8, cache_control=media_types.IMMUTABLE
    )


async def publish_list(store: ObjectStore, asset: AssetId, captions: CaptionList) -> None:
    """Say which tracks there are from now on."""
    key = layout.caption_list(asset, captions.revision)
    await put_once(store, key, listed.dump(captions), content_type=JSON)


async def sweep_track(store: ObjectStore, asset: AssetId, rendition: RenditionId) -> None:
    """Delete what a track of an earlier revision has in the bucket, its playlist first."""
    await store.delete([layout.media_playlist(asset, rendition)])
    await store.delete([stat.key async for stat in store.list(layout.media_prefix(asset, rendition))])


async def sweep_lists(store: ObjectStore, asset: AssetId, *, before: int) -> None:
    """Delete the lists of earlier revisions than this."""
    keys = [
        stat.key
        async for stat in store.list(layout.caption_lists(asset))
        if (layout.caption_list_revision(stat.key) or before) < before
    ]
    await store.delete(keys)

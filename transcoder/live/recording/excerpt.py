"""What one process reads of what was live, as a file: the segments of one track that it comes by.

Time stamps tell where all of it belongs. So the other track is not fetched, nor what lies elsewhere, and nobody has to
go through the source to find out where that is. The file has one track: of one that has two libavformat seeks by the
picture, and finds nothing where there is none.
"""

from __future__ import annotations

import tempfile
from contextlib import asynccontextmanager
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from anyio import to_thread

from infra.errors import ObjectNotFound
from manifests import layout
from transcoder.clip_plan import renamed
from transcoder.errors import PlanMissing
from transcoder.windows import VIDEO, was_live

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from infra.ports import ObjectStore
    from transcoder.inputs import Reading
    from transcoder.plan import Plan
    from transcoder.sources.pieces import SourceBytes

STREAM: Final = 0
"""The number of the track in the file."""

_TRACKS: Final = 2
"""Pieces of a segment in the source: its picture, and its sound."""


class Excerpt:
    """A file at `path` that holds what the process reads which is started next."""

    def __init__(self, path: Path, *, store: ObjectStore, plan: Plan, source: SourceBytes) -> None:
        self.path = path
        self._store, self._plan, self._source = store, plan, source

    async def ready(self, reading: Reading) -> None:
        """Fetch what a process with this reading needs. Raises PlanMissing when it is gone; what the store raises."""
        with self.path.open("wb") as file:
            for key in keys_of(self._plan, self._source, reading):
                try:
                    body = await self._store.read(key)
                except ObjectNotFound as exc:
                    raise PlanMissing(f"{key}, which {self._plan.asset} is made of, is gone") from exc
                await to_thread.run_sync(file.write, body)


def keys_of(plan: Plan, source: SourceBytes, reading: Reading) -> list[str]:
    """The init section of a reading's track, and its segments between the two ends."""
    recorded, video = plan.recorded, plan.video
    if recorded is None or video is None:
        raise ValueError("the plan is of no live segments")
    is_picture, pieces = reading.track == VIDEO, source.pieces[1:]
    track = pieces[0 if is_picture else 1 :: _TRACKS]
    top = max(video.rungs, key=lambda rung: (rung.width * rung.height, -rung.divisor))
    rendition = renamed(top.id, recorded.event) if is_picture else recorded.sound
    length = video.segment / video.rate
    first = 0 if reading.seek is None else max(0, int(reading.seek // length) - recorded.first)
    wanted = track[first : ceil(reading.end / length) - recorded.first]
    init = layout.live_init(recorded.channel, rendition, recorded.inits[rendition])
    return [init, *(piece.key for piece in wanted)]


@asynccontextmanager
async def excerpt_of(store: ObjectStore, plan: Plan, source: SourceBytes) -> AsyncIterator[Excerpt | None]:
    """For a plan of live segments themselves; None for any other."""
    if not was_live(plan):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="excerpt-") as folder:
        yield Excerpt(Path(folder) / "source.mp4", store=store, plan=plan, source=source)

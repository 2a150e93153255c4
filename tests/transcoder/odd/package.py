"""A file through the transcoder, as a worker would take it: sniffed, indexed, planned, encoded in windows."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import msgspec

from manifests.layout import AssetId, RenditionId
from transcoder import index_child
from transcoder.audio import encode_audio
from transcoder.encoder_settings import EncoderSettings
from transcoder.index import Answer, SourceIndex, read_answer
from transcoder.plan import Plan, SourceRef
from transcoder.planner import make_plan
from transcoder.sniff import HEAD, sniff
from transcoder.source_limits import SourceLimits
from transcoder.video import encode_video
from transcoder.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

SETTINGS: Final = EncoderSettings(preset="superfast", threads=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What became of a file: its plan, and an MP4 of the first and the last segment of its smallest rung, and one of
    each sound track."""

    plan: Plan
    picture: bytes
    sound: tuple[bytes, ...]


def index_of(path: Path) -> SourceIndex:
    """The index as the child in the sandbox makes it, without the cost of a process. Raises SourceRefused."""
    limits = SourceLimits()
    with path.open("rb", buffering=0) as file:
        head = file.read(HEAD)
        file.seek(max(0, path.stat().st_size - HEAD))
        demuxer = sniff(head, file.read())
        asked = {"max_pixels": limits.max_pixels, "max_streams": limits.max_streams, "max_packets": limits.max_packets}
        try:
            told = index_child.index(file, demuxer, asked)
        except index_child.Refused as refused:
            told = {"refused": refused.code, "detail": str(refused)}
    return read_answer(msgspec.json.decode(json.dumps(told), type=Answer), demuxer=demuxer, limits=limits)


def plan_of(path: Path) -> Plan:
    """Raises SourceRefused."""
    index = index_of(path)
    source = SourceRef(key="sources/a/1", size=path.stat().st_size, demuxer=index.demuxer)
    return make_plan(asset=AssetId("a"), version=1, source=source, index=index)


def smallest(plan: Plan) -> Plan:
    """The plan with its smallest rung alone, at the full rate."""
    if plan.video is None:
        return plan
    rung = replace(plan.video.rungs[0], divisor=1)
    return replace(plan, video=replace(plan.video, rungs=(rung,)))


def windows(track: str, segments: int) -> Iterable[Window]:
    """The first segment and the last, each in a window of its own."""
    yield Window(track=track, first=0, count=1)
    if segments > 1:
        yield Window(track=track, first=segments - 1, count=1)


async def package(path: Path) -> Package:
    """Raises SourceRefused."""
    plan = smallest(plan_of(path))
    made: dict[RenditionId, dict[int | None, bytes]] = {}

    async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
        assert made.setdefault(rendition, {}).setdefault(number, body) == body

    if plan.video is not None:
        for window in windows("video", plan.video.segments):
            await encode_video(plan, window, source=path, sink=sink, settings=SETTINGS)
    for track in plan.audio:
        for window in windows(track.id, track.segments):
            await encode_audio(plan, track, window, source=path, sink=sink, settings=SETTINGS)
    picture = b"" if plan.video is None else joined(made[plan.video.rungs[0].id])
    return Package(plan=plan, picture=picture, sound=tuple(joined(made[track.id]) for track in plan.audio))


def joined(made: dict[int | None, bytes]) -> bytes:
    """The init section and the segments in order, as a player feeds them to its decoder."""
    numbers: Sequence[int] = sorted(number for number in made if number is not None)
    return b"".join((made[None], *(made[number] for number in numbers)))

"""Windows, runs, and the tasks that make them. Pure functions of the plan, the same in every process.

A window is a stretch of consecutive segments of one track that one process encodes. The first windows of an asset are
the same everywhere (`opening`): short, so that its first segments exist within seconds. All others are cut when their
turn comes, as long as the workers' idle slots call for (`transcoder.schedule`); their names say what they make. A run
makes one rendition, segment by segment, from the one that a viewer waits for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from infra.ports import Level, Task
from manifests.layout import AssetId, RenditionId
from transcoder.profile import Codec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from manifests.layout import ChannelId
    from transcoder.plan import Plan

VIDEO: Final = "video"
"""The pictures in H.264, which viewers of a new asset begin with."""
_CODECS: Final = {VIDEO: Codec.H264, Codec.HEVC.value: Codec.HEVC, Codec.AV1.value: Codec.AV1}
_VIDEO_OPENING: Final = (1, 1, 2, 4)
_AUDIO_OPENING: Final = (4, 16)
_LIVE_OPENING: Final = (40,)
"""Of what was live: more than a minute. A segment that is taken over costs next to nothing, a window costs a task."""
VIDEO_WINDOW: Final = 6
AUDIO_WINDOW: Final = 75
"""Segments of a window as long as nobody knows how fast they are made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Segments [first, first + count) of one track: "video", the name of another codec, or an audio rendition's id.
    `rungs`: those of the picture's renditions that it makes; None: all of the track."""

    track: str
    first: int
    count: int
    rungs: tuple[RenditionId, ...] | None = None

    @property
    def numbers(self) -> range:
        return range(self.first, self.first + self.count)

    @property
    def name(self) -> str:
        """`video/12-6`: six segments from number 12 on; `video/12-1/v720-1` makes only that rung."""
        made = f"{self.track}/{self.first}-{self.count}"
        return made if self.rungs is None else f"{made}/{'+'.join(self.rungs)}"


def window_from(name: str) -> Window | None:
    """The window of that name; None for what names none."""
    track, _, rest = name.partition("/")
    span, _, rungs = rest.partition("/")
    first, _, count = span.partition("-")
    if not (track and first.isdecimal() and count.isdecimal()):
        return None
    made = tuple(RenditionId(rung) for rung in rungs.split("+")) if rungs else None
    return Window(track=track, first=int(first), count=int(count), rungs=made)


def tracks(plan: Plan) -> dict[str, int]:
    """What windows are cut from, with its number of segments: the picture (all rungs of a codec as one), each sound
    rendition. A codec other than H.264 has windows of its own: it is decoded once more for it (a thirtieth of what its
    encoders take), but H.264 never waits for encoders that are slower, and no process holds those of several codecs."""
    found: dict[str, int] = {}
    if plan.video is not None:
        found = {_track(codec): plan.video.segments for codec in plan.video.codecs}
    return found | {track.id: track.segments for track in plan.audio}


def was_live(plan: Plan) -> bool:
    """Whether a plan is of live segments themselves: what needs no encoder is made by whoever is asked for it, so that
    nobody waits for the windows. A clip of a recording has a parent, and is waited for."""
    return plan.recorded is not None and plan.parent is None


def track_of(plan: Plan, rendition: RenditionId) -> str:
    """The track that a rendition belongs to."""
    for rung in plan.video.rungs if plan.video is not None else ():
        if rung.id == rendition:
            return _track(rung.codec)
    return rendition


def codec_of(track: str) -> Codec | None:
    """What a track's pictures are encoded with; None for sound."""
    return _CODECS.get(track)


def _track(codec: Codec) -> str:
    return VIDEO if codec is Codec.H264 else codec.value


def opening(plan: Plan) -> tuple[Window, ...]:
    """The first windows of an asset, in the order in which they are wanted: by first segment, video before audio."""
    return _ordered(
        window
        for track, segments in tracks(plan).items()
        if track == VIDEO or codec_of(track) is None
        for window in _cut(track, segments, _growth(plan, track), 0)
    )


def windows(plan: Plan) -> tuple[Window, ...]:
    """A whole plan in windows, as one worker would make them that knows nothing of speed."""
    return _ordered(
        window
        for track, segments in tracks(plan).items()
        for window in _cut(
            track, segments, _growth(plan, track), AUDIO_WINDOW if codec_of(track) is None else VIDEO_WINDOW
        )
    )


def _growth(plan: Plan, track: str) -> tuple[int, ...]:
    if was_live(plan):
        return _LIVE_OPENING
    return _AUDIO_OPENING if codec_of(track) is None else _VIDEO_OPENING


def _cut(track: str, segments: int, growth: tuple[int, ...], steady: int) -> list[Window]:
    found: list[Window] = []
    first = 0
    for count in growth:
        if first < segments:
            found.append(Window(track=track, first=first, count=min(count, segments - first)))
            first += count
    while steady and first < segments:
        found.append(Window(track=track, first=first, count=min(steady, segments - first)))
        first += steady
    return found


def _ordered(found: Iterable[Window]) -> tuple[Window, ...]:
    return tuple(sorted(found, key=lambda window: (window.first, window.track != VIDEO)))


def _task(
    asset: AssetId, version: int, kind: str, level: Level, *, named: str = "", tenant: str = "",
    **arguments: str | int,
) -> Task:  # fmt: skip
    return Task(
        name=f"{asset}/{version}/{named or kind}", kind=kind, group=asset, tenant=tenant, level=level,
        arguments={**arguments, "asset": asset, "version": version},
    )  # fmt: skip


def index_task(asset: AssetId, version: int, *, tenant: str = "") -> Task:
    """`tenant`: whose asset it is; all its tasks say so."""
    return _task(asset, version, "index", Level.INDEX, tenant=tenant)


def grow_task(asset: AssetId, version: int, *, tenant: str = "") -> Task:
    """The task that follows an upload while its bytes come."""
    return _task(asset, version, "grow", Level.ARRIVING, tenant=tenant)


def window_task(asset: AssetId, version: int, window: Window, level: Level, *, tenant: str = "") -> Task:
    """The task that makes a window."""
    return _task(asset, version, "window", level, named=window.name, tenant=tenant, window=window.name)


def analyse_task(asset: AssetId, version: int, *, tenant: str = "") -> Task:
    """The task that chooses a title's own ladder."""
    return _task(asset, version, "analyse", Level.BULK, tenant=tenant)


def captions_task(asset: AssetId, version: int, *, tenant: str = "") -> Task:
    """The task that looks for captions inside a source."""
    return _task(asset, version, "captions", Level.BULK, tenant=tenant)


def loudness_task(asset: AssetId, version: int, *, tenant: str = "") -> Task:
    """The task that measures how loud the sound is."""
    return _task(asset, version, "loudness", Level.BULK, tenant=tenant)


def poster_task(asset: AssetId, version: int, frame: int, *, tenant: str = "") -> Task:
    """The task that draws a picture for which an editor waits."""
    return _task(asset, version, "poster", Level.FIRST, named=f"poster/{frame}", tenant=tenant, frame=frame)


def poster_image_task(asset: AssetId, version: int, image: str, *, tenant: str = "") -> Task:
    """The task that makes a poster of a picture that an editor sent."""
    return _task(asset, version, "poster", Level.FIRST, named=f"poster/{image}", tenant=tenant, image=image)


def slate_task(channel: ChannelId, name: str, *, tenant: str = "") -> Task:
    """The task that draws a slate of a channel's own, of a picture that an editor sent."""
    owner = AssetId(f"slates.{channel}")  # no asset has such an id
    named = f"slate/{name}"
    return _task(owner, 1, "slate", Level.FIRST, named=named, tenant=tenant, channel=channel, image=name)


def run_task(asset: AssetId, version: int, rendition: RenditionId, number: int, level: Level) -> Task:
    """The task that makes a rendition from segment `number` on: JUST_IN_TIME when somebody waits for that one, FIRST
    when somebody will soon. They are two tasks: what is made ahead of a viewer is told when he has come to wait."""
    name = f"{'run' if level is Level.JUST_IN_TIME else 'ahead'}/{rendition}/{number}"
    return _task(asset, version, "run", level, named=name, rendition=rendition, number=number)


def finish_task(asset: AssetId, version: int) -> Task:
    return _task(asset, version, "finish", Level.INDEX)


def are_of(names: Iterable[str], version: int) -> frozenset[str]:
    """Those of the names of an asset's tasks that are about one of its versions."""
    return frozenset(name for name in names if name.split("/", 2)[1] == str(version))


def assigned(names: Iterable[str], *, version: int) -> tuple[Window, ...]:
    """The windows of a version among the names of an asset's tasks."""
    found = (window_from(name.split("/", 2)[2]) for name in are_of(names, version) if name.count("/") >= 3)
    return tuple(window for window in found if window is not None)


def begins_play(plan: Plan, task: Task) -> bool:
    """Whether a window's task makes the first segments without which nothing plays: the picture's in H.264, or those of
    stereo sound where there is no picture."""
    heard = plan.first_heard
    first = VIDEO if plan.video is not None else None if heard is None else heard.id
    return task.level is Level.INDEX and window_of(task.arguments).track == first


def window_of(arguments: Mapping[str, str | int]) -> Window:
    """The window that a task is to make. Raises KeyError."""
    window = window_from(str(arguments["window"]))
    if window is None:
        raise KeyError(arguments["window"])
    return window

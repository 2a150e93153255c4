"""Drawing stills from finished segments: key pictures only, so a title costs a few seconds of decoding.

The segments are ours, so nothing of the source is read again; and every rung shows the same pictures. A sheet is drawn
by a process of its own, from the segments that it shows: memory and scratch space do not grow with the title.
"""

from __future__ import annotations

import tempfile
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ffmpeg
from anyio import to_thread

from transcoder.encryption.reading import read_clear
from transcoder.errors import OutputBroken
from transcoder.ffmpeg import ffmpeg_path, run
from transcoder.fragments import Fragment, FragmentReader
from transcoder.inputs import command
from transcoder.stills.choose import EDGELESS, Look, choose
from transcoder.stills.model import Candidate, Sprite, Stills, Storyboard
from transcoder.stills.storyboard import columns, even, every_gop, sheets, small_rung, tile_size
from transcoder.video import timescale

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from infra.ports import ObjectStore
    from transcoder.encoder_settings import EncoderSettings
    from transcoder.encryption.content_keys import Keys
    from transcoder.plan import Plan, VideoPlan, VideoRung

    Sink = Callable[[str, bytes], Awaitable[None]]

_POSTERS: Final = 6
_SECONDS_A_POSTER: Final = 4
_LONGEST_SIDE: Final = 1280
_MOST_PIXELS: Final = 1920 * 1080
_MEASURES: Final = {
    "lavfi.signalstats.YAVG": "luma",
    "lavfi.signalstats.SATAVG": "saturation",
    "lavfi.entropy.normalized_entropy.normal.Y": "entropy",
    "lavfi.blur": "blur",
}
_INPUT: Final = "key-pictures.mp4"


async def draw(
    store: ObjectStore, plan: Plan, *, settings: EncoderSettings, sink: Sink, keys: Keys | None = None, nice: int = 0
) -> Stills:  # fmt: skip
    """Hand every sheet and poster to `sink` by its name, and tell what they show. `keys`: those of the plan.

    Raises ObjectNotFound (a segment is missing), ChildFailed, ChildTimedOut, OutputBroken; what `sink` raises.
    """
    video = plan.video
    if video is None:
        return Stills(storyboard=None, candidates=(), width=0, height=0, note="There is no picture.")
    drawing = _Drawing(store, plan, video, keys, settings=settings, nice=nice)
    sprites, looks = [], []
    for number, segments in enumerate(sheets(video)):
        sheet, seen = await drawing.sheet(segments)
        sprites.append(Sprite(name=f"storyboard-{number}.jpg", frames=tuple(look.frame for look in seen)))
        looks += seen
        await sink(sprites[-1].name, sheet)
    count = max(1, min(_POSTERS, int(video.frames / video.rate / _SECONDS_A_POSTER)))
    chosen = choose(looks, frames=video.frames, count=count)
    rung = _large_rung(video)
    for place, poster in enumerate(await drawing.posters(rung, [look.frame for look in chosen])):
        await sink(f"poster-{place}.jpg", poster)
    width, height = tile_size(video)
    size = _poster_size(rung)
    return Stills(
        storyboard=Storyboard(width=width, height=height, columns=columns(video), sprites=tuple(sprites)),
        candidates=tuple(
            Candidate(name=f"poster-{place}.jpg", frame=look.frame, score=look.score)
            for place, look in enumerate(chosen)
        ),
        width=size[0],
        height=size[1],
    )


async def draw_frame(
    store: ObjectStore, plan: Plan, frame: int, *, settings: EncoderSettings, keys: Keys | None = None, nice: int = 0
) -> bytes:  # fmt: skip
    """The picture at a grid frame, as large as a poster. Raises as `draw` does, and IndexError for one that the plan
    has not."""
    video = plan.video
    if video is None or not 0 <= frame < video.frames:
        raise IndexError(frame)
    return await _Drawing(store, plan, video, keys, settings=settings, nice=nice).picture(_large_rung(video), frame)


class _Drawing:
    def __init__(
        self, store: ObjectStore, plan: Plan, video: VideoPlan, keys: Keys | None, *, settings: EncoderSettings,
        nice: int,
    ) -> None:  # fmt: skip
        self._store, self._plan, self._video, self._keys = store, plan, video, keys
        self._settings, self._nice = settings, nice
        self._unit = timescale(video) // video.rate.numerator * video.rate.denominator

    async def sheet(self, segments: range) -> tuple[bytes, list[Look]]:
        """A sheet with the key pictures of these segments, and how they look."""
        video = self._video
        rung = small_rung(video)
        gops = [await self._gops(rung, number) for number in segments]
        shown = [gop for each in gops for gop in (each if every_gop(video) else each[:1])]
        (width, height), wide = tile_size(video), columns(video)
        pictures = _key_pictures().split()
        sheet = _scaled(pictures[0], width, height).filter("tile", f"{wide}x{-(-len(shown) // wide)}")
        measured = pictures[1].filter("signalstats").filter("entropy").filter("blurdetect")
        measured = measured.filter("metadata", mode="print", file="-")
        outputs = (_jpegs(sheet, "sheet-%d.jpg", quality=5), measured.output("pipe:2", f="null"))
        said, files = await self._run(rung, shown, outputs)
        measures = _measures(said.decode("ascii", "replace"))
        if len(files) != 1 or len(measures) != len(shown):
            raise OutputBroken(f"{len(files)} sheets of {len(measures)} tiles from {len(shown)} key pictures")
        looks = [Look(frame=self._frame(gop), **each) for gop, each in zip(shown, measures, strict=True)]
        return files[0], looks

    async def posters(self, rung: VideoRung, frames: Sequence[int]) -> list[bytes]:
        """The pictures at these grid frames, all of them key pictures, in this order."""
        width, height = _poster_size(rung)
        segments = sorted({self._segment_of(frame) for frame in frames})
        gops = [gop for number in segments for gop in await self._gops(rung, number) if self._frame(gop) in frames]
        posters = _jpegs(_scaled(_key_pictures(), width, height), "poster-%d.jpg", quality=3)
        _, files = await self._run(rung, gops, (posters,))
        drawn = dict(zip(map(self._frame, gops), files, strict=False))
        if drawn.keys() != set(frames):
            raise OutputBroken(f"posters of {sorted(drawn)}, not of {sorted(frames)}")
        return [drawn[frame] for frame in frames]

    async def picture(self, rung: VideoRung, frame: int) -> bytes:
        """The picture that a rung shows at any grid frame."""
        width, height = _poster_size(rung)
        gops = await self._gops(rung, self._segment_of(frame))
        gop = next((gop for gop in reversed(gops) if self._frame(gop) <= frame), gops[0])
        place = max(0, frame - self._frame(gop)) // rung.divisor
        shown = _pictures().filter("select", f"eq(n,{place})")
        _, files = await self._run(rung, [gop], (_jpegs(_scaled(shown, width, height), "poster-%d.jpg", quality=3),))
        if len(files) != 1:
            raise OutputBroken(f"{len(files)} pictures at frame {frame}")
        return files[0]

    async def _gops(self, rung: VideoRung, number: int) -> list[Fragment]:
        """The fragments of a segment: each begins with a key picture, and has no other."""
        body = await read_clear(self._store, self._plan, self._keys, rung.id, number)
        return [found for found in FragmentReader().feed(body) if isinstance(found, Fragment)]

    def _frame(self, gop: Fragment) -> int:
        """The grid frame of its key picture, which is presented when it is decoded (CMAF: no edit list)."""
        return gop.decode_time // self._unit

    async def _run(
        self, rung: VideoRung, gops: Sequence[Fragment], outputs: Sequence[Any]
    ) -> tuple[bytes, list[bytes]]:  # fmt: skip
        """What a process over these GOPs says, and the pictures that it leaves."""
        init = await read_clear(self._store, self._plan, self._keys, rung.id, None)
        with tempfile.TemporaryDirectory(prefix="stills-") as name:
            folder = Path(name)
            await to_thread.run_sync((folder / _INPUT).write_bytes, b"".join((init, *(gop.body for gop in gops))))
            argv = command(ffmpeg_path(), *outputs)
            said = await run(argv, limits=self._settings.limits, cwd=folder, nice=self._nice)
            return said, await to_thread.run_sync(_drawn, folder)

    def _segment_of(self, frame: int) -> int:
        return next(n for n in range(self._video.segments) if frame in self._video.frames_of(n))


def _pictures(**options: str) -> Any:
    return ffmpeg.input(
        _INPUT, f="mov", protocol_whitelist="file", format_whitelist="mov", threads=1, **options
    )["v:0"]  # fmt: skip


def _key_pictures() -> Any:
    return _pictures(skip_frame="nokey")


def _drawn(folder: Path) -> list[bytes]:
    files = sorted(folder.glob("*.jpg"), key=lambda path: int(path.stem.rpartition("-")[2]))
    return [path.read_bytes() for path in files]


def _scaled(pictures: Any, width: int, height: int) -> Any:
    # A JPEG is BT.601 in full range, whatever the video is (JFIF 1.02).
    return pictures.filter("scale", width, height, flags="bicubic", out_color_matrix="bt601", out_range="full")


def _jpegs(stream: Any, name: str, *, quality: int) -> Any:
    return stream.output(
        name, f="image2", fps_mode="passthrough", pix_fmt="yuvj420p",
        **{"c:v": "mjpeg", "q:v": quality, "fflags": "+bitexact", "flags:v": "+bitexact"},
    )  # fmt: skip


def _measures(said: str) -> list[dict[str, float]]:
    """What the filter "metadata" printed: a line for each picture, and one for each of its measures."""
    found: list[dict[str, float]] = []
    for line in said.splitlines():
        if line.startswith("frame:"):
            found.append({})
        elif found and (name := _MEASURES.get(line.partition("=")[0])) is not None:
            measure = float(line.partition("=")[2])
            found[-1][name] = EDGELESS if isnan(measure) else measure
    return found


def _large_rung(video: VideoPlan) -> VideoRung:
    """The largest up to 1080p, for nobody needs a larger poster."""
    rungs = sorted(video.rungs, key=lambda rung: rung.width * rung.height)
    return next((rung for rung in reversed(rungs) if rung.width * rung.height <= _MOST_PIXELS), rungs[0])


def _poster_size(rung: VideoRung) -> tuple[int, int]:
    longest = max(rung.width, rung.height)
    if longest <= _LONGEST_SIDE:
        return rung.width, rung.height
    return even(rung.width * _LONGEST_SIDE, longest), even(rung.height * _LONGEST_SIDE, longest)

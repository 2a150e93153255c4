"""Encoding the picture of a window: one decode, one fragmented MP4 a rung, cut where the plan says.

Every window is encoded as if it were cut out of one long encode: absolute decode times, a closed GOP on every grid
point, the same init section to the byte. A source that does not give what its index promised never changes the plan:
frames that cannot be decoded show the picture before.
"""

from __future__ import annotations

import contextlib
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio

from transcoder.encoder_settings import EncoderSettings
from transcoder.encoding import encoder_options
from transcoder.errors import ChildFailed, OutputBroken
from transcoder.ffmpeg import OutputPipe, ffmpeg_path, spawn
from transcoder.fragments import Fragment, FragmentReader, InitSection, Segmenter, Shape, fragments_of
from transcoder.inputs import Reading, command, open_source
from transcoder.pictures import Cut, nearest_frame, rung_pictures
from transcoder.profile import Codec
from transcoder.retiming import Shift, retimed
from transcoder.windows import codec_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Container, Sequence

    from manifests.layout import RenditionId
    from transcoder.ffmpeg import Child
    from transcoder.plan import Plan, VideoPlan, VideoRung
    from transcoder.remaining import Sink
    from transcoder.windows import Window

_LEAST_TIMESCALE: Final = 10_000
_READ: Final = 256 * 1024

# Seconds before the wanted picture to seek to, until the first picture that is decoded is not after it: an index of key
# pictures is exact, without one a seek lands anywhere in a GOP. Last: from the start of the file.
_INDEXED: Final = frozenset({"mov", "matroska", "avi", "mxf"})
_MARGINS: Final = (Fraction(0), Fraction(2), Fraction(10), None)

_MUXER: Final[dict[str, Any]] = {
    "f": "mp4",
    # frag_discont: decode times are absolute, not counted from the window's start. negative_cts_offsets: decode time of
    # an IDR = its presentation time; no edit list has to make up for reordering (CMAF, ISO/IEC 23000-19 §7.5.20).
    "movflags": "+empty_moov+default_base_moof+frag_keyframe+frag_discont+negative_cts_offsets+cmaf+skip_trailer",
    "use_editlist": 0,
    "write_btrt": 0,
    "avoid_negative_ts": "disabled",
    # The init section is the same bytes in every window, and says nothing of the source (phones write where they were).
    "map_metadata": -1,
    "map_chapters": -1,
    "fflags": "+bitexact",
    "flags:v": "+bitexact",
}


class _TooLate(Exception):
    """Decoding began behind the wanted picture."""


async def encode_video(
    plan: Plan,
    window: Window,
    *,
    source: Path,
    sink: Sink,
    skip: Container[tuple[RenditionId, int | None]] = (),
    settings: EncoderSettings | None = None,
    nice: int = 0,
    ready: Callable[[Reading], Awaitable[None]] | None = None,
    started: Callable[[Child], None] | None = None,
) -> None:
    """Encode segments [first, first + count) of every rung in the track's codec, and hand each to `sink` as soon as it
    is closed.

    `ready` is awaited before a process starts, with what that one is going to read; `started` is told of the process.

    `skip` holds (rendition, number or None for the init section) that need not be made: they are not handed out, and a
    rung that lies wholly within is not encoded. Raises ChildFailed, ChildTimedOut, OutputBroken; what `sink` raises.
    """
    video = _picture(plan).only(codec_of(window.track) or Codec.H264)
    numbers = (None, *range(window.first, window.first + window.count))
    left = {(rung.id, number) for rung in video.rungs for number in numbers if (rung.id, number) not in skip}

    async def once(rendition: RenditionId, number: int | None, body: bytes) -> None:
        if (rendition, number) in left:
            await sink(rendition, number, body)
            left.discard((rendition, number))

    for margin in margins(plan, window):
        rungs = [rung for rung in video.rungs if any(rendition == rung.id for rendition, _ in left)]
        if not rungs:
            return
        attempt = _Attempt(plan=plan, window=window, rungs=rungs, margin=margin, settings=settings or EncoderSettings())
        if ready is not None:
            await ready(reading(plan, window, margin))
        try:
            await attempt.run(source, once, nice=nice, started=started)
        except (_TooLate, OutputBroken, ChildFailed) as exc:
            # Killed (memory, CPU, by hand) says nothing about the source: the task is tried again as it is.
            if margin is None or (isinstance(exc, ChildFailed) and (exc.exit_code or 0) < 0):
                raise
        else:
            return


def margins(plan: Plan, window: Window) -> tuple[Fraction | None, ...]:
    """How long before a window's first picture to begin to read: what is tried in turn."""
    if not _picture(plan).source_frames_of(window.first).start:
        return (None,)
    return _MARGINS if plan.source.demuxer in _INDEXED else _MARGINS[1:]


def shapes(video: VideoPlan, rung: VideoRung, window: Window) -> list[Shape]:
    """What every segment of the window must be in this rung, as it is encoded: on the source's grid. One sample lasts
    `divisor` grid frames, the last too."""
    made = []
    for number in range(window.first, window.first + window.count):
        frames = video.source_frames_of(number)
        first = frames.start - frames.start % rung.divisor
        samples = -(-(frames.stop - first) // rung.divisor)
        made.append(
            Shape(
                number=number,
                decode_time=first * unit(video),
                duration=samples * rung.divisor * unit(video),
                samples=samples,
            )
        )
    return made


def unit(video: VideoPlan) -> int:
    """Ticks of a grid frame."""
    return timescale(video) // video.rate.numerator * video.rate.denominator


def timescale(video: VideoPlan) -> int:
    """Ticks per second of every rung's track: the grid is exact, as it would be in ffmpeg's own choice."""
    ticks = video.rate.numerator
    while ticks < _LEAST_TIMESCALE:
        ticks *= 2
    return ticks


def reading(plan: Plan, window: Window, margin: Fraction | None) -> Reading:
    """What an encode of a window reads that begins `margin` seconds before its first picture (None: at the start)."""
    video = _picture(plan)
    wanted = _wanted(video, window)
    behind = window.first + window.count
    last = video.source_frames_of(behind - 1).stop
    end = video.starts[behind] * video.time_base if behind < video.segments else wanted
    return Reading(
        track="video",
        stream=video.stream,
        seek=None if margin is None else wanted - margin,
        end=max(end, video.origin * video.time_base + last / video.rate),
    )


def video_argv(
    plan: Plan, window: Window, rungs: Sequence[VideoRung], *, source: Path, fds: Sequence[int],
    margin: Fraction | None, settings: EncoderSettings,
) -> list[str]:  # fmt: skip
    """The command: rung i goes to file descriptor `fds[i]`, a line about the first decoded picture to stdout.

    Reading begins `margin` seconds before the window's first picture; None: at the start of the file.
    """
    video = _picture(plan)
    stream, cut = decoded(plan, window, source=source, margin=margin, settings=settings)
    pictures = rung_pictures(stream, video, cut, rungs)
    outputs = [
        picture.output(f"pipe:{fd}", **_encoding(video, rung, window, settings), **_MUXER)
        for picture, rung, fd in zip(pictures, rungs, fds, strict=True)
    ]
    return command(ffmpeg_path(), first_picture(stream), *outputs)


def decoded(
    plan: Plan, window: Window, *, source: Path, margin: Fraction | None, settings: EncoderSettings
) -> tuple[Any, Cut]:
    """The source's decoded pictures as an ffmpeg-python stream, and which of them the window shows."""
    video = _picture(plan)
    first = video.source_frames_of(window.first).start
    count = video.source_frames_of(window.first + window.count - 1).stop - first
    lead = first
    if margin is not None:
        lead = min(first, max(0, first - nearest_frame(video, video.starts[window.first])) + int(margin * video.rate))
    seek = reading(plan, window, margin).seek
    opened = open_source(source, plan.source, seek=seek, settings=settings, **_decoding(video))
    return opened[str(video.stream)], Cut(first=first, count=count, lead=lead)


def first_picture(stream: Any) -> Any:
    """An output of one picture, as a reference: framecrc's line on stdout tells its timestamp (see FirstPicture)."""
    return stream.output(
        "pipe:1", f="framecrc", **{"c:v": "wrapped_avframe", "frames:v": 1}, fps_mode="passthrough",
        enc_time_base="demux",
    )  # fmt: skip


class FirstPicture:
    """Listens to the lines of `first_picture`: does decoding begin in time for a window?"""

    def __init__(self, video: VideoPlan, window: Window) -> None:
        self._time_base = video.time_base
        self._wanted = _wanted(video, window) + _before(video) / 2

    def is_late(self, line: bytes) -> bool:
        """Whether this line tells of a first picture behind the wanted one."""
        words = line.decode("ascii", "replace").replace(",", " ").split()
        if words[:2] == ["#tb", "0:"]:
            self._time_base = Fraction(words[2])
        return words[:1] == ["0"] and int(words[2]) * self._time_base > self._wanted


class _Attempt:
    """One ffmpeg over a window, reading from `margin` seconds before its first picture (None: the file's start)."""

    def __init__(
        self, *, plan: Plan, window: Window, rungs: Sequence[VideoRung], margin: Fraction | None,
        settings: EncoderSettings,
    ) -> None:  # fmt: skip
        self._plan, self._video, self._window = plan, _picture(plan), window
        self._rungs, self._margin, self._settings = rungs, margin, settings

    async def run(self, source: Path, sink: Sink, *, nice: int, started: Callable[[Child], None] | None) -> None:
        async with contextlib.AsyncExitStack() as stack:
            cwd = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="window-")))
            pipes = [await stack.enter_async_context(OutputPipe()) for _ in self._rungs]
            fds = tuple(pipe.fd for pipe in pipes)
            argv = video_argv(
                self._plan, self._window, self._rungs, source=source, fds=fds, margin=self._margin,
                settings=self._settings,
            )  # fmt: skip
            try:
                async with spawn(
                    argv, limits=self._settings.limits, cwd=cwd, reads=(source,), pass_fds=fds, nice=nice
                ) as child:
                    if started is not None:
                        started(child)
                    for pipe in pipes:
                        pipe.close_child_end()
                    async with anyio.create_task_group() as readers:
                        readers.start_soon(self._first_picture, child.stdout)
                        outputs = []
                        for rung, pipe in zip(self._rungs, pipes, strict=True):
                            output = _Output(self._video, rung, self._window, sink)
                            outputs.append(output)
                            readers.start_soon(output.read, pipe.reader)
            except ExceptionGroup as exc:
                raise exc.exceptions[0] from exc.exceptions[0].__cause__
            for output in outputs:
                output.close()

    async def _first_picture(self, lines: asyncio.StreamReader) -> None:
        """Raises _TooLate as soon as it is known that decoding began behind the wanted picture."""
        first = FirstPicture(self._video, self._window)
        while line := await lines.readline():
            if first.is_late(line) and self._margin is not None:
                raise _TooLate


class _Output:
    """One rung's pipe: reads fragments, hands out every segment that is whole, and before the first the init section.

    Not sooner: an encoder that gets no picture writes an init section all the same, and not the right one.
    """

    def __init__(self, video: VideoPlan, rung: VideoRung, window: Window, sink: Sink) -> None:
        self._video, self._rung, self._sink, self._timescale = video, rung, sink, timescale(video)
        self._reader, self._segmenter = FragmentReader(), Segmenter(shapes(video, rung, window))
        self._init: InitSection | None = None

    async def read(self, pipe: asyncio.StreamReader) -> None:
        while piece := await pipe.read(_READ):
            for found in self._reader.feed(piece):
                await self._take(found)

    async def _take(self, found: InitSection | Fragment) -> None:
        if isinstance(found, InitSection):
            if found.timescale != self._timescale:
                raise OutputBroken(f"{self._rung.id}: a track of {found.timescale} ticks, not {self._timescale}")
            self._init = found
            return
        segment = self._segmenter.add(found)
        if segment is None:
            return
        if self._init is not None:
            await self._sink(self._rung.id, None, self._init.body)
            self._init = None
        number, body = segment
        await self._sink(self._rung.id, number, self._placed(body) if self._video.skip else body)

    def _placed(self, body: bytes) -> bytes:
        """A segment of a clip, from the source's grid onto its own."""
        earlier = Shift(ticks=-self._video.skip * unit(self._video), fragments=-(self._video.skip // self._video.gop))
        return b"".join(retimed(part.body, earlier) for part in fragments_of(body))

    def close(self) -> None:
        self._reader.close()
        self._segmenter.close()


def _decoding(video: VideoPlan) -> dict[str, Any]:
    # Turned by our own filters, after scaling.
    options: dict[str, Any] = {"noautorotate": None}
    if not video.interlaced:
        # Pictures that change their size in mid-stream stay in the same graph: the scaler takes them as they come,
        # while a new graph would count from zero.
        options["reinit_filter"] = 0
    return options


def _encoding(video: VideoPlan, rung: VideoRung, window: Window, settings: EncoderSettings) -> dict[str, Any]:
    first = video.source_frames_of(window.first).start
    return {
        **encoder_options(rung, video.gop // rung.divisor, settings),
        **_first_gop(video, rung, first),
        "fps_mode": "passthrough",
        "enc_time_base": "filter",
        "video_track_timescale": timescale(video),
        "fragment_index": first // video.gop + 1,
    }


def _wanted(video: VideoPlan, window: Window) -> Fraction:
    """The picture that decoding begins with, no later: by its time in seconds of the source's clock."""
    is_start = not video.source_frames_of(window.first).start
    return video.starts[window.first] * video.time_base - (0 if is_start else _before(video))


def _before(video: VideoPlan) -> Fraction:
    """Seconds before the first picture that its encode needs: a field is completed from those around it, so that it
    looks the same in whatever window it is made. Two pictures, of which the second must be there."""
    return 4 / video.rate if video.interlaced else Fraction(0)


def _first_gop(video: VideoPlan, rung: VideoRung, first: int) -> dict[str, Any]:
    """A clip may begin inside a GOP: the next one begins where it would, so that all others are on the grid again."""
    inside = first % video.gop
    if not inside:
        return {}
    samples = (first - inside + video.gop - (first - first % rung.divisor)) // rung.divisor
    options: dict[str, Any] = {"force_key_frames": f"expr:eq(n,{samples})"}
    # x265 makes an I picture of it otherwise, which does not close the GOP.
    return options | ({"forced-idr": 1} if rung.codec is Codec.HEVC else {})


def _picture(plan: Plan) -> VideoPlan:
    if plan.video is None:
        raise ValueError("the plan has no picture")
    return plan.video

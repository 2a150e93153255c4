"""Probes of a title: a piece of the source encoded in a few sizes and CRFs, then compared with the source by VMAF.

Two processes a piece: the encode is a window's (so the pictures lie on the grid, and what is read is fetched first),
the other decodes the source again beside its encodes. All are scaled to one screen (libvmaf's model v0.6.1 knows 1080
lines seen from three heights away); a few pictures are scored, each with the one before it, from which VMAF learns how
much moves.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Final

import ffmpeg
import msgspec
from anyio import to_thread

from manifests.layout import RenditionId
from transcoder.boxes import read_moof
from transcoder.errors import OutputBroken
from transcoder.ffmpeg import ffmpeg_path, run
from transcoder.inputs import command
from transcoder.per_title.curves import Probe
from transcoder.per_title.sampling import CRFS
from transcoder.pictures import rung_pictures
from transcoder.plan import VideoRung
from transcoder.video import FirstPicture, decoded, encode_video, first_picture, margins
from transcoder.windows import Window

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from fractions import Fraction
    from typing import Any

    from transcoder.encoder_settings import EncoderSettings
    from transcoder.inputs import Reading
    from transcoder.per_title.sampling import Sampling
    from transcoder.plan import Plan, VideoPlan

MODEL: Final = "version=vmaf_v0.6.1"
_LOG: Final = "vmaf.json"
_NO_CAP: Final = 200_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Try:
    """One encode of a piece: a rung at a CRF, and the bytes that came of it."""

    rung: VideoRung
    crf: int
    init: bytes
    media: bytes


class _Score(msgspec.Struct):
    metrics: dict[str, float]


class _Log(msgspec.Struct):
    frames: list[_Score]


async def probe(
    plan: Plan, sampling: Sampling, segment: int, *, source: Path, settings: EncoderSettings,
    ready: Callable[[Reading], Awaitable[None]] | None = None, nice: int = 0,
) -> list[Probe]:  # fmt: skip
    """Rates and VMAF of the piece at the beginning of a segment. `ready` is awaited before the source is read.

    Raises ChildFailed, ChildTimedOut, OutputBroken; what `ready` raises.
    """
    small, window = _piece_plan(plan, sampling, segment)
    made: dict[tuple[RenditionId, int | None], bytes] = {}

    async def keep(rendition: RenditionId, number: int | None, body: bytes) -> None:
        made[rendition, number] = body

    await encode_video(small, window, source=source, sink=keep, settings=settings, nice=nice, ready=ready)
    tries = [
        _Try(rung=rung, crf=crf, init=made[name, None], media=made[name, window.first])
        for rung in sampling.probed
        for crf in CRFS
        if (name := _named(rung, crf))
    ]
    found = await _score(small, window, sampling, tries, source=source, settings=settings, nice=nice)
    return [
        Probe(piece=segment, rendition=each.rung.id, crf=each.crf, rate=_rate(_picture(plan), each), vmaf=score)
        for each, score in zip(tries, found, strict=True)
    ]


def _named(rung: VideoRung, crf: int) -> RenditionId:
    return RenditionId(f"{rung.id}-{crf}")


def _piece_plan(plan: Plan, sampling: Sampling, segment: int) -> tuple[Plan, Window]:
    """A plan whose segments are as long as a piece, with a rung for each encode, and the window that is the piece."""
    video = _picture(plan)
    times = video.segment // sampling.frames
    small = replace(
        video,
        gop=sampling.frames,
        segment=sampling.frames,
        starts=tuple(start for start in video.starts for _ in range(times)),
        rungs=tuple(
            replace(rung, id=_named(rung, crf), crf=crf, maxrate=_NO_CAP, bufsize=_NO_CAP)
            for rung in sampling.probed
            for crf in CRFS
        ),
    )
    return replace(plan, video=small), Window(track="video", first=segment * times, count=1)


def _rate(video: VideoPlan, made: _Try) -> float:
    """b/s of an encode that went on like this piece: a key picture a GOP, the others as they are."""
    sizes = [sample.size for sample in read_moof(made.media).samples]
    frames = video.gop // made.rung.divisor
    bits = 8 * (sizes[0] + (frames - 1) * (fmean(sizes[1:]) if len(sizes) > 1 else 0))
    return float(bits / frames * video.rate / made.rung.divisor)


async def _score(
    plan: Plan, window: Window, sampling: Sampling, tries: Sequence[_Try], *, source: Path, settings: EncoderSettings,
    nice: int,
) -> list[float]:  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="probe-") as name:
        folder = Path(name)
        await to_thread.run_sync(_write, folder, tries)
        for margin in margins(plan, window):
            argv = score_argv(
                plan, window, sampling, [each.rung for each in tries], folder=folder, source=source, margin=margin,
                settings=settings,
            )  # fmt: skip
            said = await run(argv, limits=settings.limits, cwd=folder, reads=(source,), nice=nice)
            first = FirstPicture(_picture(plan), window)
            if margin is None or not any(first.is_late(line) for line in said.splitlines()):
                return scores(await to_thread.run_sync((folder / _LOG).read_bytes), sampling, len(tries))
    raise OutputBroken("a piece of the source cannot be found again")


def score_argv(
    plan: Plan, window: Window, sampling: Sampling, rungs: Sequence[VideoRung], *, folder: Path, source: Path,
    margin: Fraction | None, settings: EncoderSettings,
) -> list[str]:  # fmt: skip
    """The command: encode i of `rungs[i]` is `folder`/i.mp4, all scores go to `_LOG` in the working directory.

    One libvmaf sees the encodes one after the other, and the source as often: each pair of pictures that is compared
    comes with the pair before it, and of these every second is scored (`n_subsample`). The very first has none before
    it, and comes twice.
    """
    video = _picture(plan)
    width, height = sampling.display
    stream, cut = decoded(plan, window, source=source, margin=margin, settings=settings)
    # Picked before they are scaled up; a source that is larger than the screen is scaled down at once.
    size = (video.width, video.height) if video.width * video.height < width * height else sampling.display
    shown = rung_pictures(stream, video, cut, [replace(rungs[0], width=size[0], height=size[1], divisor=1)])[0]
    copies = shown.split()
    originals, encodes = [], []
    for place, rung in enumerate(rungs):
        made = ffmpeg.input(f"file:{folder / f'{place}.mp4'}", f="mov", threads=1)["0"]
        originals.append(_on_screen(copies[place].filter("select", _picked(sampling, 1, first=not place)), sampling))
        encodes.append(_on_screen(made.filter("select", _picked(sampling, rung.divisor, first=not place)), sampling))
    pair = [ffmpeg.concat(*each).filter("settb", "1/25").filter("setpts", "N") for each in (encodes, originals)]
    scored = ffmpeg.filter(pair, "libvmaf", model=MODEL, n_threads=1, n_subsample=2, log_fmt="json", log_path=_LOG)
    return command(
        ffmpeg_path(), first_picture(stream), scored.output("pipe:2", f="null", **{"c:v": "wrapped_avframe"})
    )


def _on_screen(pictures: Any, sampling: Sampling) -> Any:
    """Pictures in the size in which they are compared, a second apart."""
    width, height = sampling.display
    scaled = pictures.filter("scale", width, height, flags="bicubic").filter("setsar", 1).filter("format", "yuv420p")
    return scaled.filter("settb", "1").filter("setpts", "N")


def _picked(sampling: Sampling, divisor: int, *, first: bool) -> str:
    """Expression for every scored picture and the one before it; with the piece's first picture before them all."""
    places = [0] if first else []
    for frame in sampling.scored:
        places += (frame // divisor - 1, frame // divisor)
    return "+".join(f"eq(n,{place})" for place in places)


def scores(log: bytes, sampling: Sampling, count: int) -> list[float]:
    """The mean VMAF of each of `count` encodes from libvmaf's log. Raises OutputBroken if it is not as expected."""
    found = [frame.metrics["vmaf"] for frame in msgspec.json.decode(log, type=_Log).frames][1:]
    each = len(sampling.scored)
    if len(found) != each * count:
        raise OutputBroken(f"{len(found)} pictures were scored, not {each * count}")
    return [fmean(found[place : place + each]) for place in range(0, len(found), each)]


def _write(folder: Path, tries: Sequence[_Try]) -> None:
    for place, each in enumerate(tries):
        (folder / f"{place}.mp4").write_bytes(each.init + each.media)


def _picture(plan: Plan) -> VideoPlan:
    if plan.video is None:
        raise ValueError("the plan has no picture")
    return plan.video

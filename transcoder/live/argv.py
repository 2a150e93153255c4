"""The encoder's command: one decode, every rung and the sound, each a pipe of fMP4 with one frame a fragment.

All of it lies on the grid of the event. The stream's clock is moved so that zero is the beginning of a segment, and
`fps` and `aresample` fill what is missing, so that pictures and samples come without a hole however the source is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import ffmpeg

from transcoder import accepted, ladder
from transcoder.encoding import encoder_options
from transcoder.ffmpeg import ffmpeg_path
from transcoder.live.grid import AAC_FRAME, SAMPLE_RATE, VIDEO_TIMESCALE
from transcoder.live.opening import ANALYSE_US
from transcoder.pictures import sdr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcoder.encoder_settings import EncoderSettings
    from transcoder.live.event import LiveEvent
    from transcoder.live.opening import Opening
    from transcoder.plan import VideoRung

_GLOBALS: Final = (
    *("-hide_banner", "-nostats", "-loglevel", "error", "-nostdin"),
    # A feed with holes is still a feed: what it lacks is filled.
    *("-max_error_rate", "1"),
)
_PROBE_BYTES: Final = 5_000_000
_ROUND_S: Final = 40_000
_SCALER: Final = "bicubic"
_GROUND: Final = "0x14181f"
# Pictures behind the first one are as coarse as can be, so they find nothing to add to it: else the slate would pulse
# with every part.
_STILL: Final = "ipratio=1:zones=1,1000000,q=51"
_DOTS: Final = "0x8a94a6"
"""Colours of the slate: three dots in the middle, which need no language."""
_STILL_SCALER: Final = "lanczos+accurate_rnd+full_chroma_int"
_BOUNDLESS: Final = 1 << 30
_SOUND: Final = ",".join(
    (
        # The resampler is there from the beginning (`res`): one that begins with the first drift of the clock clicks.
        f"aresample={SAMPLE_RATE}:async={SAMPLE_RATE // 48}:first_pts=0:flags=res",
        "aformat=sample_fmts=fltp:channel_layouts=stereo",
        f"asetnsamples=n={AAC_FRAME}:p=0",
    )
)
"""48 kHz stereo from the origin on: silence up to the first sample and in holes, no drift. A graph of its own, for one
that has the pictures, too, begins when the sound does."""
_MUXER: Final[dict[str, Any]] = {
    "f": "mp4",
    # frag_discont: decode times as the encoder has them, not counted from its first frame.
    "movflags": "+cmaf+frag_every_frame+empty_moov+default_base_moof+frag_discont",
    "use_editlist": 0,
    "write_btrt": 0,
    "avoid_negative_ts": "disabled",
    "flush_packets": 1,
    # The same init section from every run, which says nothing of the source.
    "map_metadata": -1,
    "map_chapters": -1,
    "fflags": "+bitexact",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a run lies on the grid: its clock is zero at the beginning of segment `segment`, and its stream begins
    `phase` ms later."""

    segment: int
    phase: int


def origin_of(event: LiveEvent, anchor: int) -> Origin:
    """Of a stream that began at `anchor`, ms since the epoch."""
    segment = event.grid.segment_at(anchor)
    return Origin(segment=segment, phase=anchor - segment * event.grid.segment_ms)


def live_argv(
    event: LiveEvent, opening: Opening, origin: Origin, *, demuxer: str, fds: Sequence[int],
    settings: EncoderSettings, dense: bool = False,
) -> list[str]:  # fmt: skip
    """The command: rung i goes to file descriptor `fds[i]`, the sound (if there is any) to the one behind them.

    `dense`: every part begins with a key picture.
    """
    source = ffmpeg.input(
        "pipe:0",
        f=demuxer,
        **accepted.opening(demuxer, protocols="pipe") | accepted.decoding(settings.max_pixels),
        # Each thread that decodes holds a picture back.
        threads=2,
        probesize=_PROBE_BYTES,
        analyzeduration=ANALYSE_US,
        itsoffset=f"{origin.phase / 1000:.3f}",
        # Time stamps are mended before (timing/keeper.py): a hole in them is one. Only where 33 bits go round is none.
        dts_delta_threshold=_ROUND_S,
        **_steady(opening),
    )
    outputs = _rungs(source[str(opening.picture)], event, opening, fds, settings, dense=dense)
    if opening.channels:
        coding = {"filter:a": _SOUND, "c:a": "aac", "b:a": event.sound.bitrate, "flags:a": "+bitexact"}
        outputs.append(source[str(opening.sound)].output(f"pipe:{fds[-1]}", **coding, **_MUXER))
    return _command(outputs)


def _steady(opening: Opening) -> dict[str, Any]:
    """Options that keep one graph to the end: a new one would count from zero.

    The scaler takes pictures of another size as they come. The deinterlacer does not, nor any filter another kind of
    sound: then this encoder ends, and the next one reads the stream anew.
    """
    kinds = {"reinit_filter:a": 0} if opening.interlaced else {"reinit_filter": 0}
    return {"noautorotate": None, **kinds}


def slate_argv(
    event: LiveEvent, opening: Opening, *, picture: str, quantizers: Sequence[int], fds: Sequence[int],
    settings: EncoderSettings,
) -> list[str]:  # fmt: skip
    """The command for two parts of a still picture of the size in `opening`, on the way that a feed's pictures go.

    `picture`: a PNG file in its folder; "": the built-in one. `quantizers`: H.264's QP of the key picture of each rung.
    """
    stream, opening = _picture(picture, event, opening) if picture else (_dots(event, opening), opening)
    rungs = tuple(
        # A part has the bits that it has: what is too large is encoded again, not held back by a buffer.
        replace(rung, crf=quantizer, maxrate=_BOUNDLESS, bufsize=_BOUNDLESS)
        for rung, quantizer in zip(event.rungs, quantizers, strict=True)
    )
    outputs = _rungs(stream, replace(event, rungs=rungs), opening, fds, settings, dense=True, still=True)
    return _command(outputs)


def _dots(event: LiveEvent, opening: Opening) -> Any:
    width, height = opening.width, opening.height
    length = float(2 * event.grid.part_s)
    still = ffmpeg.input(f"color=c={_GROUND}:s={width}x{height}:r={event.grid.rate}:d={length:.6f}", f="lavfi")
    stream, side = still["v:0"], max(2, min(width, height) // 24)
    for place in (-1, 0, 1):
        left = width // 2 + 2 * side * place - side // 2
        stream = stream.filter("drawbox", left, height // 2 - side // 2, side, side, color=_DOTS, t="fill")
    return stream


def _picture(name: str, event: LiveEvent, opening: Opening) -> tuple[Any, Opening]:
    """Decoded and scaled once, however many pictures of it are encoded; and what it is then."""
    width, height = fitted(opening, event.rungs[-1])
    source = ffmpeg.input(
        f"file:{name}", f="png_pipe", **accepted.opening("png_pipe", protocols="file"), threads=1,
        framerate=event.grid.rate,
    )  # fmt: skip
    stream = source["v:0"].filter("scale", width, height, flags=_STILL_SCALER, out_color_matrix="bt709", out_range="tv")
    stream = stream.filter("format", "yuv420p").filter("setsar", 1)
    stream = stream.filter("loop", loop=2 * event.grid.part - 1, size=1)
    return stream, replace(opening, width=width, height=height)


def _command(outputs: list[Any]) -> list[str]:
    return [ffmpeg_path(), *_GLOBALS, *ffmpeg.compile(ffmpeg.merge_outputs(*outputs), cmd=ffmpeg_path())[1:]]


def _rungs(
    stream: Any, event: LiveEvent, opening: Opening, fds: Sequence[int], settings: EncoderSettings, *, dense: bool,
    still: bool = False,
) -> list[Any]:  # fmt: skip
    gop = event.grid.part if dense else event.grid.gop
    return [
        pictures.output(f"pipe:{fd}", **_encoding(rung, gop // rung.divisor, settings, still=still), **_MUXER)
        for rung, pictures, fd in zip(event.rungs, _pictures(stream, event, opening), fds, strict=False)
    ]


def _pictures(stream: Any, event: LiveEvent, opening: Opening) -> list[Any]:
    """One stream a rung, in their order: a cascade, the largest first."""
    largest = event.rungs[-1]
    if opening.interlaced:
        stream = stream.filter("bwdif", mode="send_field", parity="auto", deint="all")
    # From the origin on, which the first picture stands in for: so key pictures, counted from it, are on the grid.
    stream = stream.filter("fps", event.grid.rate, start_time=0, round="near")
    width, height = fitted(opening, largest)
    stream = sdr(stream, opening.look, width, height)
    if (width, height) != (largest.width, largest.height):
        stream = stream.filter("pad", largest.width, largest.height, "(ow-iw)/2", "(oh-ih)/2")
    made = []
    for place, rung in enumerate(reversed(event.rungs)):
        if place:
            stream = stream.filter("scale", rung.width, rung.height, flags=_SCALER)
        if place + 1 < len(event.rungs):
            both = stream.split()
            own, stream = both[0], both[1]
        else:
            own = stream
        made.append(own.filter("fps", event.grid.rate // rung.divisor, round="near") if rung.divisor > 1 else own)
    return made[::-1]


def fitted(opening: Opening, rung: VideoRung) -> tuple[int, int]:
    """The size that a publisher's picture has inside the largest rung: that of the rung, or with bars beside it."""
    width, height = ladder.upright(opening.width, opening.height, sar=opening.sar, rotation=opening.look.rotation)
    scale = min(Fraction(rung.width, width), Fraction(rung.height, height))
    across, down = (max(2, 2 * round(side * scale / 2)) for side in (width, height))
    # A pixel or two of bars are a rounding of the ladder's.
    return (
        rung.width if abs(across - rung.width) <= 2 else across,
        rung.height if abs(down - rung.height) <= 2 else down,
    )


def _encoding(rung: VideoRung, gop: int, settings: EncoderSettings, *, still: bool) -> dict[str, Any]:
    options = encoder_options(rung, gop, settings)
    return {
        **options,
        **({"x264-params": f"{options['x264-params']}:{_STILL}"} if still else {}),
        "fps_mode": "passthrough",
        "enc_time_base": "filter",
        "video_track_timescale": VIDEO_TIMESCALE,
        "flags:v": "+bitexact",
    }

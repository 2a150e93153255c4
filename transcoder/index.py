"""The index of a source: every stream's exact timeline, found without trusting the file.

The file is demuxed once by a child in the sandbox (index_child.py); what the child says is checked against limits and
becomes a typed `SourceIndex`, or a `SourceRefused` that tells an editor what to do.
"""

from __future__ import annotations

import math
import signal
import sys
import tempfile
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from transcoder.colour import TRANSFERS, source_colour
from transcoder.errors import ChildFailed
from transcoder.ffmpeg import run
from transcoder.fields import whole_pictures
from transcoder.plan import AudioEntry, Colour, Span
from transcoder.probe.packing import unpack
from transcoder.probe.reordering import MOST
from transcoder.reads import ByteGroups
from transcoder.source_limits import SourceLimits, refusal

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

_CHILD: Final = Path(__file__).with_name("index_child.py")
_RAW_TICKS: Final = 1_200_000  # ffmpeg's time base of streams without time stamps (AV_TIME_BASE · 1.2)
_NAMES: Final = {
    "ac-4": "AC-4", "ac4": "AC-4", "mha1": "MPEG-H Audio", "mhm1": "MPEG-H Audio", "vvc": "VVC", "vvc1": "VVC",
    "hevc": "HEVC", "h264": "H.264", "aac": "AAC", "av1": "AV1", "libdav1d": "AV1", "vp8": "VP8", "vp9": "VP9",
}  # fmt: skip
_FEW: Final = 4  # one picture in so many may come late or twice: a piece of an upload that is stored twice, damage
_MAX_PADDING: Final = Fraction(1, 5)
_CRASHES: Final = frozenset(
    (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT, signal.SIGXCPU)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoStream:
    """A picture track. `stamps`: presentation time of every picture, rising, in `time_base`, after edit lists; `end` is
    where the last one ends. `width`×`height` is the decoded picture; `sar` its sample aspect ratio.

    The decoded picture is flipped left to right if `mirrored`, then turned by `rotation` degrees clockwise. `rate` is
    what the container says (frames a second), or None. `hdr` is "pq", "hlg" or None. `reordering`: how many pictures
    may be decoded before one and shown after it.
    """

    index: int
    codec: str
    time_base: Fraction
    stamps: Sequence[int]
    end: int
    width: int
    height: int
    sar: Fraction
    rate: Fraction | None
    rotation: int
    mirrored: bool
    interlaced: bool
    hdr: str | None
    colour: Colour
    pixel_format: str
    bit_depth: int
    full_range: bool
    default: bool
    reordering: int = MOST
    groups: ByteGroups | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioStream:
    """A sound track: presented from `start` to `end` (in `time_base`; priming and padding are outside).

    `decoded_rate`: samples a second that the decoder gives (twice `sample_rate` where a band is replicated).
    `entries`: packets that decoding may begin with, each as its stamp (in `time_base`), the place of its first sample
    (at `decoded_rate`, from zero of the source's clock) and its position in the file, or -1 where it is sought by time.
    `layout` names the channels ("mono", "5.1(side)"; "FL" for one that is the left side), `dispositions` what the
    container says of the track ("dub", "comment", "visual_impaired").
    """

    index: int
    codec: str
    time_base: Fraction
    start: int
    end: int
    sample_rate: int
    channels: int
    language: str
    title: str
    default: bool
    layout: str = ""
    dispositions: frozenset[str] = frozenset()
    decoded_rate: int = 0
    entries: tuple[AudioEntry, ...] = ()
    groups: ByteGroups | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceIndex:
    """The usable streams of a source in file order, at least one.

    `head`: the bytes that a demuxer reads to open the file, where those of every stream are known too (its `groups`).
    """

    demuxer: str
    video: tuple[VideoStream, ...]
    audio: tuple[AudioStream, ...]
    head: tuple[Span, ...] | None = None


class _Stream(msgspec.Struct, frozen=True, kw_only=True):
    """One stream as the child tells it."""

    index: int
    kind: str
    codec: str
    time_base: str
    packets: int
    missing: int
    behind: int = 0
    encrypted: bool
    decoded: int
    decode_error: str
    end: int | None
    last_duration: int
    largest_gap: int
    decoded_stamps: tuple[int, ...]
    default: bool
    language: str | None = None
    title: str = ""
    duration: int | None = None
    first_stamp: int = 0
    stamps: str = ""
    width: int = 0
    height: int = 0
    sar: str | None = None
    rate: str | None = None
    matrix: tuple[int, ...] | None = None
    pixel_format: str | None = None
    bit_depth: int = 8
    interlaced: bool = False
    transfer: int = 2
    primaries: int = 2
    coefficients: int = 2
    full_range: bool = False
    reordering: int = MOST
    sample_rate: int = 0
    channels: int = 0
    layout: str = ""
    dispositions: frozenset[str] = frozenset()
    decoded_rate: int = 0
    entries: tuple[AudioEntry, ...] = ()
    reads: dict[str, str] | None = None
    group: int = 0

    @property
    def usable(self) -> bool:
        return (
            self.decoded > 0
            and not self.encrypted
            and self.packets > 0
            and (self.kind == "video" or self.end is not None)
        )


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    refused: str | None = None
    detail: str = ""
    streams: tuple[_Stream, ...] = ()
    unsupported: tuple[str, ...] = ()
    error: str = ""
    encrypted: bool = False
    entries: tuple[str, ...] = ()
    head: tuple[Span, ...] | None = None


class Served(Protocol):
    """A source that a child reads at random through a socket (`OpenSource`)."""

    def serve(self) -> AbstractAsyncContextManager[int]: ...


async def index_source(
    source: Path | Served, *, demuxer: str, limits: SourceLimits | None = None, length: int | None = None
) -> SourceIndex:
    """Index a source with one demuxer (what `sniff` said): a local file, or one that lies elsewhere, of which no more
    is fetched than is read.

    `length`: how long a source is going to be that still arrives. Only tables are believed of such a one, and it is
    refused as long as not all of its first pictures are there.

    Raises SourceRefused for what is wrong with the file; ChildFailed, ChildTimedOut for what is wrong with the machine.
    """
    limits = limits or SourceLimits()
    asked = {"max_pixels": limits.max_pixels, "max_streams": limits.max_streams, "max_packets": limits.max_packets}
    if length is not None:
        asked["length"] = length
    argv = [sys.executable, "-I", str(_CHILD)]
    words = [demuxer, msgspec.json.encode(asked).decode()]
    try:
        with tempfile.TemporaryDirectory(prefix="index-") as name:
            cwd = Path(name)
            if isinstance(source, Path):
                argv = [*argv, str(source), *words]
                body = await run(argv, limits=limits.child, cwd=cwd, reads=(source,))
            else:
                async with source.serve() as fd:  # noqa: ASYNC240 - no path, but what serves the source
                    body = await run([*argv, f"fd:{fd}", *words], limits=limits.child, cwd=cwd, pass_fds=(fd,))
    except ChildFailed as exc:
        if not is_crash(exc.exit_code):
            raise
        raise refusal("too_complex", limits, cause=f"{exc}\n{exc.stderr}") from exc
    return read_answer(msgspec.json.decode(body, type=Answer), demuxer=demuxer, limits=limits)


def is_crash(exit_code: int | None) -> bool:
    """Whether a child's end is the file's doing: a demuxer that crashed does so again.

    An exit code of the child's own is ours to explain (a file that is gone), and SIGKILL may come from anybody.
    """
    return exit_code is not None and -exit_code in _CRASHES


def read_answer(answer: Answer, *, demuxer: str, limits: SourceLimits) -> SourceIndex:
    """The index that a child's answer gives. Raises SourceRefused."""
    if answer.refused is not None:
        raise refusal(answer.refused, limits, cause=answer.detail, codec=answer.detail)
    index = SourceIndex(
        demuxer=demuxer,
        video=tuple(_video(stream, limits) for stream in answer.streams if stream.usable and stream.kind == "video"),
        audio=tuple(_audio(stream, limits) for stream in answer.streams if stream.usable and stream.kind == "audio"),
        head=answer.head,
    )
    if (code := _missing(index, answer)) is not None:
        said = (answer.error, *answer.unsupported, *(stream.decode_error for stream in answer.streams))
        raise refusal(code, limits, "; ".join(filter(None, said)), codec=_lost_codec(answer))
    return index


def _missing(index: SourceIndex, answer: Answer) -> str | None:
    """Why an index is not what the file promises: a picture or a sound that is there and that nobody would get."""
    for kind, found in (("video", index.video), ("audio", index.audio)):
        lost = [stream for stream in answer.streams if stream.kind == kind and stream.packets]
        if found:
            continue
        if any(stream.encrypted for stream in lost):
            return "encrypted"
        if any(text.startswith(kind) for text in answer.unsupported):
            return "encrypted" if answer.encrypted else "unsupported_codec"
        if lost and (kind == "video" or not index.video):
            return "unsupported_codec"
    if index.video or index.audio:
        return None  # a damaged sound track is left out: the picture is what people come for
    # Streams without one packet: the media that the header speaks of is not there.
    return "truncated" if answer.streams or answer.error else "no_streams"


def _lost_codec(answer: Answer) -> str:
    """What a stream that nobody can decode is coded as, as people call it; "" if nothing says it."""
    for text in answer.unsupported:
        _, number, *known = text.split()
        name = known[0] if known else "".join(answer.entries[int(number) : int(number) + 1])
        if name:
            return _NAMES.get(name, name)
    names = (stream.codec for stream in answer.streams if stream.packets and not stream.usable)
    return next((_NAMES.get(name, name) for name in names), "")


def _video(stream: _Stream, limits: SourceLimits) -> VideoStream:
    time_base, stamps, end = _timeline(stream, limits)
    rotation, mirrored = orientation(stream.matrix)
    return VideoStream(
        index=stream.index,
        codec=stream.codec,
        time_base=time_base,
        stamps=stamps,
        end=end,
        width=stream.width,
        height=stream.height,
        sar=_positive(stream.sar) or Fraction(1),
        rate=_positive(stream.rate),
        rotation=rotation,
        mirrored=mirrored,
        interlaced=stream.interlaced,
        hdr=TRANSFERS.get(stream.transfer),
        colour=source_colour(
            coefficients=stream.coefficients,
            primaries=stream.primaries,
            hdr=stream.transfer in TRANSFERS,
            full_range=stream.full_range,
            pixels=stream.width * stream.height,
        ),
        pixel_format=stream.pixel_format or "",
        bit_depth=stream.bit_depth,
        full_range=stream.full_range,
        default=stream.default,
        reordering=stream.reordering,
        groups=_groups(stream),
    )


def _timeline(stream: _Stream, limits: SourceLimits) -> tuple[Fraction, Sequence[int], int]:
    """Time base, stamps (rising), end. Raises SourceRefused for a timeline that no plan could follow."""
    time_base = Fraction(stream.time_base)
    found = unpack(stream.stamps)
    if len(found) < stream.missing:
        # A stream without time stamps: ffmpeg counts its pictures at the rate that the stream claims.
        time_base = Fraction(1, _RAW_TICKS)
        step = round(_RAW_TICKS / (_positive(stream.rate) or 25))
        found = array("q", range(0, step * stream.missing, step))
    else:
        step = stream.last_duration
    if len(found) > limits.max_frames:
        raise refusal("too_many_frames", limits, str(len(found)))
    if stream.largest_gap * time_base > limits.max_gap:
        raise refusal("broken_timeline", limits, f"a gap of {float(stream.largest_gap * time_base):.0f} s")
    if stream.behind * _FEW > stream.packets:
        # Two recordings joined byte by byte: by their stamps they would be one upon the other.
        raise refusal("broken_timeline", limits, f"the clock goes back: {stream.behind} pictures are behind others")
    # A stamp that comes twice (an upload part stored twice, a damaged file) is one picture.
    stamps = array("q", map(itemgetter(0), groupby(found)))
    if stream.interlaced:
        stamps = whole_pictures(stamps, stream.decoded_stamps)
    stamps = _from_first_decoded(stamps, stream.decoded_stamps)
    end = stamps[-1] + max(step, 1)
    if (end - stamps[0]) * time_base > limits.max_duration:
        raise refusal("too_long", limits, f"{float((end - stamps[0]) * time_base):.0f} s")
    return time_base, stamps, end


def _from_first_decoded(stamps: array[int], decoded: Sequence[int]) -> array[int]:
    """Without what comes before the first picture that can be decoded (a recording that begins between key frames)."""
    if not decoded or min(decoded) <= stamps[0] or min(decoded) > stamps[-1]:
        return stamps
    return array("q", (stamp for stamp in stamps if stamp >= min(decoded)))


def orientation(matrix: Sequence[int] | None) -> tuple[int, bool]:
    """Degrees clockwise and mirroring of a display matrix (ISO/IEC 14496-12 §6.2.2), to the nearest right angle."""
    if matrix is None:
        return 0, False
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    mirrored = a * d - b * c < 0
    if mirrored:  # the matrix of "flip, then turn" has the first column negated
        a, b = -a, -b
    if a == b == 0:
        return 0, mirrored
    return round(math.degrees(math.atan2(b, a)) / 90) % 4 * 90, mirrored


def _audio(stream: _Stream, limits: SourceLimits) -> AudioStream:
    time_base = Fraction(stream.time_base)
    if stream.largest_gap * time_base > limits.max_gap:
        raise refusal("broken_timeline", limits, f"a gap of {float(stream.largest_gap * time_base):.0f} s in the sound")
    start = stream.decoded_stamps[0] if stream.decoded_stamps else stream.first_stamp
    end = stream.end if stream.end is not None else start
    # The edit list's end cuts the padding of the last packets; a duration far off is a header that lies.
    if stream.duration is not None and start < stream.duration < end <= stream.duration + _MAX_PADDING / time_base:
        end = stream.duration
    return AudioStream(
        index=stream.index,
        codec=stream.codec,
        time_base=time_base,
        start=start,
        end=max(end, start + 1),
        sample_rate=stream.sample_rate,
        channels=stream.channels,
        language=stream.language or "und",
        title=stream.title,
        default=stream.default,
        layout=stream.layout,
        dispositions=stream.dispositions,
        decoded_rate=stream.decoded_rate,
        entries=stream.entries,
        groups=_groups(stream),
    )


def _groups(stream: _Stream) -> ByteGroups | None:
    if stream.reads is None:
        return None
    return ByteGroups(**{name: unpack(text) for name, text in stream.reads.items()}, length=stream.group)


def _positive(ratio: Any) -> Fraction | None:
    value = Fraction(ratio) if ratio else None
    return value if value and value > 0 else None

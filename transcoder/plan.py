"""The plan of one version of an asset: all that manifests and encoders need, in integers.

A plan is made once from the source's index and never changes: it names the frames of every segment before one of
them is encoded. Time is counted in grid frames (video) and in samples of the output rate (audio); never in seconds.
Zero is the earliest presentation time of the chosen streams, after edit lists, moved onto the grid of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

import msgspec

from manifests.layout import AssetId, ChannelId, RenditionId
from transcoder.profile import Codec, Encryption

AAC_FRAME = 1024
"""Samples in one AAC access unit: the grid that audio is cut on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRef:
    """The uploaded original: key in the bucket, size in bytes, the demuxer that the sniffed type calls for (`-f`)."""

    key: str
    size: int
    demuxer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRung:
    """One encoded rendition of the picture.

    `divisor` 2 halves the frame rate (it keeps every second grid frame). `average` (b/s) is what its step of the ladder
    is worth; `crf`, `maxrate`, `bufsize` (b/s, bits) are the capped-CRF settings; `bandwidth` the declared peak (b/s)
    until it is measured. `codecs` is the RFC 6381 string. `effort`: the encoder takes more time for its pictures than
    its preset says (`encoder_settings.EFFORT`). `live`: x264's preset of pictures that are encoded while they happen,
    without B pictures and none ahead; what is made beside them later has the same headers.
    """

    id: RenditionId
    width: int
    height: int
    divisor: int
    crf: int
    average: int
    maxrate: int
    bufsize: int
    profile: str
    level: str
    codecs: str
    bandwidth: int
    effort: bool = False
    codec: Codec = Codec.H264
    live: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """How a source's code values are to be read. `matrix`: as zscale names it, or "rgb"; `full_range`: black is 0 and
    white the largest code; `wide`: the primaries are those of BT.2020."""

    matrix: str = "709"
    full_range: bool = False
    wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoPlan:
    """The picture's timeline: `frames` grid frames at `rate`, cut into segments of `segment` frames.

    Segment k is frames [k·segment - head, min((k+1)·segment - head, frames)), without those below zero. `gop` frames
    between IDR pictures (both are even, and segment is a multiple of it). `skip`: grid frames of the source that lie
    before frame 0; a clip has some, and cuts where a plan of the whole source would. `time_base` and `starts` tie the
    grid to the source: `starts[k]` is the source timestamp (in `time_base`) of the picture that is shown at the first
    frame of segment k, or of one before it. `origin` is the source timestamp of the source's grid frame 0. `constant`:
    each source picture has a grid frame of its own, without a hole. The decoded picture is upright once it is flipped
    left to right (if `mirrored`) and then turned `rotation` degrees clockwise (0, 90, 180, 270); `width`×`height` is
    the upright picture with square pixels. Past the source's last picture that picture stays.
    """

    stream: int
    rate: Fraction
    frames: int
    gop: int
    segment: int
    time_base: Fraction
    origin: int
    starts: tuple[int, ...]
    constant: bool
    interlaced: bool
    hdr: str | None
    rotation: int
    mirrored: bool
    width: int
    height: int
    rungs: tuple[VideoRung, ...]
    colour: Colour = Colour()
    skip: int = 0

    @property
    def head(self) -> int:
        """Frames that segment 0 lacks at its beginning."""
        return self.skip % self.segment

    @property
    def segments(self) -> int:
        return -(-(self.frames + self.head) // self.segment)

    @property
    def codecs(self) -> tuple[Codec, ...]:
        """What the rungs are encoded with, H.264 first."""
        found = {rung.codec for rung in self.rungs}
        return tuple(codec for codec in Codec if codec in found)

    def only(self, codec: Codec) -> VideoPlan:
        """The same with the rungs of one codec."""
        return replace(self, rungs=tuple(rung for rung in self.rungs if rung.codec is codec))

    def frames_of(self, number: int) -> range:
        """Grid frames of segment `number`. Raises IndexError past the end."""
        if not 0 <= number < self.segments:
            raise IndexError(number)
        first = number * self.segment - self.head
        return range(max(0, first), min(first + self.segment, self.frames))

    def source_frames_of(self, number: int) -> range:
        """The same, counted on the source's grid."""
        frames = self.frames_of(number)
        return range(frames.start + self.skip, frames.stop + self.skip)


class AudioEntry(NamedTuple):
    """A packet of a source that decoding may begin with: its `stamp` (time base of its track), the `sample` that it
    begins with (at the source's rate, from zero of its clock), and its `position` in the file; -1: sought by time.
    """

    stamp: int
    sample: int
    position: int = -1


class SoundKind(StrEnum):
    """What a sound track is beside the others; the values are those of DASH's roles (ISO/IEC 23009-1 §5.8.5.5)."""

    MAIN = "main"
    DUB = "dub"
    COMMENTARY = "commentary"
    DESCRIPTION = "description"


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioPlan:
    """One audio rendition: `samples` at `sample_rate` from zero; segment k is AAC frames [cuts[k], cuts[k+1]).

    `stream` of the source is its sound; where it has a `right` side of its own, `stream` is the left. Two `channels`
    are stereo, six 5.1. `automatic`: a player may choose it by its language alone. `gain`: dB by which it is raised,
    then limited; None in a plan: settled when the first of it is made (`loudness/`), in an encode: left as it is.

    `origin` is the source timestamp (in `time_base`) `skip` samples before sample zero of the output; silence fills
    what the source lacks. The source's own samples, `source_rate` a second, begin at its timestamp `start`; where a
    timestamp does not tell them exactly, `entries` are the packets that decoding may begin with.
    """

    id: RenditionId
    stream: int
    time_base: Fraction
    origin: int
    sample_rate: int
    channels: int
    samples: int
    cuts: tuple[int, ...]
    bitrate: int
    codecs: str
    language: str
    name: str
    default: bool
    automatic: bool = False
    kind: SoundKind = SoundKind.MAIN
    right: int | None = None
    gain: float | None = None
    source_rate: int = 0
    start: int = 0
    entries: tuple[AudioEntry, ...] = ()
    skip: int = 0

    @property
    def segments(self) -> int:
        return len(self.cuts) - 1

    @property
    def streams(self) -> tuple[int, ...]:
        """The streams of the source that it is made from."""
        return (self.stream,) if self.right is None else (self.stream, self.right)

    @property
    def is_surround(self) -> bool:
        return self.channels > 2


Span: TypeAlias = tuple[int, int]
"""Bytes [start, end) of a source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReads:
    """Which bytes of the source a window's encode reads: `head` to open the file, then those of each of its segments.

    `video` by segment, from the key picture before it to the packets behind it that a decoder wants; `audio` by
    rendition and segment, with the pre-roll.
    """

    head: tuple[Span, ...]
    video: tuple[Span, ...]
    audio: dict[RenditionId, tuple[Span, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """The version of an asset that a clip was cut from, whose segments it takes over as long as they are there.

    `begin`: what it shows first, in seconds of that version's presentation.
    """

    asset: AssetId
    version: int
    begin: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The live event whose segments are the source of a plan, and are taken over: the source's grid begins with segment
    `first` of the epoch. `inits`: the init sections of those segments, by the event's renditions, of which `sound` is
    one.
    """

    channel: ChannelId
    event: int
    first: int
    sound: RenditionId
    inits: dict[RenditionId, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """How the segments of a plan are encrypted. `period`: how many in a row share a key; 0: all of them.

    The keys themselves are a fact of their own (`encryption/key_store.py`).
    """

    scheme: Encryption
    period: int = 0

    def place_of(self, number: int) -> int:
        """Which key a segment has, counted from 0."""
        return number // self.period if self.period else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`reads` is None where only a demuxer can tell what it is going to read. `parent`: of a clip. `protection`: None
    for a plan whose segments are not encrypted.

    `recorded`: of what was live. `grown`: parts of it were published while the source arrived, by plans that this one
    goes on from (growing/).
    """

    asset: AssetId
    version: int
    source: SourceRef
    video: VideoPlan | None
    audio: tuple[AudioPlan, ...]
    reads: SourceReads | None = None
    grown: bool = False
    parent: Parent | None = None
    recorded: Recorded | None = None
    protection: Protection | None = None

    def renditions(self) -> dict[RenditionId, int]:
        """Every rendition with its number of segments."""
        found: dict[RenditionId, int] = {}
        if self.video is not None:
            found |= {rung.id: self.video.segments for rung in self.video.rungs}
        return found | {track.id: track.segments for track in self.audio}

    @property
    def is_cut(self) -> bool:
        """Whether its source goes on where it ends."""
        return self.parent is not None or self.recorded is not None

    @property
    def encryption(self) -> Encryption:
        return Encryption.NONE if self.protection is None else self.protection.scheme

    @property
    def first_heard(self) -> AudioPlan | None:
        """The sound that players begin with."""
        stereo = [track for track in self.audio if not track.is_surround]
        return next((track for track in stereo if track.default), stereo[0] if stereo else None)

    @property
    def duration(self) -> Fraction:
        """Seconds, exact: the longest track."""
        ends = [Fraction(track.samples, track.sample_rate) for track in self.audio]
        if self.video is not None:
            ends.append(self.video.frames / self.video.rate)
        return max(ends)


def _encode_hook(value: Any) -> Any:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    raise TypeError(f"a plan holds no {type(value).__name__}")


def _decode_hook(kind: type, value: Any) -> Any:
    if kind is Fraction:
        return Fraction(value)
    raise TypeError(f"a plan holds no {kind.__name__}")


def dump(plan: Plan) -> bytes:
    """The plan as JSON; fractions as "numerator/denominator"."""
    return msgspec.json.encode(plan, enc_hook=_encode_hook)


def load(body: bytes) -> Plan:
    """Raises msgspec.DecodeError on anything else than what `dump` wrote."""
    return msgspec.json.decode(body, type=Plan, dec_hook=_decode_hook)

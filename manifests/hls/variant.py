"""EXT-X-STREAM-INF and EXT-X-I-FRAME-STREAM-INF (RFC 8216bis §4.4.6.2, §4.4.6.3): one way to play the whole."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal, TypedDict, cast, get_args

from manifests.errors import PlaylistError
from manifests.hls import attributes, decimals, lines
from manifests.hls.attributes import Resolution, quoted

if TYPE_CHECKING:
    from manifests.hls.attributes import Attributes
    from manifests.hls.lines import Tag, Uri

TAG: Final = "EXT-X-STREAM-INF"
IFRAME_TAG: Final = "EXT-X-I-FRAME-STREAM-INF"
VideoRange = Literal["SDR", "HLG", "PQ"]
_COMMON: Final = frozenset({"BANDWIDTH", "AVERAGE-BANDWIDTH", "SCORE", "CODECS", "RESOLUTION", "VIDEO-RANGE"})


class ClosedCaptions(Enum):
    """What CLOSED-CAPTIONS says instead of a group."""

    NONE = "NONE"
    """no variant has any in its picture: players need not look for them"""


@dataclass(frozen=True, slots=True, kw_only=True)
class IFrameVariant:
    """The key pictures of a variant alone, for trick play."""

    uri: str
    """URI (required) of the I-frame playlist"""
    bandwidth: int
    """BANDWIDTH (required), b/s: the peak"""
    codecs: tuple[str, ...]
    """CODECS (required by Apple's rule 9.1)"""
    average_bandwidth: int | None = None
    """AVERAGE-BANDWIDTH, b/s"""
    score: Fraction | None = None
    """SCORE: the higher, the better; of all variants or none (Apple's rule 9.19)"""
    resolution: Resolution | None = None
    """RESOLUTION"""
    video_range: VideoRange | None = None
    """VIDEO-RANGE; absent means SDR"""

    def render(self) -> str:
        return attributes.render(IFRAME_TAG, (*_common(self), ("URI", quoted(lines.uri(self.uri)))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A video playlist with its groups of alternatives, or an audio playlist where there is no picture."""

    uri: str
    """the line behind the tag (required): URI of the media playlist"""
    bandwidth: int
    """BANDWIDTH (required), b/s: the largest sum of peaks of any playable combination"""
    codecs: tuple[str, ...]
    """CODECS (required by Apple's rule 9.1), of the picture and of every rendition of its groups"""
    average_bandwidth: int | None = None
    """AVERAGE-BANDWIDTH, b/s"""
    score: Fraction | None = None
    """SCORE: the higher, the better; of all variants or none (Apple's rule 9.19)"""
    resolution: Resolution | None = None
    """RESOLUTION, for video"""
    frame_rate: Fraction | None = None
    """FRAME-RATE, frames per second, of three decimal places"""
    video_range: VideoRange | None = None
    """VIDEO-RANGE; absent means SDR"""
    audio: str | None = None
    """AUDIO: GROUP-ID of the audio renditions"""
    subtitles: str | None = None
    """SUBTITLES: GROUP-ID of the subtitle renditions"""
    closed_captions: str | ClosedCaptions | None = None
    """CLOSED-CAPTIONS: GROUP-ID of the captions in the picture; NONE on all variants or on none"""

    def render(self) -> str:
        """Two lines."""
        try:
            rate = None if self.frame_rate is None else decimals.render(self.frame_rate, places=3, pad=True)
        except ValueError as exc:
            raise PlaylistError(f"FRAME-RATE: {exc}") from exc
        tag = attributes.render(TAG, (
            *_common(self),
            ("FRAME-RATE", rate),
            ("AUDIO", None if self.audio is None else quoted(self.audio)),
            ("SUBTITLES", None if self.subtitles is None else quoted(self.subtitles)),
            ("CLOSED-CAPTIONS", _render_captions(self.closed_captions)),
        ))  # fmt: skip
        return f"{tag}\n{lines.uri(self.uri)}"


def _render_captions(captions: str | ClosedCaptions | None) -> str | None:
    if isinstance(captions, ClosedCaptions):
        return captions.value
    return None if captions is None else quoted(captions)


def _parse_captions(found: Attributes) -> str | ClosedCaptions | None:
    if "CLOSED-CAPTIONS" not in found.symbols:
        return found.quoted("CLOSED-CAPTIONS")
    if found.symbols["CLOSED-CAPTIONS"] != ClosedCaptions.NONE.value:
        raise PlaylistError(f"{found.tag}: CLOSED-CAPTIONS must be a quoted group or NONE", line=found.line)
    return ClosedCaptions.NONE


def _common(variant: Variant | IFrameVariant) -> tuple[tuple[str, str | None], ...]:
    if not variant.codecs or not all(codec and "," not in codec for codec in variant.codecs):
        raise PlaylistError(f"CODECS must name every codec: {variant.codecs!r}")
    size, average = variant.resolution, variant.average_bandwidth
    if average is not None and average > variant.bandwidth:
        raise PlaylistError("AVERAGE-BANDWIDTH above BANDWIDTH")
    try:
        score = None if variant.score is None else decimals.render(variant.score)
    except ValueError as exc:
        raise PlaylistError(f"SCORE: {exc}") from exc
    return (
        ("BANDWIDTH", str(variant.bandwidth)),
        ("AVERAGE-BANDWIDTH", None if average is None else str(average)),
        ("SCORE", score),
        ("CODECS", quoted(",".join(variant.codecs))),
        ("RESOLUTION", None if size is None else f"{size.width}x{size.height}"),
        ("VIDEO-RANGE", variant.video_range),
    )


class _Common(TypedDict):
    bandwidth: int
    average_bandwidth: int | None
    score: Fraction | None
    codecs: tuple[str, ...]
    resolution: Resolution | None
    video_range: VideoRange | None


def _parse_common(found: Attributes) -> _Common:
    video_range = found.symbol("VIDEO-RANGE")
    if video_range not in {None, *get_args(VideoRange)}:
        raise PlaylistError(f"{found.tag}: VIDEO-RANGE={video_range} is not known", line=found.line)
    return {
        "bandwidth": found.need("BANDWIDTH", found.integer("BANDWIDTH")),
        "average_bandwidth": found.integer("AVERAGE-BANDWIDTH"),
        "score": found.decimal("SCORE"),
        "codecs": found.need("CODECS", found.quoted_list("CODECS") or None),
        "resolution": found.resolution("RESOLUTION"),
        "video_range": cast("VideoRange | None", video_range),
    }


def parse(tag: Tag, uri: Uri) -> Variant:
    found = attributes.parse(tag, _COMMON | {"FRAME-RATE", "AUDIO", "SUBTITLES", "CLOSED-CAPTIONS"})
    return Variant(
        uri=uri.text,
        frame_rate=found.decimal("FRAME-RATE"),
        audio=found.quoted("AUDIO"),
        subtitles=found.quoted("SUBTITLES"),
        closed_captions=_parse_captions(found),
        **_parse_common(found),
    )


def parse_iframe(tag: Tag) -> IFrameVariant:
    found = attributes.parse(tag, _COMMON | {"URI"})
    return IFrameVariant(uri=found.need("URI", found.quoted("URI")), **_parse_common(found))

"""How ffmpeg opens a source: as the one local file that it is, by the demuxer that it was sniffed to need."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import ffmpeg

from transcoder import accepted

if TYPE_CHECKING:
    from pathlib import Path

    from transcoder.encoder_settings import EncoderSettings
    from transcoder.plan import SourceRef

GLOBALS: Final = (
    *("-hide_banner", "-nostats", "-loglevel", "error", "-nostdin"),
    # A damaged source fails by what is missing at the end, not by how many packets could not be decoded.
    *("-max_error_rate", "1"),
    # The source's own timestamps all the way: the grid is tied to them, not to where a seek happened to land.
    "-copyts",
)

MICROSECOND: Final = Fraction(1, 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one process reads of a source: stream number `stream` of track "video" or of an audio rendition (whose
    `right` side may be another stream).

    From `seek` (None: from the start of the file) up to `end`, in seconds on the source's own clock. The bytes before
    `position` are taken as if they were not there: where that is not 0 the clock is the one that begins there.
    """

    track: str
    stream: int
    seek: Fraction | None
    end: Fraction
    position: int = 0
    right: int | None = None


def open_source(
    path: Path, source: SourceRef, *, seek: Fraction | None, position: int = 0, settings: EncoderSettings,
    **decoding: Any,
) -> Any:  # fmt: skip
    """An ffmpeg-python input. `seek` (s, on the source's own clock): begin no later than there; None: at the start.
    `position` (bytes): take the file as if it began there.

    Reading begins at a key picture at or before `seek`, and nothing is dropped: filters cut exactly, by timestamp.
    """
    options: dict[str, Any] = {
        "f": source.demuxer,
        # What a file's content refers to stays unopened: playlists, concat scripts, external tracks.
        **accepted.opening(source.demuxer, protocols="file"),
        **accepted.decoding(settings.max_pixels),
        "threads": settings.threads,
        **decoding,
    }
    if position:
        options["skip_initial_bytes"] = position
    if (ticks := seek_ticks(seek)) is not None:
        options |= {"seek_timestamp": 1, "noaccurate_seek": None, "ss": f"{ticks // 10**6}.{ticks % 10**6:06d}"}
    return ffmpeg.input(f"file:{path}", **options)


def seek_ticks(seek: Fraction | None) -> int | None:
    """Where to seek to, in microseconds; None: reading begins at the start of the file."""
    # Rounded up: the demuxer takes the last key picture not after this, and that may be the wanted one itself.
    return int(-(-seek // MICROSECOND)) if seek is not None and seek > 0 else None


def command(program: str, *outputs: Any) -> list[str]:
    """The argv that makes these outputs."""
    return [program, *GLOBALS, *ffmpeg.compile(ffmpeg.merge_outputs(*outputs), cmd=program)[1:]]

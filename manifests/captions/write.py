"""Captions as WebVTT: one file, or segments for HLS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from manifests.errors import CaptionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from manifests.captions.model import Cue

# RFC 8216bis §3.1.4: our segments are fMP4 whose decode times begin at 0, and so do the cues.
TIMESTAMP_MAP: Final = "X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000"

MAX_REPEATS: Final = 200_000
"""Cues in all segments together: a cue is repeated wherever it shows, and a file must not multiply by that."""


def webvtt(cues: Iterable[Cue]) -> str:
    """One WebVTT file. What `read` makes of it is the same cues, if they are in order of their beginnings."""
    return _file("WEBVTT", cues)


def segments(cues: Sequence[Cue], length_ms: int, segment_ms: int) -> tuple[str, ...]:
    """The files of a subtitle playlist: they span `length_ms`, each `segment_ms` but for the last.

    A cue stands, whole, in every segment in which it shows (§3.1.4), so that seeking finds it; players know a cue by
    its times and text and show it once. What begins behind the end is left out. A segment without a cue is a header
    only. Raises CaptionError if long cues would be repeated too often.
    """
    if length_ms <= 0 or segment_ms <= 0:
        raise ValueError(f"no segments of {segment_ms} ms in {length_ms} ms")
    count = -(-length_ms // segment_ms)
    found: list[list[Cue]] = [[] for _ in range(count)]
    repeats = 0
    for cue in cues:
        shown = range(cue.start // segment_ms, min(-(-cue.end // segment_ms), count))
        repeats += len(shown)
        if repeats > MAX_REPEATS:
            raise CaptionError("cues-too-long", "Too many captions stay on the screen for minutes.")
        for number in shown:
            found[number].append(cue)
    return tuple(_file(f"WEBVTT\n{TIMESTAMP_MAP}", shown_here) for shown_here in found)


def timestamp(ms: int) -> str:
    """`hh:mm:ss.ttt`; hours may have more digits."""
    seconds, thousandths = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{thousandths:03}"


def _file(header: str, cues: Iterable[Cue]) -> str:
    return "\n\n".join([header, *map(_block, cues)]) + "\n"


def _block(cue: Cue) -> str:
    times = f"{timestamp(cue.start)} --> {timestamp(cue.end)}"
    lines = [cue.identifier, f"{times} {cue.settings}".rstrip(), cue.text]
    return "\n".join(line for line in lines if line)

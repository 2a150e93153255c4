"""SCC (CEA-608 in text) and EBU STL (Tech 3264), the formats of broadcasters, read by ttconv (ADR 0023).

ttconv makes a TTML document of either; from there on it is our own reader of TTML.
"""

from __future__ import annotations

import io
import logging
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ttconv.imsc.attributes import TimeExpressionSyntaxEnum
from ttconv.imsc.elements import TTElement
from ttconv.scc import reader as scc_reader
from ttconv.stl import reader as stl_reader
from ttconv.stl.config import STLReaderConfiguration

from manifests.captions import ttml
from manifests.captions.collector import Collector
from manifests.captions.model import MAX_TIME
from manifests.errors import CaptionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttconv.model import ContentDocument

    from manifests.captions.model import CaptionTrack, Format

MAX_SCC_BYTES: Final = 1024 * 1024
"""Three hours of captions have 300 kB. More would take ttconv more than a few seconds."""

_GSI_BYTES: Final = 1024
_TTI_BYTES: Final = 128
_MAX_TTI: Final = 20_000
_HOUR: Final = 3_600_000
_LASTS_MS: Final = 10_000
"""How long a caption of an SCC file stays that no later code takes away, as the last one of many files: to the end of
the programme by the letter, which nobody means. Other readers give it four seconds; a full screen takes ten to read."""

# It logs each oddity of a file; what matters to the editor is in the warnings.
logging.getLogger("ttconv").setLevel(logging.CRITICAL)


def parse_scc(text: str) -> CaptionTrack:
    """The cues of an SCC file. Raises CaptionError."""
    if len(text) > MAX_SCC_BYTES:
        raise CaptionError("too-large", f"An SCC file has at most {MAX_SCC_BYTES // 1024**2} MB.")
    return _ended(_track("scc", lambda: scc_reader.to_model(text)))


def parse_stl(body: bytes) -> CaptionTrack:
    """The cues of an EBU STL file, counted from the time code at which the programme starts. Raises CaptionError."""
    blocks, rest = divmod(len(body) - _GSI_BYTES, _TTI_BYTES)
    if blocks < 1 or rest:
        raise CaptionError("bad-stl", "The EBU STL file is cut off: it does not end with a whole block.")
    if blocks > _MAX_TTI:
        raise CaptionError("too-many-cues", f"The file has more than {_MAX_TTI} blocks of text.")
    configuration = STLReaderConfiguration(program_start_tc="TCP")
    return _track("stl", lambda: stl_reader.to_model(io.BytesIO(body), configuration))


def is_stl(body: bytes) -> bool:
    """Tech 3264 §3.1: a code page of three digits, then the frame rate: `STL25.01`."""
    return re.match(rb"[0-9]{3}STL[0-9]{2}\.01", body) is not None


def _ended(track: CaptionTrack) -> CaptionTrack:
    cues = tuple(
        replace(cue, end=cue.start + _LASTS_MS) if cue.end == MAX_TIME else cue for cue in track.cues
    )  # fmt: skip
    if cues == track.cues:
        return track
    warning = f"The file does not say when its last caption ends: after {_LASTS_MS // 1000} seconds, it was decided."
    return replace(track, cues=cues, warnings=(*track.warnings, warning))


def _track(format: Format, read: Callable[[], ContentDocument]) -> CaptionTrack:
    try:
        root = TTElement.from_model(read(), None, TimeExpressionSyntaxEnum.clock_time, lambda _: None, None)
    except Exception as exc:
        # Whatever a broken file makes ttconv stumble over: index, key, value, type, arithmetic errors.
        raise CaptionError(f"bad-{format}", f"The {format.upper()} file is broken and cannot be read.") from exc
    collector = Collector()
    ttml.collect(root, collector)
    track = collector.track(format)
    if track.cues[0].start < _HOUR:
        return track
    collector.warn("the times begin after an hour; if the video does not, they count from another start.")
    return collector.track(format)

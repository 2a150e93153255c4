"""WebVTT, read by the parsing algorithm of the W3C (WebVTT §6.1 to §6.3).

What the algorithm drops is dropped here too, with a warning. STYLE and REGION blocks are dropped by rule: CSS of
strangers is not served, and a region would have to be repeated in every segment. Two things are more lenient: SRT's
comma in a timestamp is read as a dot, and a cue that ends before it begins is left out, since it never shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from manifests.captions.collector import Collector
from manifests.errors import CaptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.captions.model import CaptionTrack

_TIMESTAMP: Final = r"(?:(\d{2,9}):)?(\d\d):(\d\d)([.,])(\d{3})(?!\d)"
_TIMING: Final = re.compile(rf"[ \t\f]*{_TIMESTAMP}[ \t\f]*-->[ \t\f]*{_TIMESTAMP}(.*)", re.ASCII)
_STYLE: Final = re.compile(r"STYLE[ \t\f]*")
_REGION: Final = re.compile(r"REGION[ \t\f]*")
_MAP: Final = "X-TIMESTAMP-MAP"
_LOCAL: Final = re.compile(r"(?:(\d{1,9}):)?(\d\d):(\d\d)\.(\d{3})", re.ASCII)


def parse(text: str) -> CaptionTrack:
    """The cues of a WebVTT file. Raises CaptionError if it is none, or if nothing of it can be shown."""
    lines = text.replace("\0", "\ufffd").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not re.match(r"WEBVTT(?![^ \t])", lines[0]):
        raise CaptionError("no-webvtt-header", 'A WebVTT file begins with a line "WEBVTT".', line=1)
    collector = Collector()
    position = 1
    if len(lines) > 1 and lines[1]:
        position, _ = _block(lines, 1, in_header=True)
        _timestamp_map(lines[1:position], collector)
    while position < len(lines):
        if lines[position]:
            position, block = _block(lines, position, in_header=False)
            _take(block, collector)
        else:
            position += 1
    return collector.track("webvtt")


@dataclass(slots=True, kw_only=True)
class _Block:
    """What was collected of a block; `timing` is the line number of a line with an arrow."""

    buffer: list[str] = field(default_factory=list)
    timing: int | None = None
    match: re.Match[str] | None = None
    arrow: str = ""
    identifier: str = ""
    kind: str = ""
    first: int


def _block(lines: Sequence[str], position: int, *, in_header: bool) -> tuple[int, _Block]:
    """Collect a block (§6.1): the position behind it, and what it holds."""
    block = _Block(first=position + 1)
    count = 0
    while position < len(lines):
        line = lines[position]
        count += 1
        if "-->" in line:
            if in_header or not (count == 1 or (count == 2 and block.timing is None)):
                break
            block.identifier = block.buffer[0] if block.buffer else ""
            block.timing, block.arrow, block.match = position + 1, line, _TIMING.fullmatch(line)
            if block.match:
                block.buffer.clear()
        elif not line:
            break
        else:
            if count == 2 and not in_header and block.match is None and block.buffer:
                block.kind = next((k for k, r in _KINDS.items() if r.fullmatch(block.buffer[0])), "")
            block.buffer.append(line)
        position += 1
    return position, block


_KINDS: Final = {"STYLE": _STYLE, "REGION": _REGION}


def _take(block: _Block, collector: Collector) -> None:
    if block.match is not None and block.timing is not None:
        start, end = _milliseconds(block.match.groups()[:5]), _milliseconds(block.match.groups()[5:10])
        if start is None or end is None:
            collector.warn("minutes and seconds end at 59, so this caption was left out.", line=block.timing)
            return
        if "," in (block.match[4], block.match[9]):
            collector.warn("a comma in a time was read as a dot.", line=block.timing)
        text = "\n".join(block.buffer)
        collector.add(start, end, text, settings=block.match[11], identifier=block.identifier, line=block.timing)
    elif block.timing is not None:
        collector.warn(
            f"no timing can be read in {block.arrow[:60]!r}, so nothing was shown for it.", line=block.timing
        )
    elif block.kind:
        collector.warn(f"{block.kind} blocks are not kept.", line=block.first)
    elif not block.buffer[0].startswith("NOTE"):
        collector.warn("this text has no timing, so it was left out.", line=block.first)


def _milliseconds(groups: Sequence[str | None]) -> int | None:
    hours, minutes, seconds, _, thousandths = groups
    if int(minutes or 0) > 59 or int(seconds or 0) > 59:
        return None
    return ((int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds or 0)) * 1000 + int(thousandths or 0)


def _timestamp_map(header: Sequence[str], collector: Collector) -> None:
    """Heed X-TIMESTAMP-MAP (RFC 8216bis §3.1.4).

    It ties the cues to the clock of a stream that we do not have. If both clocks show the same, or the cues count from
    zero, then the times are those of the asset. Else the file is a piece from the midst of a stream: refused.
    """
    for number, line in enumerate(header, 2):
        if not line.startswith(_MAP):
            continue
        pairs = dict(part.strip().partition(":")[::2] for part in line[len(_MAP) + 1 :].split(","))
        local, mpegts = _LOCAL.fullmatch(pairs.get("LOCAL", "")), pairs.get("MPEGTS", "")
        if local is None or not re.fullmatch(r"[0-9]{1,20}", mpegts):
            raise CaptionError("timestamp-map", f"{_MAP} cannot be read.", line=number)
        hours, minutes, seconds, thousandths = (int(part or 0) for part in local.groups())
        at = ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths
        if abs(int(mpegts) - at * 90) <= 90:
            continue
        if at:
            message = "The file is a piece of a live stream with a clock of its own; its captions cannot be placed."
            raise CaptionError("timestamp-map", message, line=number)
        collector.warn("the times were taken as they are: from the beginning of the video.", line=number)

"""Times of TTML (TTML2 §12): expressions of clocks, offsets, frames and ticks as exact seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from manifests.captions.xml_tree import local
from manifests.errors import CaptionError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_CLOCK: Final = re.compile(
    r"(\d{2,9}):(\d\d):(\d\d)(?:\.(\d{1,12})|:(\d{2,4})(?:\.\d{1,4})?)?",
    re.ASCII,
)
_OFFSET: Final = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)(h|ms|m|s|f|t)", re.ASCII)
_METRICS: Final = {"h": Fraction(3600), "m": Fraction(60), "s": Fraction(1), "ms": Fraction(1, 1000)}
_MAX_RATE: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What the parameters of a document make of its time expressions (TTML2 §7.2).

    frames    nominal frames a second; rate: frames a second in truth, after the multiplier; ticks a second
    smpte     clock times count frames as time codes do, instead of seconds; drop: NTSC's drop-frame code
    """

    frames: int
    rate: Fraction
    ticks: Fraction
    smpte: bool = False
    drop: bool = False

    def seconds(self, expression: str) -> Fraction:
        """Raises ValueError for what is no time expression."""
        text = expression.strip()
        if offset := _OFFSET.fullmatch(text):
            number, metric = Fraction(offset[1]), offset[2]
            if metric == "f":
                return number / self.rate
            return number / self.ticks if metric == "t" else number * _METRICS[metric]
        clock = _CLOCK.fullmatch(text)
        if clock is None:
            raise ValueError(f"no time: {text[:40]!r}")
        hours, minutes, seconds, frames = (int(clock[n] or 0) for n in (1, 2, 3, 5))
        if minutes > 59 or seconds > 60 or frames >= max(self.frames, 1):
            raise ValueError(f"no time of day: {text[:40]!r}")
        whole = (hours * 60 + minutes) * 60 + seconds
        if self.smpte:
            return self._code(whole, hours * 60 + minutes, frames)
        return whole + Fraction(f"0.{clock[4] or 0}") + frames / self.rate

    def _code(self, whole: int, minutes: int, frames: int) -> Fraction:
        """A SMPTE time code: two frame numbers are skipped in each minute that is no multiple of ten."""
        dropped = 2 * (minutes - minutes // 10) if self.drop else 0
        return (whole * self.frames + frames - dropped) / self.rate


def clock(root: Element) -> Clock:
    """The clock of a document. Raises CaptionError for parameters that cannot be."""
    given = {
        local(name): value.strip()
        for name, value in root.attrib.items()
        if name.partition("}")[0].endswith("#parameter")
    }
    base = given.get("timeBase", "media")
    if base not in ("media", "smpte"):
        raise CaptionError("time-base", "The captions follow the time of day; their place in a video cannot be told.")
    frames = _whole(given.get("frameRate", "30"), "frameRate")
    multiplier = re.fullmatch(r"(\d{1,9})[ :]+(\d{1,9})", given.get("frameRateMultiplier", "1 1"), re.ASCII)
    if multiplier is None or not int(multiplier[1]) or not int(multiplier[2]):
        raise CaptionError("bad-parameter", "ttp:frameRateMultiplier cannot be read.")
    rate = frames * Fraction(int(multiplier[1]), int(multiplier[2]))
    sub_frames = _whole(given.get("subFrameRate", "1"), "subFrameRate")
    if "tickRate" in given:
        ticks = Fraction(_whole(given["tickRate"], "tickRate"))
    else:
        # §7.2.11: without a tick rate, ticks are sub-frames if there is a frame rate, else seconds.
        ticks = rate * sub_frames if "frameRate" in given else Fraction(1)
    drop = given.get("dropMode", "nonDrop") == "dropNTSC"
    return Clock(frames=frames, rate=rate, ticks=ticks, smpte=base == "smpte", drop=drop)


def _whole(text: str, name: str) -> int:
    if not re.fullmatch(r"\d{1,10}", text, re.ASCII) or not 0 < int(text) <= _MAX_RATE:
        raise CaptionError("bad-parameter", f"ttp:{name} cannot be read.")
    return int(text)

"""Elements of an MPD: attributes in the order given, those without a value left out, no character that XML lacks."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element

from manifests.errors import MpdError
from manifests.hls import decimals

if TYPE_CHECKING:
    from collections.abc import Iterable

# What XML 1.0 §2.2 excludes, and what an attribute's value would not keep (§3.3.3).
_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def element(name: str, attributes: Iterable[tuple[str, str | int | None]] = (), *children: Element) -> Element:
    """An element without text. Raises MpdError for a value that XML cannot hold."""
    found = Element(name, {key: text(str(value)) for key, value in attributes if value is not None})
    found.extend(children)
    return found


def text(value: str) -> str:
    if _FORBIDDEN.search(value):
        raise MpdError(f"not fit for XML: {value!r}")
    return value


def duration(seconds: Fraction) -> str:
    """An xs:duration, to the nearest microsecond."""
    if seconds < 0:
        raise MpdError(f"a duration of {seconds} s")
    micros = decimals.round_half_up(seconds, decimals.PLACES)
    return f"PT{decimals.render(micros)}S"


def duration_up(seconds: Fraction) -> str:
    """An xs:duration that is no shorter, and longer by less than a microsecond."""
    return duration(decimals.round_up(seconds, decimals.PLACES))


def number(value: Fraction) -> str:
    """An xs:double, down to a millionth."""
    micros = value.numerator * 10**decimals.PLACES // value.denominator
    return decimals.render(Fraction(micros, 10**decimals.PLACES))


def rate(value: Fraction) -> str:
    """A FrameRateType (§5.3.7.2): `25` or `30000/1001`."""
    return str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"

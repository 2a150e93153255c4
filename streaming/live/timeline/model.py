"""Marks of a live event: what editors and encoders say of a moment or a stretch of it. Pure.

A mark is one date range of the playlists (RFC 8216bis §4.4.5.1). Its CLASS is the service's name in reverse DNS and the
kind, its title the attribute X-TITLE, all else attributes of its own. The tags are what is kept: a mark is read from
them.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final

from manifests.hls import DateRange, attributes, date_range, date_time
from manifests.hls.date_range import Value

MARK_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
TITLE: Final = 200
"""Characters of a title at most."""
ATTRIBUTES: Final = 32
TEXT: Final = 500
"""Characters of an attribute's value at most."""
LONGEST: Final = timedelta(days=7)
_NAME: Final = re.compile(r"X-[A-Z0-9-]{1,60}")
_BYTES: Final = re.compile(r"0x(?:[0-9A-Fa-f]{2}){1,250}")
_CLASSES: Final = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,9}")
_TITLE: Final = "X-TITLE"
_MS: Final = 1000


class Kind(StrEnum):
    """What a mark is. Markers and sport events are instants, unless they say how long they last."""

    MARKER = "marker"
    SPORT = "sport"
    PRODUCT = "product"
    PROGRAM = "program"
    AD = "ad"


INSTANTS: Final = frozenset({Kind.MARKER, Kind.SPORT})


class Source(StrEnum):
    """Who made a mark."""

    EDITOR = "editor"
    SCTE35 = "scte35"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """`duration` s, None: it goes on until it is ended. `planned` s: how long it is meant to last."""

    id: str
    kind: Kind
    at: datetime
    duration: Fraction | None = None
    planned: Fraction | None = None
    title: str = ""
    attributes: Mapping[str, Value] = field(default_factory=dict)

    @property
    def ends_at(self) -> datetime | None:
        return None if self.duration is None else self.at + timedelta(microseconds=int(self.duration * 10**6))


def new_mark_id() -> str:
    return secrets.token_hex(6)


def is_classes(text: str) -> bool:
    """Whether a text is a name in reverse DNS that kinds can be put behind."""
    return _CLASSES.fullmatch(text) is not None


def in_ms(date: datetime) -> datetime:
    """A date as playlists write it: to the millisecond, rounded down."""
    return date.astimezone(UTC).replace(microsecond=date.microsecond // _MS * _MS)


def lasting(begin: datetime, end: datetime) -> Fraction:
    """Seconds from one date to another, both to the millisecond."""
    return Fraction(date_time.to_ms(end) - date_time.to_ms(begin), _MS)


def seconds(value: float | Fraction) -> Fraction:
    """Seconds as playlists write them: to the millisecond. Raises ValueError unless between 0 and a week."""
    if not 0 <= value <= LONGEST.total_seconds():
        raise ValueError(f"Between 0 and {LONGEST.total_seconds():.0f} seconds.")
    return Fraction(round(value * _MS), _MS)


def title_of(text: str) -> str:
    """A title that a playlist can hold. Raises ValueError."""
    title = unicodedata.normalize("NFC", attributes.quotable(text))
    if len(title) > TITLE:
        raise ValueError(f"At most {TITLE} characters.")
    return title


def attribute(name: str, value: str | float) -> Value:
    """The value of an attribute as a playlist has it: a text, `0x…` (bytes in hexadecimal), or a number.

    Raises ValueError for what a playlist cannot hold (RFC 8216bis §4.2).
    """
    if _NAME.fullmatch(name) is None or name == _TITLE:
        raise ValueError("Names are X- and capital letters, digits and hyphens; X-TITLE is the title's.")
    if isinstance(value, bool):
        raise ValueError("A text or a number.")
    if isinstance(value, str):
        if _BYTES.fullmatch(value):
            return bytes.fromhex(value[2:])
        if not value or len(value) > TEXT or attributes.quotable(value) != value:
            raise ValueError(f"1 to {TEXT} characters, without quotation marks, line breaks or doubled spaces.")
        return unicodedata.normalize("NFC", value)
    if not abs(value) < 1e12:
        raise ValueError("Not as large as that.")
    return Fraction(round(Fraction(value) * 10**6), 10**6)


def tag_of(mark: Mark, classes: str) -> DateRange:
    """Raises nothing: all that a mark holds was checked when it was made."""
    own = dict(mark.attributes) | ({_TITLE: mark.title} if mark.title else {})
    return DateRange(
        id=mark.id, class_=f"{classes}.{mark.kind}", start=mark.at, duration=mark.duration,
        planned_duration=mark.planned, own=frozenset(own.items()),
    )  # fmt: skip


def more_of(
    *, duration: Fraction | None = None, planned: Fraction | None = None, title: str = "",
    attributes: Mapping[str, Value] | None = None,
) -> DateRange:  # fmt: skip
    """What is said besides of a mark, as a tag without a name."""
    own = dict(attributes or {}) | ({_TITLE: title} if title else {})
    return DateRange(id="", duration=duration, planned_duration=planned, own=frozenset(own.items()))


def mark_of(found: DateRange) -> Mark:
    """What the tags of a date range say, put together (`date_range.consolidate`)."""
    if found.start is None:
        raise ValueError(f"{found.id!r} begins nowhere")
    own = dict(found.own)
    title = own.pop(_TITLE, "")
    kind = (found.class_ or "").rpartition(".")[2]
    return Mark(
        id=found.id, kind=Kind(kind) if kind in set(Kind) else Kind.MARKER, at=found.start, duration=found.duration,
        planned=found.planned_duration, title=title if isinstance(title, str) else "", attributes=own,
    )  # fmt: skip


def plain(value: Value) -> str | float:
    """The value of an attribute as JSON has it: what `attribute` reads."""
    if isinstance(value, bytes):
        return f"0x{value.hex().upper()}"
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    return value


def marks_of(tags: tuple[DateRange, ...]) -> tuple[Mark, ...]:
    """All marks, by where they begin."""
    return tuple(sorted(map(mark_of, date_range.consolidate(tags)), key=lambda mark: (mark.at, mark.id)))

"""EXT-X-DATERANGE (RFC 8216bis §4.4.5.1): a range of dates with attributes; splices of SCTE-35 among them."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast, get_args

from manifests.errors import PlaylistError
from manifests.hls import attributes, date_time, decimals
from manifests.hls.attributes import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manifests.hls.attributes import Attributes
    from manifests.hls.lines import Tag

TAG: Final = "EXT-X-DATERANGE"
Cue = Literal["PRE", "POST", "ONCE"]
Value: TypeAlias = str | bytes | Fraction
"""Of an attribute of one's own: a quoted string, a hexadecimal sequence, a signed decimal number."""

_KNOWN: Final = frozenset({
    "ID", "CLASS", "START-DATE", "CUE", "END-DATE", "DURATION", "PLANNED-DURATION", "SCTE35-CMD", "SCTE35-OUT",
    "SCTE35-IN", "END-ON-NEXT",
})  # fmt: skip
OWN: Final = "X-"
"""Begins the names of attributes of one's own."""
_OWN_NAME: Final = re.compile(r"X-[A-Z0-9-]{1,100}")
_HEXADECIMAL: Final = re.compile(r"0[xX]((?:[0-9A-Fa-f]{2})+)")
_ABSENT: Final = (None, (), False)
_SIGNED: Final = re.compile(r"(-?)([0-9.]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class DateRange:
    """One tag. Several with one `id` are one range: later ones add what was not known yet, and change nothing."""

    id: str
    """ID (required), of one range in the playlist for ever"""
    class_: str | None = None
    """CLASS: says what the attributes mean"""
    start: datetime | None = None
    """START-DATE (required in the first tag of an ID)"""
    cue: tuple[Cue, ...] = ()
    """CUE: when to act"""
    end: datetime | None = None
    """END-DATE"""
    duration: Fraction | None = None
    """DURATION, s; 0 for an instant"""
    planned_duration: Fraction | None = None
    """PLANNED-DURATION, s: while the real one is not known"""
    scte35_cmd: bytes | None = None
    """SCTE35-CMD: the whole splice_info_section (§4.4.5.1.1)"""
    scte35_out: bytes | None = None
    """SCTE35-OUT: that of the way out"""
    scte35_in: bytes | None = None
    """SCTE35-IN: that of the way back"""
    end_on_next: bool = False
    """END-ON-NEXT: it ends where the next of its CLASS begins"""
    own: frozenset[tuple[str, Value]] = frozenset()
    """X-…: attributes of one's own, names and values"""

    def ends(self) -> datetime | None:
        """Where it ends, as far as it says."""
        if self.end is not None or self.start is None or self.duration is None:
            return self.end
        return self.start + timedelta(microseconds=int(self.duration * 10**6))

    def check(self) -> None:
        """Raises PlaylistError for a combination of attributes that §4.4.5.1 excludes."""
        if {"PRE", "POST"} <= set(self.cue) or len(set(self.cue)) != len(self.cue):
            raise PlaylistError(f"{TAG}: not fit for CUE: {self.cue!r}")
        if self.start is not None and self.end is not None and self.end < self.start:
            raise PlaylistError(f"{TAG}: END-DATE is before START-DATE")
        if self.end is not None and self.duration is not None and self.end != replace(self, end=None).ends():
            raise PlaylistError(f"{TAG}: END-DATE must be START-DATE and DURATION")
        if self.end_on_next and (self.class_ is None or self.end is not None or self.duration is not None):
            raise PlaylistError(f"{TAG}: END-ON-NEXT needs CLASS, and goes with no END-DATE or DURATION")
        names = [name for name, _ in self.own]
        if len(set(names)) != len(names) or not all(_OWN_NAME.fullmatch(name) for name in names):
            raise PlaylistError(f"{TAG}: not fit for names of attributes: {names!r}")

    def render(self) -> str:
        self.check()
        return attributes.render(TAG, (
            ("ID", quoted(self.id)),
            ("CLASS", None if self.class_ is None else quoted(self.class_)),
            ("START-DATE", _date(self.start)),
            ("CUE", quoted(",".join(self.cue)) if self.cue else None),
            ("END-DATE", _date(self.end)),
            ("DURATION", _seconds(self.duration)),
            ("PLANNED-DURATION", _seconds(self.planned_duration)),
            ("SCTE35-CMD", _hexadecimal(self.scte35_cmd)),
            ("SCTE35-OUT", _hexadecimal(self.scte35_out)),
            ("SCTE35-IN", _hexadecimal(self.scte35_in)),
            ("END-ON-NEXT", "YES" if self.end_on_next else None),
            *((name, _value(value)) for name, value in sorted(self.own, key=itemgetter(0))),
        ))  # fmt: skip


def consolidate(tags: Iterable[DateRange]) -> tuple[DateRange, ...]:
    """The ranges that tags describe together, in order of their first tag.

    Raises PlaylistError where two tags of an ID contradict each other, where the first has no START-DATE, and where
    ranges overlap in a CLASS that has END-ON-NEXT (§4.4.5.1).
    """
    found: dict[str, DateRange] = {}
    for tag in tags:
        known = found.get(tag.id)
        if known is None and tag.start is None:
            raise PlaylistError(f"{TAG} needs START-DATE in the first tag of an ID")
        found[tag.id] = tag if known is None else _merge(known, tag)
    _check_classes(tuple(found.values()))
    return tuple(found.values())


def _merge(one: DateRange, other: DateRange) -> DateRange:
    changes: dict[str, object] = {}
    for field in fields(DateRange):
        old, new = getattr(one, field.name), getattr(other, field.name)
        if field.name == "own":
            own = dict(one.own)
            if any(own.setdefault(name, value) != value for name, value in other.own):
                raise PlaylistError(f"{TAG}: two tags of {one.id!r} differ in an attribute")
            changes["own"] = frozenset(own.items())
        elif new not in _ABSENT:
            if old not in (*_ABSENT, new):
                raise PlaylistError(f"{TAG}: two tags of {one.id!r} differ in {field.name}")
            changes[field.name] = new
    merged = replace(one, **changes)  # type: ignore[arg-type]
    merged.check()
    return merged


def _check_classes(ranges: tuple[DateRange, ...]) -> None:
    for name in {each.class_ for each in ranges if each.end_on_next}:
        of_class = sorted(
            (each.start, each.ends()) for each in ranges if each.class_ == name and each.start is not None
        )
        for (_, end), (following, _) in pairwise(of_class):
            if end is not None and end > following:
                raise PlaylistError(f"{TAG}: ranges of CLASS {name!r} overlap, though one has END-ON-NEXT")


def _date(date: datetime | None) -> str | None:
    try:
        return None if date is None else quoted(date_time.render(date))
    except ValueError as exc:
        raise PlaylistError(f"{TAG}: {exc}") from exc


def _seconds(value: Fraction | None) -> str | None:
    try:
        return None if value is None else decimals.render(value)
    except ValueError as exc:
        raise PlaylistError(f"{TAG}: {exc}") from exc


def _hexadecimal(value: bytes | None) -> str | None:
    if value == b"":
        raise PlaylistError(f"{TAG}: a hexadecimal sequence needs a digit")
    return None if value is None else f"0x{value.hex().upper()}"


def _value(value: Value) -> str | None:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bytes):
        return _hexadecimal(value)
    return ("-" if value < 0 else "") + (_seconds(abs(value)) or "")


def parse(tag: Tag) -> DateRange:
    """Raises PlaylistError."""
    found = attributes.parse(tag, _KNOWN, own=OWN)
    cues = found.quoted_list("CUE")
    if not set(cues) <= set(get_args(Cue)):
        raise PlaylistError(f"{TAG}: CUE={cues!r} is not known", line=tag.line)
    if found.symbol("END-ON-NEXT") not in {None, "YES"}:
        raise PlaylistError(f"{TAG}: END-ON-NEXT must be YES", line=tag.line)
    return DateRange(
        id=found.need("ID", found.quoted("ID")),
        class_=found.quoted("CLASS"),
        start=_parse_date(found, "START-DATE"),
        cue=cast("tuple[Cue, ...]", cues),
        end=_parse_date(found, "END-DATE"),
        duration=found.decimal("DURATION"),
        planned_duration=found.decimal("PLANNED-DURATION"),
        scte35_cmd=_parse_hexadecimal(found, "SCTE35-CMD"),
        scte35_out=_parse_hexadecimal(found, "SCTE35-OUT"),
        scte35_in=_parse_hexadecimal(found, "SCTE35-IN"),
        end_on_next=found.flag("END-ON-NEXT"),
        own=frozenset((name, _parse_value(found, name)) for name in found.names() if name.startswith(OWN)),
    )


def _parse_date(found: Attributes, name: str) -> datetime | None:
    text = found.quoted(name)
    try:
        return None if text is None else date_time.parse(text)
    except ValueError as exc:
        raise PlaylistError(f"{TAG}: {name}: {exc}", line=found.line) from exc


def _parse_hexadecimal(found: Attributes, name: str) -> bytes | None:
    text = found.symbol(name)
    match = None if text is None else _HEXADECIMAL.fullmatch(text)
    if text is not None and match is None:
        raise PlaylistError(f"{TAG}: {name} must be a hexadecimal sequence of whole bytes", line=found.line)
    return None if match is None else bytes.fromhex(match[1])


def _parse_value(found: Attributes, name: str) -> Value:
    if name in found.strings:
        return found.strings[name]
    text = found.symbols[name]
    if text[:2] in {"0x", "0X"}:
        return _parse_hexadecimal(found, name) or b""
    match = _SIGNED.fullmatch(text)
    try:
        if match is None:
            raise ValueError(f"{text!r} is no number")
        return (-1 if match[1] else 1) * decimals.parse(match[2])
    except ValueError as exc:
        raise PlaylistError(f"{TAG}: {name}: {exc}", line=found.line) from exc

"""Dates of playlists (RFC 8216bis §4.4.4.6, §4.4.5.1): ISO 8601 with milliseconds, in UTC on the way out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DATE: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?(Z|[+-][0-9]{2}:?[0-9]{2})"
)


def from_ms(epoch_ms: int) -> datetime:
    """The date so many milliseconds behind 1970-01-01T00:00Z, exactly."""
    return _EPOCH + timedelta(milliseconds=epoch_ms)


def to_ms(date: datetime) -> int:
    """Milliseconds behind 1970-01-01T00:00Z. Raises ValueError for a date without a zone, or between milliseconds."""
    if date.tzinfo is None:
        raise ValueError(f"{date} has no time zone")
    whole, rest = divmod(date - _EPOCH, timedelta(milliseconds=1))
    if rest:
        raise ValueError(f"{date} lies between milliseconds")
    return whole


def render(date: datetime) -> str:
    """Raises ValueError, as `to_ms`."""
    return from_ms(to_ms(date)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse(text: str) -> datetime:
    """Raises ValueError for anything but a whole date with a time zone, to the millisecond at most."""
    if _DATE.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no date with a time and a zone")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError as exc:
        raise ValueError(f"{text!r} is beyond the calendar") from exc

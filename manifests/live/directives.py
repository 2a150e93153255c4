"""Delivery directives (RFC 8216bis §6.2.5): what a player asks for in the query of a playlist."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manifests.errors import LiveError
from manifests.live.updates import Skipping

if TYPE_CHECKING:
    from collections.abc import Iterable

MSN: Final = "_HLS_msn"
PART: Final = "_HLS_part"
SKIP: Final = "_HLS_skip"
_INTEGER: Final = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Directives:
    """`msn`, `part`: answer not before these are there. `skip`: a delta update will do."""

    msn: int | None = None
    part: int | None = None
    skip: Skipping | None = None

    @property
    def blocks(self) -> bool:
        return self.msn is not None or self.part is not None


NONE: Final = Directives()


def parse(query: Iterable[tuple[str, str]]) -> Directives:
    """The directives among the pairs of a query; others, and values of `_HLS_skip` that are not known, say nothing.

    Raises LiveError for a number that is none, and for two that differ.
    """
    msn = part = None
    skip = None
    for name, value in query:
        if name == MSN:
            msn = _integer(name, value, msn)
        elif name == PART:
            part = _integer(name, value, part)
        elif name == SKIP and value in {each.value for each in Skipping}:
            skip = Skipping(value)
    return Directives(msn=msn, part=part, skip=skip)


def _integer(name: str, value: str, before: int | None) -> int:
    if _INTEGER.fullmatch(value) is None or before not in {None, int(value)}:
        raise LiveError(f"{name} must be one decimal integer")
    return int(value)

"""EXT-X-SERVER-CONTROL (RFC 8216bis §4.4.3.8): which delivery directives are served, how far from the end to play."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from manifests.errors import PlaylistError
from manifests.hls import attributes, decimals

if TYPE_CHECKING:
    from manifests.hls.lines import Tag

TAG: Final = "EXT-X-SERVER-CONTROL"
_KNOWN: Final = frozenset({"CAN-SKIP-UNTIL", "CAN-SKIP-DATERANGES", "HOLD-BACK", "PART-HOLD-BACK", "CAN-BLOCK-RELOAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerControl:
    can_block_reload: bool = False
    """CAN-BLOCK-RELOAD: requests for what is not there yet are held"""
    can_skip_until: Fraction | None = None
    """CAN-SKIP-UNTIL, s from the end: what is older may be left out; at least 6 × the target duration"""
    can_skip_dateranges: bool = False
    """CAN-SKIP-DATERANGES: older EXT-X-DATERANGE, too"""
    hold_back: Fraction | None = None
    """HOLD-BACK, s from the end: at least (and where absent) 3 × the target duration"""
    part_hold_back: Fraction | None = None
    """PART-HOLD-BACK, s from the end (required with parts): at least 2 ×, better 3 × PART-TARGET"""

    def check(self, *, target_duration: int, part_target: Fraction | None) -> None:
        """Raises PlaylistError for what §4.4.3.8 excludes in a playlist of these durations (s)."""
        if self.can_skip_until is not None and self.can_skip_until < 6 * target_duration:
            raise PlaylistError(f"{TAG}: CAN-SKIP-UNTIL must be six times the target duration")
        if self.can_skip_dateranges and self.can_skip_until is None:
            raise PlaylistError(f"{TAG}: CAN-SKIP-DATERANGES needs CAN-SKIP-UNTIL")
        if self.hold_back is not None and self.hold_back < 3 * target_duration:
            raise PlaylistError(f"{TAG}: HOLD-BACK must be three times the target duration")
        if part_target is not None and (self.part_hold_back is None or self.part_hold_back < 2 * part_target):
            raise PlaylistError(f"{TAG}: PART-HOLD-BACK must be twice PART-TARGET")

    def render(self) -> str:
        found = [
            ("CAN-BLOCK-RELOAD", "YES" if self.can_block_reload else None),
            ("CAN-SKIP-UNTIL", _seconds(self.can_skip_until)),
            ("CAN-SKIP-DATERANGES", "YES" if self.can_skip_dateranges else None),
            ("HOLD-BACK", _seconds(self.hold_back)),
            ("PART-HOLD-BACK", _seconds(self.part_hold_back)),
        ]
        if all(value is None for _, value in found):
            raise PlaylistError(f"{TAG} needs an attribute")
        return attributes.render(TAG, found)


def _seconds(value: Fraction | None) -> str | None:
    try:
        return None if value is None else decimals.render(value)
    except ValueError as exc:
        raise PlaylistError(f"{TAG}: {exc}") from exc


def parse(tag: Tag) -> ServerControl:
    found = attributes.parse(tag, _KNOWN)
    return ServerControl(
        can_block_reload=found.flag("CAN-BLOCK-RELOAD"),
        can_skip_until=found.decimal("CAN-SKIP-UNTIL"),
        can_skip_dateranges=found.flag("CAN-SKIP-DATERANGES"),
        hold_back=found.decimal("HOLD-BACK"),
        part_hold_back=found.decimal("PART-HOLD-BACK"),
    )

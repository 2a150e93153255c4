from __future__ import annotations

from fractions import Fraction

import pytest

from manifests.errors import PlaylistError
from manifests.hls import server_control
from manifests.hls.lines import Tag
from manifests.hls.server_control import ServerControl

ALL = "CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12,CAN-SKIP-DATERANGES=YES,HOLD-BACK=6,PART-HOLD-BACK=0.96"


def read(value: str) -> ServerControl:
    return server_control.parse(Tag(name=server_control.TAG, value=value, line=3))


def test_both_ways() -> None:
    value = ServerControl(
        can_block_reload=True,
        can_skip_until=Fraction(12),
        can_skip_dateranges=True,
        hold_back=Fraction(6),
        part_hold_back=Fraction(96, 100),
    )
    assert read(ALL) == value
    assert value.render() == f"#EXT-X-SERVER-CONTROL:{ALL}"
    assert read("CAN-BLOCK-RELOAD=YES") == ServerControl(can_block_reload=True)
    value.check(target_duration=2, part_target=Fraction(32, 100))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CAN-SKIP-UNTIL=11.999,PART-HOLD-BACK=0.96", "six times"),
        ("CAN-SKIP-DATERANGES=YES,PART-HOLD-BACK=0.96", "needs CAN-SKIP-UNTIL"),
        ("HOLD-BACK=5.999,PART-HOLD-BACK=0.96", "three times"),
        ("PART-HOLD-BACK=0.639", "twice"),
        ("HOLD-BACK=6", "twice"),
    ],
)
def test_what_breaks_a_rule_of_durations_is_refused(text: str, message: str) -> None:
    with pytest.raises(PlaylistError, match=message):
        read(text).check(target_duration=2, part_target=Fraction(32, 100))


def test_no_attribute_is_no_tag() -> None:
    with pytest.raises(PlaylistError, match="needs an attribute"):
        ServerControl().render()
    with pytest.raises(PlaylistError, match="no exact decimal form"):
        ServerControl(hold_back=Fraction(20, 3)).render()

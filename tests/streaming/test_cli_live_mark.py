from __future__ import annotations

import pytest
import typer

from streaming.cli_live_mark import attributes


def test_attributes_are_numbers_or_texts() -> None:
    given = ["X-TEAM=FRA", "X-MINUTE=23", "X-SPEED=-1.5", "X-SUM=0xFF", "X-SAYS=a=b"]
    assert attributes(given) == {"X-TEAM": "FRA", "X-MINUTE": 23, "X-SPEED": -1.5, "X-SUM": "0xFF", "X-SAYS": "a=b"}
    with pytest.raises(typer.BadParameter, match="X-NAME=VALUE"):
        attributes(["X-TEAM"])

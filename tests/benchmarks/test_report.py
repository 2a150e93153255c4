from __future__ import annotations

import pytest

from benchmarks.report import Result


def test_every_cell_stands_under_its_name() -> None:
    with pytest.raises(ValueError, match="every column"):
        Result(name="x", question="y", columns=("what", "s"), rows=(("one", "1"), ("two", "2", "3")), verdict="z")

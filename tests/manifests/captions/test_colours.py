from __future__ import annotations

import pytest

from manifests.captions.colours import colour_class


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ("Red", "red"),
        ("#00FF00", "lime"),
        ("00ffff", "cyan"),
        ("#0000ff80", "blue"),
        ("fuchsia", "magenta"),
        ("green", ""),
        ("#123456", ""),
        ("", ""),
    ],
)
def test_colour_class(colour: str, expected: str) -> None:
    assert colour_class(colour) == expected

from __future__ import annotations

import pytest

from manifests.captions import cue_settings, override_tags


@pytest.mark.parametrize(
    ("override", "tags", "settings"),
    [
        ("an8", "", "line:0"),
        ("an2", "", ""),
        ("an5", "", "line:50%,center"),
        ("an0", "", ""),
        ("a1", "", "align:left"),
        ("a11", "", "line:50%,center align:right"),
        ("a4", "", ""),
        (r"i1\b1", "<i><b>", ""),
        (r"b700\u0", "<b></u>", ""),
        (r"fs20\c&H00FF00&\an7", "", "line:0 align:left"),
        ("an" + "8" * 5000, "", ""),
    ],
)
def test_read(override: str, tags: str, settings: str) -> None:
    assert override_tags.read(override) == (tags, settings)


@pytest.mark.parametrize("keypad", range(-1, 11))
def test_places_are_settings_as_they_are_written(keypad: int) -> None:
    assert cue_settings.parse(override_tags.place(keypad)) == override_tags.place(keypad)

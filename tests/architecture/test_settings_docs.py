"""docs/settings.md lists every environment variable with its default, unit and help."""

from __future__ import annotations

from pathlib import Path

from streaming.settings_page import render

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


def test_the_page_is_what_the_settings_say() -> None:
    assert PAGE.read_text() == render(), "write it again: python -m streaming.settings_page > docs/settings.md"

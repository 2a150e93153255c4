"""docs/ll-hls.md has a row for each rule of live playlists: a test that exists, or why there is none."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "ll-hls.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if re.match(r"\| (\d|B\.)", line)
]


def _is_defined(path: str, name: str) -> bool:
    file = ROOT / path
    found = rf"^ *(?:async def|def|class) {name}\b"
    return file.is_file() and re.search(found, file.read_text(), re.MULTILINE) is not None


def test_every_test_that_the_page_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) > 80
    assert [f"{path}::{name}" for path, name in named if not _is_defined(path, name)] == []


def test_every_promise_that_the_page_names_is_checked() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::Promises` \(`(\w+)`\)", PAGE)
    assert len(named) > 5
    assert [name for path, name in named if not _is_defined(path, name)] == []


def test_every_row_has_a_test_or_says_why_not() -> None:
    assert len(ROWS) > 100
    for row in ROWS:
        assert len(row) == 4, row
        force, asked, shown = row[1:]
        assert re.fullmatch(r"M|S|M, S|S, M", force), row
        assert asked, row
        assert "`tests/" in shown or shown.startswith("the same") or len(shown) > 20, row


def test_every_section_that_concerns_a_server_has_rows() -> None:
    sections = {row[0] for row in ROWS}
    assert sections >= {
        *("4.4.3.1", "4.4.3.2", "4.4.3.3", "4.4.3.7", "4.4.3.8", "4.4.4.3", "4.4.4.6", "4.4.4.7", "4.4.4.9"),
        *("4.4.5.1", "4.4.5.1.1", "4.4.5.2", "4.4.5.3", "4.4.5.4", "6.2.1", "6.2.2", "6.2.3", "6.2.4"),
        *("6.2.5.1", "6.2.5.2", "6.2.6", "6.3.7", "6.3.8", "B.1"),
    }

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streaming.profiles.errors import BrokenProfile
from streaming.profiles.folder import ProfileFolder, read_folder

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_that_is_not_there_has_the_default(tmp_path: Path) -> None:
    assert set(read_folder(tmp_path / "none").files) == {"default"}


def test_only_files_of_toml_are_profiles(tmp_path: Path) -> None:
    for name in ("sports.toml", ".hidden.toml", "notes.txt"):
        (tmp_path / name).write_text("")
    assert set(read_folder(tmp_path).files) == {"default", "sports"}


@pytest.mark.parametrize("kind", ["bytes", "large", "folder"])
def test_what_cannot_be_read_is_broken_and_no_more(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "sports.toml"
    if kind == "folder":
        file.mkdir()
    else:
        file.write_bytes(b"\xff\xfe" if kind == "bytes" else b"#" * 70_000)
    said = {"bytes": "it is not UTF-8", "large": "it has more than 65536 bytes", "folder": "Is a directory"}[kind]
    assert read_folder(tmp_path).files["sports"].parsed.errors == (f"sports.toml: {said}",)


async def test_what_is_saved_counts_at_once(tmp_path: Path) -> None:
    folder, file = ProfileFolder(tmp_path), tmp_path / "sports.toml"
    file.write_text("segment = 6")
    assert (await folder.chosen("sports", tenant="ann")).segment == 6
    file.write_text("\ufeffsegment = 8")  # with the mark that Windows' editors put before it
    assert (await folder.chosen("sports", tenant="ann")).segment == 8
    file.write_text("segment = 7")
    with pytest.raises(BrokenProfile):
        await folder.chosen("sports", tenant="ann")

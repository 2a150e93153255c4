from __future__ import annotations

from typing import TYPE_CHECKING

from streaming.upload.client.files import find

if TYPE_CHECKING:
    from pathlib import Path

_MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\0\x08free" * 40


def test_of_folders_only_media_of_named_files_everything(tmp_path: Path) -> None:
    day = tmp_path / "day 1"
    for name, body in (
        ("b.mp4", _MP4),
        ("a.bin", _MP4),
        ("inner/c.mov", _MP4),
        ("notes.txt", b"only text " * 20),
        ("text.mp4", b"also text " * 20),
        ("empty.mp4", b""),
        (".hidden.mp4", _MP4),
        (".cache/d.mp4", _MP4),
    ):
        (day / name).parent.mkdir(parents=True, exist_ok=True)
        (day / name).write_bytes(body)
    (day / "again").symlink_to(day, target_is_directory=True)
    named = tmp_path / "named.txt"
    named.write_text("whatever it is")
    found = find([day, named, day / "b.mp4"])
    assert found.wanted == (day / "a.bin", day / "b.mp4", day / "inner/c.mov", named)
    reasons = {path.name: reason for path, reason in found.skipped}
    assert set(reasons) == {"notes.txt", "text.mp4", "empty.mp4"}
    assert "empty" in reasons["empty.mp4"]

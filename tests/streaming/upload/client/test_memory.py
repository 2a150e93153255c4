from __future__ import annotations

import os
from pathlib import Path

import pytest

from streaming.upload.client.memory import Begun, Memory, default_folder, key_of

_BEGUN = Begun(location="http://127.0.0.1/api/uploads/u", asset="a")


def test_what_was_begun_is_remembered_until_it_is_forgotten(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "uploads")
    assert memory.recall("k") is None
    memory.keep("k", _BEGUN)
    assert Memory(tmp_path / "uploads").recall("k") == _BEGUN
    memory.forget("k")
    memory.forget("k")
    assert memory.recall("k") is None


def test_a_damaged_or_unwritable_memory_costs_only_the_resumption(tmp_path: Path) -> None:
    (tmp_path / "k.json").write_bytes(b'{"location"')
    assert Memory(tmp_path).recall("k") is None
    blocked = tmp_path / "file"
    blocked.write_text("")
    Memory(blocked / "uploads").keep("k", _BEGUN)


def test_another_file_server_or_wish_is_another_upload(tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"
    file.write_bytes(b"1")
    key = key_of("http://one", file, "title")
    assert key_of("http://one", file, "title") == key
    assert key_of("http://two", file, "title") != key
    assert key_of("http://one", file, "other") != key
    os.utime(file, (1, 1))
    assert key_of("http://one", file, "title") != key
    with pytest.raises(OSError, match="No such file"):
        key_of("http://one", tmp_path / "none", "title")


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"XDG_CACHE_HOME": "/cache"}, Path("/cache/channel/uploads")),
        ({"XDG_CACHE_HOME": "relative"}, Path.home() / ".cache/channel/uploads"),
        ({}, Path.home() / ".cache/channel/uploads"),
    ],
)
def test_default_folder(environment: dict[str, str], folder: Path) -> None:
    assert default_folder(environment) == folder

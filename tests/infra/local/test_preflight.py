"""What stands in the way of the embedded stack is said in one line that names the setting."""

from __future__ import annotations

import os
import socket
import stat
from typing import TYPE_CHECKING

import pytest

from infra.local.preflight import CannotStart, free_port, only_one, require_home, require_port, valkey_server

if TYPE_CHECKING:
    from pathlib import Path


def test_a_home_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    require_home(tmp_path / "new" / "home")
    assert stat.S_IMODE((tmp_path / "new" / "home").stat().st_mode) == 0o700
    assert list((tmp_path / "new" / "home").iterdir()) == []


def test_a_full_disk_is_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"MiB left, .* MiB are needed; .*CHANNEL_HOME") as caught:
        require_home(tmp_path, minimum=2**70)
    assert "\n" not in str(caught.value)


def test_a_home_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="CHANNEL_HOME"):
        require_home(tmp_path / "file")


def test_a_taken_port_names_its_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"port {port} .*CHANNEL_PORT"):
            require_port("127.0.0.1", port, "CHANNEL_PORT")
    require_port("127.0.0.1", free_port(), "CHANNEL_PORT")


def test_two_stacks_do_not_share_a_home(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(CannotStart, match=f"already .pid {os.getpid()}"), only_one(tmp_path):
        pass
    with only_one(tmp_path):
        pass


def test_a_server_that_is_too_old_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version, chosen in (("6.2.14", False), ("7.0.15", True), ("not a number", False)):
        fake = tmp_path / "valkey-server"
        fake.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=0'\n")
        fake.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        assert (valkey_server() == str(fake)) is chosen

"""`channel upload` as a user types it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MIB = 1 << 20
_MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"


@pytest.fixture
def command(uploads: Any, tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    def start(*arguments: str | Path, url: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "streaming", "upload", *map(str, arguments)],
            env={
                **os.environ, "CHANNEL_URL": url, "CHANNEL_TOKEN": uploads.token,
                "CHANNEL_HOME": str(tmp_path / "none"), "XDG_CACHE_HOME": str(tmp_path / "cache"), **environment,
            },
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    return start


def test_a_folder_over_a_line_that_is_cut(
    uploads: Any, cutting: Callable[..., Any], command: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "day 1"
    (folder / ".hidden").mkdir(parents=True)
    bodies = {name: _MP4 + random.Random(name).randbytes(9 * _MIB) for name in ("a.mp4", "b.mov")}
    for name, body in bodies.items():
        (folder / name).write_bytes(body)
    (folder / ".hidden" / "c.mp4").write_bytes(_MP4)
    (folder / "notes.txt").write_text("nothing to see " * 9)
    api = uploads.make_api().start()
    proxy = cutting(api, seed=5, cuts=8, most=3 * _MIB)
    running = command(folder, "--json", "--publish", url=proxy.url)
    out, err = running.communicate(timeout=300)
    assert running.returncode == 0, err
    lines = {os.path.basename(line["file"]): line for line in map(json.loads, out.splitlines())}  # noqa: PTH119
    assert set(lines) == {"a.mp4", "b.mov", "notes.txt"}
    assert "skipped" in lines["notes.txt"]
    for name, body in bodies.items():
        assert lines[name]["state"] == "uploaded"
        assert lines[name]["url"] == f"{proxy.url}/v/{lines[name]['asset']}/index.m3u8"
        assert b"".join(uploads.source(lines[name]["asset"])) == body
    assert proxy.done > 2


def test_a_server_that_is_killed_and_comes_back(
    uploads: Any, command: Callable[..., Any], tmp_path: Path, committed: Callable[[], int], wait_for: Any
) -> None:
    file = tmp_path / "long.mp4"
    with file.open("wb") as opened:
        for number in range(96):
            opened.write(number.to_bytes(8, "big") * (_MIB // 8))
    api = uploads.make_api().start()
    running = command(file, "--title", "Long", url=api.url)
    wait_for(lambda: committed() >= 10 * _MIB, "two parts are stored")
    api.kill()
    running_on = running.poll() is None
    api.start()
    out, err = running.communicate(timeout=300)
    assert running_on
    assert running.returncode == 0, err
    asset = out.split("asset ")[1].split(",")[0]
    assert b"".join(uploads.source(asset)) == file.read_bytes()


def test_ctrl_c_says_how_to_go_on(
    uploads: Any, command: Callable[..., Any], tmp_path: Path, committed: Callable[[], int], wait_for: Any
) -> None:
    file = tmp_path / "long.mp4"
    with file.open("wb") as opened:
        opened.truncate(512 * _MIB)
    running = command(file, url=uploads.make_api().start().url)
    wait_for(lambda: committed() >= 5 * _MIB, "a part is stored")
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=300)
    assert (running.returncode, out) == (130, "")
    assert err == "stopped; the same command goes on where it was\n"


def test_what_goes_wrong_is_one_line(
    uploads: Any, command: Callable[..., Any], tmp_path: Path, free_port: Callable[[], int]
) -> None:
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")
    api = uploads.make_api().start()
    nowhere = f"http://127.0.0.1:{free_port()}"
    for arguments, url, environment, code, said in (
        ((empty,), api.url, {}, 1, "no bytes"),
        ((empty,), api.url, {"CHANNEL_TOKEN": "wrong"}, 1, "(401)"),
        ((empty,), api.url, {"CHANNEL_TOKEN": ""}, 2, "no token"),
        ((empty,), nowhere, {}, 1, "is the service running?"),
        ((tmp_path / "cache2",), api.url, {}, 2, "no such file: "),
        ((empty, empty.with_name("none.mp4")), api.url, {}, 2, "no such file: "),
    ):
        running = command(*arguments, url=url, **environment)
        out, err = running.communicate(timeout=300)
        assert (running.returncode, out) == (code, ""), err
        assert said in err
        assert "Traceback" not in err
        assert err.count("\n") == 1

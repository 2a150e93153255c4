"""`channel up`: starts, says where everything is, keeps its data, takes everything with it, and says what is wrong."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

from tests.e2e.stack import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.stack import Stack


def _gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


@pytest.fixture
def clip(tmp_path: Path, ffmpeg: str) -> Path:
    made = tmp_path / "clip.mp4"
    subprocess.run(
        [
            ffmpeg, "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=6",
            "-f", "lavfi", "-i", "sine=frequency=440:duration=6", "-c:v", "libx264", "-preset", "ultrafast",
            "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart", str(made),
        ],
        check=True,
    )  # fmt: skip
    return made


def test_it_announces_its_addresses_and_keeps_all_data(own_stack: Stack, clip: Path) -> None:
    own_stack.start()
    mode = stat.S_IMODE((own_stack.home / "admin.token").stat().st_mode)
    assert mode == 0o600
    token = own_stack.token
    asset = own_stack.upload(clip)
    own_stack.wait_for(asset, "ready")
    session = httpx.post(f"{own_stack.url}/api/sessions", json={"asset": asset}, trust_env=False).json()
    children = own_stack.children()
    printed = own_stack.stop(signal.SIGINT)
    for expected in (f"{own_stack.url}/", f"{own_stack.url}/studio", f"{own_stack.url}/docs", token):
        assert expected in printed.replace("\n", "")
    assert own_stack.process is not None
    assert own_stack.process.returncode == 0
    assert _gone(children)

    own_stack.start()
    assert own_stack.token == token
    assert own_stack.asset(asset)["state"] == "ready"
    segment = httpx.get(f"{own_stack.url}/v/{asset}/index.m3u8", trust_env=False)
    assert segment.status_code == 200
    # The live session is in Valkey's append-only file.
    beat = {"events": [{"type": "heartbeat", "seq": 1, "played_s": 0.2}]}
    answer = httpx.post(f"{own_stack.url}/api/sessions/{session['session_id']}/events", json=beat, trust_env=False)
    assert answer.status_code == 200


def test_a_killed_supervisor_leaves_nothing_running(own_stack: Stack) -> None:
    own_stack.start()
    children = own_stack.children()
    assert {"api", "worker", "valkey", "s3"} == {
        name for name in ("api", "worker", "valkey", "s3") if own_stack.child(name).is_running()
    }
    own_stack.stop(signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=60)
    assert alive == []


def test_every_part_comes_back_when_it_is_killed(own_stack: Stack, clip: Path) -> None:
    own_stack.start()
    asset = own_stack.upload(clip)
    for name in ("worker", "valkey", "s3", "api"):
        killed = own_stack.child(name)
        killed.kill()
        until(lambda name=name, killed=killed: own_stack.find(name) not in (None, killed), f"{name} is back")
    own_stack.wait_for(asset, "ready")
    with own_stack.client() as client:
        assert client.get(f"/v/{asset}/index.m3u8").status_code == 200


def test_a_taken_port_is_one_clear_line(own_stack: Stack) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", own_stack.port))
        taken.listen()
        ended = _up(own_stack.home, own_stack.port)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert f"port {own_stack.port}" in ended.stderr
    assert "CHANNEL_PORT" in ended.stderr


def test_a_second_stack_on_the_same_home_is_refused(own_stack: Stack, free_port: Callable[[], int]) -> None:
    own_stack.start()
    ended = _up(own_stack.home, free_port())
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "already" in ended.stderr


def test_a_home_that_cannot_be_written_is_one_clear_line(tmp_path: Path, free_port: Callable[[], int]) -> None:
    (tmp_path / "file").write_text("in the way")
    ended = _up(tmp_path / "file" / "home", free_port())
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "CHANNEL_HOME" in ended.stderr


def test_the_doctor_finds_a_running_stack_and_misses_a_stopped_one(own_stack: Stack) -> None:
    own_stack.start()
    healthy = _doctor(own_stack)
    assert healthy.returncode == 0, healthy.stdout
    findings = {finding["part"]: finding for finding in json.loads(healthy.stdout)}
    assert all(
        findings[part]["well"] for part in ("redis", "object store", "database", "disk", "ffmpeg", "keys", "api")
    )
    assert "append-only" in findings["redis"]["found"]
    own_stack.stop()
    ill = _doctor(own_stack)
    assert ill.returncode == 1
    findings = {finding["part"]: finding for finding in json.loads(ill.stdout)}
    assert not findings["redis"]["well"]
    assert findings["redis"]["advice"]


def _up(home: Path, port: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streaming", "up"], capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "CHANNEL_HOME": str(home), "CHANNEL_PORT": str(port)},
    )  # fmt: skip


def _doctor(stack: Stack) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streaming", "doctor", "--json"],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "CHANNEL_HOME": str(stack.home), "CHANNEL_PORT": str(stack.port)},
    )  # fmt: skip

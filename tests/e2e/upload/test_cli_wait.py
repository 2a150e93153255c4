"""`channel upload --wait` on the whole stack: until the asset is ready, or why it can not be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def _upload(stack: Any, tmp_path: Path, file: Path) -> subprocess.CompletedProcess[str]:
    # Without a token on the command line or in the environment: the one that `channel up` left is found.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CHANNEL_")}
    return subprocess.run(
        [sys.executable, "-m", "streaming", "upload", str(file), "--wait", "--publish", "--json"],
        env={
            **environment, "CHANNEL_HOME": str(stack.home), "CHANNEL_URL": stack.url,
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        },
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


def test_until_it_is_ready(stack: Any, tmp_path: Path, ffmpeg: str) -> None:
    clip = tmp_path / "two_seconds.mp4"
    subprocess.run(
        [
            ffmpeg, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=2",
            "-f", "lavfi", "-i", "sine=d=2", "-pix_fmt", "yuv420p", "-shortest", str(clip),
        ],
        check=True,
    )  # fmt: skip
    ended = _upload(stack, tmp_path, clip)
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    assert said["state"] == "ready"
    found = stack.asset(said["asset"])
    assert (found["state"], found["editorial"], found["source_filename"]) == ("ready", "published", clip.name)
    with stack.client(token="") as anybody:
        assert anybody.get(said["url"]).text.startswith("#EXTM3U")


def test_why_it_can_not_be(stack: Any, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("not a film " * 500)
    ended = _upload(stack, tmp_path, text)
    assert ended.returncode == 1
    assert "not a video or audio file" in json.loads(ended.stdout)["error"]

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from streaming.cli import environment

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_what_the_operator_set_wins_over_the_running_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"CHANNEL_REDIS_URL": "redis://found", "CHANNEL_S3_BUCKET": "found", "CHANNEL_PORT": "1"}
    (tmp_path / "stack.json").write_text(json.dumps(found))
    monkeypatch.setenv("CHANNEL_HOME", str(tmp_path))
    monkeypatch.setenv("CHANNEL_S3_BUCKET", "set")
    monkeypatch.setenv("CHANNEL_REDIS_URL", "")
    settings = environment()
    assert settings["CHANNEL_S3_BUCKET"] == "set"
    assert settings["CHANNEL_REDIS_URL"] == "redis://found", "an empty variable is one that is not set"
    assert settings["CHANNEL_PORT"] == "1"

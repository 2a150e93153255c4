from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from streaming.cli import app
from transcoder.profile import DEFAULT
from transcoder.profile_file import render

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHANNEL_HOME", str(tmp_path))
    path = tmp_path / "profiles"
    path.mkdir()
    return path


@pytest.mark.usefixtures("folder")
def test_there_is_always_one() -> None:
    listed = CliRunner().invoke(app, ["profiles"])
    assert (listed.exit_code, listed.stdout) == (0, f"✓ default  {DEFAULT.description}  (built in)\n")
    assert CliRunner().invoke(app, ["profiles", "show", "default"]).stdout == render(DEFAULT)


def test_what_is_wrong_is_told(folder: Path) -> None:
    file = folder / "sports.toml"
    file.write_text('tenants = ["ann"]\nsegment = 11\n')
    said = "sports.toml: segment = 11: write 2 to 10"
    for command in (["profiles"], ["profiles", "show", "sports"], ["profiles", "check", str(file)]):
        told = CliRunner().invoke(app, command)
        assert told.exit_code == 1
        assert said in told.output
    file.write_text('tenants = ["ann"]\nsegment = 10\n')
    assert "default of ann" in CliRunner().invoke(app, ["profiles"]).stdout
    assert CliRunner().invoke(app, ["profiles", "check", str(file)]).stdout == f"{file}: all is well\n"
    assert CliRunner().invoke(app, ["profiles", "show", "none"]).exit_code == 1

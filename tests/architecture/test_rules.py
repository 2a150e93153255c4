"""Rules of the repository that a reader would otherwise have to remember."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("manifests", "transcoder", "streaming", "infra")
BANNED = {"manager", "helper", "helpers", "utils", "util", "data", "info", "chunk", "master"}
NAMES_OF_OTHERS = {"SourceInfo", "data_received"}  # as asyncio calls it


def _tracked(*suffixes: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found = (ROOT / name for name in listed.split("\0") if name)
    return sorted(path for path in found if path.is_file() and path.suffix in suffixes)


def _modules() -> list[Path]:
    return [path for path in _tracked(".py") if path.relative_to(ROOT).parts[0] in ROOMS]


@pytest.mark.parametrize("path", _tracked(".py", ".ts", ".css"), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_four_hundred_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def test_nothing_unfinished_is_left_behind() -> None:
    mark = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b|NotImplemented" + "Error")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _tracked(".py", ".ts", ".sh", ".yml", ".toml", ".conf", ".lua", ".css", ".html")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if mark.search(line)
    ]
    assert found == []


def test_only_the_sandbox_and_the_local_stack_start_processes() -> None:
    allowed = {"transcoder/ffmpeg.py", "transcoder/sandbox_choice.py", "transcoder/sandbox_launcher.py"}
    starters = re.compile(
        r"\b(subprocess\.(run|Popen|call|check_\w+)|create_subprocess_\w+|os\.(exec|spawn|posix_spawn)\w*)\("
    )
    found = {
        str(path.relative_to(ROOT)) for path in _modules()
        if not path.is_relative_to(ROOT / "infra" / "local") and starters.search(path.read_text())
    }  # fmt: skip
    assert found <= allowed


def test_only_the_layout_builds_object_keys() -> None:
    prefixes = re.compile(r"""f?["'](media|work|sources|uploads)/\{""")
    found = [
        str(path.relative_to(ROOT)) for path in _modules()
        if path.name != "layout.py" and prefixes.search(path.read_text())
    ]  # fmt: skip
    assert found == []


def test_no_module_class_or_function_has_a_banned_name() -> None:
    found = []
    for path in _modules():
        if path.stem in BANNED:
            found.append(str(path.relative_to(ROOT)))
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                words = re.findall(r"[A-Z]?[a-z]+", node.name)
                if node.name not in NAMES_OF_OTHERS and BANNED & {word.lower() for word in words}:
                    found.append(f"{path.relative_to(ROOT)}: {node.name}")
    assert found == []


def test_every_python_file_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT)) for path in _modules()
        if path.read_text().strip() and ast.get_docstring(ast.parse(path.read_text())) is None
    ]  # fmt: skip
    assert silent == []


def test_lock_files_name_no_registry() -> None:
    for path in (ROOT / "constraints").glob("*.txt"):
        assert "://" not in path.read_text(), path.name
    for path in ROOT.glob("**/package-lock.json"):
        if "node_modules" not in path.parts:
            assert '"resolved"' not in path.read_text(), path

"""What the documents name exists: files, make targets, commands with their options, routes, problem codes, metrics."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer.main
from prometheus_client import REGISTRY

import streaming.live.health.metrics
import streaming.live.ingest.http.errors
import streaming.live.ingest.metrics
import streaming.live.timeline.metrics
import transcoder.live.metrics
import transcoder.metrics
from infra.memory import MemoryCache, MemoryEngine, MemoryStore
from infra.ports import Level
from infra.sql import open_engine
from streaming.app import routes
from streaming.catalog.errors import UploadSuperseded
from streaming.cli import app
from streaming.http.problem import ApiError
from streaming.services import Infrastructure, assemble
from streaming.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
_LISTED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "*.md"],
    cwd=ROOT, capture_output=True, text=True, check=True,
).stdout  # fmt: skip
PAGES = sorted(ROOT / name for name in _LISTED.split("\0") if name and (ROOT / name).is_file())
EVERYTHING = "\n".join(page.read_text() for page in PAGES)

_LINK = re.compile(r"\]\((?!https?:)([^)\s]*)\)")
_ROUTE = re.compile(
    r"""(?:(?<=\$API)|(?<![\w.:/]))/(?:api|v|static|healthz|readyz|metrics|studio|docs|openapi\.json)(?![\w-])(?:/[^\s`"'?),]*)?"""
)


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(page.read_text()):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


def test_make_targets_exist() -> None:
    known = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z0-9]+)", EVERYTHING, re.MULTILINE))
    assert {"up", "test", "check", "e2e", "bench"} <= named <= known


def test_commands_and_their_options_exist() -> None:
    commands: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    calls = re.findall(r"(?:`|bin/|^|api-1 )channel ([a-z-]+)([^`\n]*)", EVERYTHING, re.MULTILINE)
    assert set(commands) == {name for name, _ in calls}
    for name, rest in calls:
        options = {option for parameter in commands[name].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= options, f"channel {name}{rest}"


def _paths(tmp_path: Path) -> Iterator[str]:
    store, cache, sql = MemoryStore(), MemoryCache(), open_engine(f"sqlite:///{tmp_path / 'docs.db'}")
    servers = Infrastructure(store=store, multipart=store, cache=cache, jobs=MemoryEngine(), sql=sql)
    settings = ServiceSettings.from_env({"CHANNEL_HOME": str(tmp_path)})
    for route in routes(assemble(settings, servers)):
        yield getattr(route, "path")  # noqa: B009 - a mount has one too


def test_routes_exist(tmp_path: Path) -> None:
    """A path that ends with a slash may stand for whatever is under it."""
    known = [re.sub(r"\{\w+(:\w+)?\}", "*", path) for path in _paths(tmp_path)]
    known += [page.removesuffix("/") + "/" for path in known for page in _parents(path)] + ["/static/"]
    patterns = [re.compile(re.escape(path).replace(r"\*", "[^/]+")) for path in known]
    named = {match.rstrip("….;:|") for match in _ROUTE.findall(EVERYTHING)}
    assert len(named) > 30
    assert sorted(path for path in named if not any(pattern.fullmatch(path) for pattern in patterns)) == []


def _parents(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _codes(kind: type[ApiError]) -> Iterator[str]:
    if kind.__module__.startswith("streaming."):
        yield kind.code
    for below in kind.__subclasses__():
        yield from _codes(below)


def test_problem_codes_exist_and_are_all_listed() -> None:
    named = set()
    for page in ("playback.md", "uploads.md", "live.md"):
        table = (ROOT / "docs" / page).read_text().split("\n## Errors\n")[1].split("\n## ")[0]
        for row in re.findall(r"^\| \d{3} \| ([^|]+) \|", table, re.MULTILINE):
            named |= set(re.findall(r"`(\w+)`", row))
    assert issubclass(streaming.live.ingest.http.errors.HeaderMissing, ApiError)
    # Those of the roots in streaming/http/problem.py: what is raised is a more telling one, or a bare status.
    roots = {ApiError.code} | {kind.code for kind in ApiError.__subclasses__()}
    assert named <= set(_codes(ApiError))
    hidden = {UploadSuperseded.code}  # an upload tells it as UploadGone
    assert set(_codes(ApiError)) - roots - hidden <= named


def test_levels_are_all_listed() -> None:
    listed = re.findall(r"^Levels: (.+)\. Kinds: ", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    assert [re.findall(r"`(\w+)`", line) for line in listed] == [[level.name.lower() for level in Level]]


def test_metrics_exist_and_are_all_listed() -> None:
    assert transcoder.metrics.FAILURES is not None
    assert streaming.live.ingest.metrics.REFUSED is not None
    assert streaming.live.health.metrics.FRAMES is not None
    assert streaming.live.timeline.metrics.SECTIONS is not None
    assert transcoder.live.metrics.FEEDS is not None
    known = {f"{family.name}_total" if family.type == "counter" else family.name for family in REGISTRY.collect()}
    known = {name for name in known if name.startswith("channel_")}
    assert set(re.findall(r"`(channel_[a-z_]+)`", (ROOT / "docs" / "operations.md").read_text())) == known

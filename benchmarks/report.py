"""What a benchmark says: a table for people and numbers for programs."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

OUT = Path(__file__).parent / "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`rows` are the table's; `ratio` is ours against the rival or limit, `target` what it is to be."""

    name: str
    question: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    verdict: str
    numbers: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if {len(row) for row in self.rows} - {len(self.columns)}:
            raise ValueError("each row has a cell for every column")


def machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return f"{os.cpu_count()} × {model}, Python {platform.python_version()}"


def render(results: list[Result]) -> str:
    """The report as Markdown."""
    lines = [
        "# Measurements",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}. Run again: `make bench`. These machines are shared and",
        "noisy: read the ratios, which compare two things in one run.",
    ]
    for result in results:
        lines += [
            "", f"## {result.name}", "", result.question, "",
            "| " + " | ".join(result.columns) + " |", "|" + "---|" * len(result.columns),
        ]  # fmt: skip
        lines += ["| " + " | ".join(row) + " |" for row in result.rows]
        lines += ["", result.verdict]
    return "\n".join(lines) + "\n"


def save(results: list[Result]) -> Path:
    OUT.mkdir(exist_ok=True)
    (OUT / "report.json").write_text(json.dumps([asdict(result) for result in results], indent=1))
    path = OUT / "report.md"
    path.write_text(render(results))
    return path

"""Where inputs lie: a folder of seeds for each target, and of inputs that once broke it."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
SEEDS = HERE / "corpus"
CRASHERS = HERE / "crashers"


def seeds(name: str) -> list[bytes]:
    """The seeds of a target, in order of their names; an empty input where there is none."""
    return _read(SEEDS / name) or [b""]


def crashers(name: str) -> list[bytes]:
    """Inputs that a target failed on before it was mended."""
    return _read(CRASHERS / name)


def _read(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(folder.iterdir())] if folder.is_dir() else []

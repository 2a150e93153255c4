"""`python -m tests.fuzz NAME --seconds N`: a target under atheris, guided by what its inputs cover.

What it finds is written to tests/fuzz/crashers/NAME, where the tests replay it. New inputs that cover more are kept for
this run only: the committed seeds stay few.
"""

from __future__ import annotations

import argparse
import importlib
import resource
import sys
import tempfile
from pathlib import Path

from tests.fuzz.corpus import CRASHERS, HERE, SEEDS

TARGETS = sorted(file.stem for file in (HERE / "targets").glob("*.py"))

# What is ours is instrumented; the packages that it uses are not, or most of the time would go there.
OURS = ["manifests", "transcoder", "streaming"]
_MEMORY = 3 << 29


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz one target.")
    parser.add_argument("name", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60, help="how long (default 60)")
    asked = parser.parse_args()
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        parser.exit(2, "atheris is not installed: it has wheels for Linux on x86-64, Python 3.11 to 3.13.\n")
    with atheris.instrument_imports(include=OURS):
        module = importlib.import_module(f"tests.fuzz.targets.{asked.name}")
    # libFuzzer's own limit looks at the largest size ever, which a process has from whoever started it (getrusage(2)).
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    found = CRASHERS / asked.name
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as kept:
        words = Path(kept) / "words"
        words.write_text("".join(map(_entry, _words(module))))
        corpus = Path(kept) / "corpus"
        corpus.mkdir()
        folders = [str(folder) for folder in (corpus, SEEDS / asked.name) if folder.is_dir()]
        limits = [f"-max_total_time={asked.seconds}", "-timeout=10", "-rss_limit_mb=0", "-max_len=8192"]
        atheris.Setup(
            [sys.argv[0], *folders, *limits, f"-dict={words}", f"-artifact_prefix={found}/"],
            module.target,
        )
        atheris.Fuzz()


def _entry(piece: bytes) -> str:
    """A line of libFuzzer's dictionary."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in piece) + '"\n'


def _words(module: object) -> list[bytes]:
    pieces: list[bytes] = [*getattr(module, "PIECES", ()), *getattr(module, "KINDS", ())]
    return [piece for piece in pieces if 0 < len(piece) <= 64]


if __name__ == "__main__":
    main()

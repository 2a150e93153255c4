"""`python -m benchmarks [NAME…]`: run the benchmarks and write benchmarks/out/report.md."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.catalogue import BENCHMARKS, Benchmark
from benchmarks.report import render, save

if TYPE_CHECKING:
    from collections.abc import Sequence


def chosen(arguments: Sequence[str] | None = None) -> tuple[list[Benchmark], bool]:
    """The benchmarks that are named, or all; and whether only to look that they run. Raises SystemExit."""
    listed = "\n".join(f"  {each.module:<14} {each.about} (about {each.minutes:g} min)" for each in BENCHMARKS)
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measure, and write the report to benchmarks/out.",
        epilog=f"names, with the time on two cores that have nothing else to do:\n{listed}",
    )  # fmt: skip
    parser.add_argument("name", nargs="*", help="benchmarks to run; without any, all of them")
    parser.add_argument(
        "--quick", action="store_true",
        help="do they still run? Of those named that have a small form (" + ", ".join(_quick()) + ") run it",
    )  # fmt: skip
    found = parser.parse_args(arguments)
    named = {each.module: each for each in BENCHMARKS}
    for name in found.name:
        if name not in named:
            parser.error(f"there is no benchmark {name!r}; write some of {', '.join(named)}")
        if found.quick and not named[name].quick:
            parser.error(f"{name} has no small form")
    names = found.name or (_quick() if found.quick else named)
    return [named[name] for name in names], found.quick


def _quick() -> list[str]:
    return [each.module for each in BENCHMARKS if each.quick]


def main() -> None:
    benchmarks, quick = chosen()
    if not quick:
        print(f"about {sum(each.minutes for each in benchmarks):g} min in all", file=sys.stderr)
    results = []
    for each in benchmarks:
        print(f"… {each.module}: {each.about}", file=sys.stderr, flush=True)
        begun = time.monotonic()
        results.append(each.run(quick=quick))
        print(f"  {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
        # What was measured so far is kept, whatever becomes of the next one.
        path = save(results)
    print(render(results))
    print(f"written to {path}", file=sys.stderr)


if __name__ == "__main__":
    main()

"""`python -m benchmarks [NAME…]`: run the benchmarks and write benchmarks/out/report.md."""

from __future__ import annotations

import importlib
import sys

from benchmarks.report import render, save

ALL = ("first_segment", "growing", "just_in_time", "scaling", "peers", "per_title", "manifests", "heartbeats")


def main() -> None:
    results = []
    for name in sys.argv[1:] or ALL:
        print(f"… {name}", file=sys.stderr, flush=True)
        results.append(importlib.import_module(f"benchmarks.{name}").run())
    path = save(results)
    print(render(results))
    print(f"written to {path}", file=sys.stderr)


if __name__ == "__main__":
    main()

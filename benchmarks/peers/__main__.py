"""`python -m benchmarks.peers [--repeat N] [--quick]`: this benchmark alone."""

from __future__ import annotations

import argparse

from benchmarks.peers.race import ROUNDS, run
from benchmarks.report import render


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--repeat", type=int, default=ROUNDS, help="rounds; medians are shown (%(default)s)")
    parser.add_argument(
        "--quick", action="store_true", help="one round over a clip of some seconds: does it still run?"
    )
    chosen = parser.parse_args()
    print(render([run(repeat=chosen.repeat, quick=chosen.quick)]))


if __name__ == "__main__":
    main()

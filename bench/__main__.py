"""Runs the benches, prints their tables, and writes docs/performance.md and docs/cost.md; fails where a budget is
passed."""

import argparse
import sys
from pathlib import Path

from bench import choices, growth, money, report, speed, standing
from bench.sample import record

DOCS = Path(__file__).parent.parent / "docs"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds of CPU timing")
    parser.add_argument(
        "--only",
        choices=("speed", "cost", "standing"),
        help="one of the two documents, or of costs those of an idle stage",
    )
    chosen = parser.parse_args()
    if chosen.only == "standing":
        report.write_standing(standing.count(), DOCS)
        return 0
    past: list[str] = []
    order = money.count()
    if chosen.only != "cost":
        sample = record()
        with speed.prepared(sample, as_lambda=True) as bench:
            on_lambda = speed.measure(bench, chosen.rounds)
            decided = choices.measure(bench)
        with speed.prepared(sample, as_lambda=False) as bench:
            here = speed.measure(bench, chosen.rounds)
        past += report.write_speed(on_lambda, here, decided, order, DOCS)
    if chosen.only != "speed":
        past += report.write_cost(order, standing.count(), growth.grown(), DOCS)
    for each in past:
        print(f"past its budget: {each}", file=sys.stderr)
    return bool(past)


sys.exit(main())

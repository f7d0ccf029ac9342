# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures the collection beside what people use instead: ``make bench``. It writes docs/benchmark.md and docs/benchmark.svg."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import ledgers
import report
import works
from comparison import Comparison
from runs import ROOT, RunError


def main() -> None:
    """Read the command line, measure, write the report."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / ".work" / "bench", help="what is made for the runs goes there (%(default)s)")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="take the median of so many (%(default)s)")
    parser.add_argument("--latency", type=int, action="append", metavar="MS", help="before each answer; repeatable (0 and 50)")
    parser.add_argument("--only", default="", metavar="WORD", help="only works with this word in their title, or `ledger`")
    parser.add_argument("--quick", action="store_true", help="small works, once, without latency; docs/ is left as it is")
    words = parser.parse_args()
    partial = words.quick or words.only or words.latency
    output, repeat = words.folder if partial else ROOT / "docs", 1 if words.quick else words.runs
    chosen = [work for work in (works.QUICK if words.quick else works.FULL) if words.only in f"{work.title} {work.again}"]
    if not chosen and words.only != "ledger":
        parser.error(f"no work has {words.only!r} in its title")
    comparison, lines = Comparison(words.folder / "runs", repeat), []
    empty = comparison.idle()
    for latency in words.latency or ([0] if words.quick else [0, 50]):
        for work in chosen:
            print(f"{work.title}, {latency} ms", flush=True)
            lines += comparison.measure(work, latency)
    of_ledgers = ledgers.measure(words.folder / "ledgers", repeat, words.quick) if words.only in ("", "ledger") else []
    (output / "benchmark.md").write_text(report.write(lines, empty, repeat, of_ledgers), "utf-8")
    if lines:
        (output / "benchmark.svg").write_text(report.draw(lines), "utf-8")
    print(f"{output / 'benchmark.md'}{' and benchmark.svg' if lines else ''}")


if __name__ == "__main__":
    try:
        main()
    except RunError as error:
        sys.exit(str(error))

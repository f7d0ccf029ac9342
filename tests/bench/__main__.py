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
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / ".work" / "bench", help="what is made for the runs goes there (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="small works, once, without latency; docs/ is left as it is")
    options = parser.parse_args()
    folder, quick = options.folder, options.quick
    output, repeat = (folder, 1) if quick else (ROOT / "docs", 3)
    comparison, lines = Comparison(folder / "runs", repeat), []
    empty = comparison.idle()
    for latency in (0,) if quick else (0, 50):
        for work in works.QUICK if quick else works.FULL:
            print(f"{work.title}, {latency} ms", flush=True)
            lines += comparison.measure(work, latency)
    of_ledgers = ledgers.measure(folder / "ledgers", repeat, quick)
    (output / "benchmark.md").write_text(report.write(lines, empty, repeat, of_ledgers), "utf-8")
    (output / "benchmark.svg").write_text(report.draw(lines), "utf-8")
    print(f"{output / 'benchmark.md'} and benchmark.svg")


if __name__ == "__main__":
    try:
        main()
    except RunError as error:
        sys.exit(str(error))

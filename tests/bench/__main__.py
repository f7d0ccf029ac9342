# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures the collection beside what people use instead: ``make bench``. It writes docs/benchmark.md and docs/benchmark.svg."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import chart
import ledgers
import report
import worlds
from measuring import Course, RunError
from service import ROOT


def main() -> int:
    """Read the command line, measure, write the report."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / ".work" / "bench", help="what is made for the runs goes there (%(default)s)")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="take the median of so many (%(default)s)")
    parser.add_argument("--latency", type=int, action="append", metavar="MS", help="before each answer; repeatable (0 and 50)")
    parser.add_argument("--only", default="", metavar="WORD", help="only works with this word in their title")
    parser.add_argument("--quick", action="store_true", help="small works, once, without latency; docs/ is left as it is")
    words = parser.parse_args()
    partial = words.quick or words.only or words.latency
    output = words.folder if partial else ROOT / "docs"
    works = [work for work in (worlds.QUICK if words.quick else worlds.FULL) if words.only in f"{work.title} {work.again}"]
    if not works and words.only != "ledger":
        parser.error(f"no work has {words.only!r} in its title")
    latencies = words.latency or ([0] if words.quick else [0, 50])
    started = time.monotonic()
    course = Course(words.folder / "runs", 1 if words.quick else words.runs)
    empty = course.idle()
    print(f"empty play {empty:.2f} s", flush=True)
    lines = []
    for work in works:
        for latency in latencies:
            for line in course.measure(work, latency):
                print(report.one_line(line), flush=True)
                lines.append(line)
    about = [] if words.only and words.only not in "ledger" else ledgers.measure(words.folder / "ledgers", course.runs, words.quick)
    lines.sort(key=lambda line: latencies.index(line.latency))  # and within that in the order of the works
    (output / "benchmark.md").write_text(report.write(lines, empty, course.runs, about), "utf-8")
    if lines:
        (output / "benchmark.svg").write_text(chart.draw(lines), "utf-8")
    print(f"{output / 'benchmark.md'}{' and benchmark.svg' if lines else ''}, after {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RunError as error:
        sys.exit(str(error))

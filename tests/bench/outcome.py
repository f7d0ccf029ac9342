# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it costs to learn what was loaded: waiting beside a script that polls the same, and what a requeue records for it. See loads.py."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from contenders import HERE
from ledgers import SQLITE, Line, one_line, run_python

MOST = 1.03  # what a requeue may cost that records what was shown before, of one that does not


def _shown(rounds: list[dict[str, int]]) -> str:
    """How many requests each round made: ``extracts + issues + jobs``."""
    return ", ".join(" + ".join(str(one.get(kind, 0)) for kind in ("extracts", "issues", "jobs")) for one in rounds)


def measure(folder: Path, quick: bool) -> list[Line]:
    """The figures."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    datastreams, extracts, pairs = (4, 50, 3) if quick else (100, 5_000, 15)
    waiting = json.loads(run_python(str(HERE / "loads.py"), "wait", str(folder), str(datastreams), "50"))
    beside = [{**one, "bindings": 0} for one in waiting["rounds of the script"]]
    once = waiting["rounds"][0].get("bindings", 0)
    same = [{**one, "bindings": 0} for one in waiting["rounds"]] == beside
    note = f"requests of each round (extracts + issues + jobs): {_shown(waiting['rounds'])}; {once} for bindings at the beginning"
    note += "; those of the script are the same" if same else f"; of the script: {_shown(beside)}"
    title = f"waiting for {50 * datastreams:,} extracts of {datastreams} datastreams, beside a script"
    lines = [Line(title, SQLITE, waiting["seconds"], waiting["script"], note)]
    recorded = json.loads(run_python(str(HERE / "loads.py"), "baseline", str(folder), str(extracts), str(pairs)))
    note = f"the best of {pairs} each, ratio {recorded['ratio']:.3f}, at most {MOST:.2f} is meant"
    title = f"requeue of {extracts:,} extracts, beside one that does not record their states"
    lines.append(Line(title, SQLITE, recorded["seconds"], recorded["without"], note))
    for line in lines:
        print(one_line(line), flush=True)
    return lines

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report: tables in Markdown, made by the run alone."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version

import ledgers
from contenders import FLOOR, OURS, URI
from measuring import Measured, Samples

INTRODUCTION = """\
# Benchmark

The same work, on the same simulator, in one run: with the collection, with a playbook of `ansible.builtin.uri` as a careful user would write it
(it reads first, loops over what differs in batches as large as the API allows, and checks each status), and with a bare script on one
`requests.Session`, the floor. `make bench` measures it and writes this page; the playbooks and the script are in `tests/bench`.

![Seconds for each work](benchmark.svg)
"""

LEGEND = """\
Seconds are those of the whole command, from its start to its end, as the median of {runs}. *Ping* is the smallest play that runs a module, once after
each run of ours; (ours - ping) / floor is what the collection takes beyond it, as a multiple of the whole script, which includes the start of Python and
the import of requests.
*Memory* is the peak of the largest module process of ours, asked of `/proc` in a run of its own that is not timed (VmHWM), and for the script its
own peak as the system tells it (`wait4`).
"""

BACKFILL = """\
Where the API responds at once, a backfill takes more than the script in four places. An intention is on disk before each POST: that is what keeps a
second run from loading anything twice. The script keeps nothing. Ansible ships a module as source, which is packed, sent and compiled for each task.
Everything that a module returns is searched for the key, number by number. The time at which an extract was fetched is read, compared and written down. With
an API that takes its time, none of this counts.
"""

LEDGERS = """\
Whole plays; beside: the same in an empty ledger, or in SQLite.
"""


def _seconds(samples: Samples) -> str:
    return f"{samples.median:.2f}" if samples.seconds else "-"


def _memory(samples: Samples) -> str:
    return "-" if samples.memory is None else f"{samples.memory:.0f} MiB"


def _wire(samples: Samples) -> str:
    return f"{samples.requests} / {samples.connections}" if samples.seconds else "-"


def beyond(line: Measured) -> float:
    """Return what the collection takes beyond the smallest play with a module, as a multiple of the script."""
    return (line.samples[OURS].median - line.ping) / line.samples[FLOOR].median


def ratio(line: Measured) -> float | None:
    """Return how many times faster than uri the collection is; None where that was left out."""
    theirs = line.samples[URI]
    return theirs.median / line.samples[OURS].median if theirs.seconds else None


def one_line(line: Measured) -> str:
    """Return what is shown while the bench runs."""
    seconds = ", ".join(f"{name} {_seconds(samples)} s" for name, samples in line.samples.items())
    times = ratio(line)
    compared = f", {times:.1f} times faster than uri" if times else ""
    return f"{line.title}, {line.latency} ms: {seconds}{compared}, ping {line.ping:.2f} s; (ours - ping) / floor {beyond(line):.2f}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines) + "\n"


def _times(lines: list[Measured]) -> str:
    head = ["work", "ours, s", "uri, s", "floor, s", "ping, s", "uri / ours", "(ours - ping) / floor"]
    rows = []
    for line in lines:
        times = ratio(line)
        compared = f"{times:.1f}" if times else "-"
        seconds = [_seconds(line.samples[name]) for name in (OURS, URI, FLOOR)]
        rows.append([line.title, *seconds, f"{line.ping:.2f}", compared, f"{beyond(line):.2f}"])
    return _table(head, rows)


def _wires(lines: list[Measured]) -> str:
    head = ["work", "ours", "uri", "floor", "memory, ours", "memory, floor"]
    rows = []
    for line in lines:
        requests = [_wire(line.samples[name]) for name in (OURS, URI, FLOOR)]
        rows.append([line.title, *requests, *(_memory(line.samples[name]) for name in (OURS, FLOOR))])
    return _table(head, rows)


def _ledgers(lines: list[ledgers.Line]) -> str:
    head = ["work", "store", "seconds", "beside, s", "ratio"]
    rows = []
    for line in lines:
        beside = ["-", "-"] if line.beside is None else [f"{line.beside:.2f}", f"{line.seconds / line.beside:.2f}"]
        rows.append([line.title, line.store, f"{line.seconds:.2f}", *beside])
    return _table(head, rows)


def write(lines: list[Measured], empty: float, runs: int, about: list[ledgers.Line]) -> str:
    """Return the page."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, ansible-core {version('ansible-core')}, requests {version('requests')}"
    parts = [INTRODUCTION, f"Machine: {machine}.\n", LEGEND.format(runs=f"{runs} runs" if runs > 1 else "one run")]
    parts.append(f"A play without a task takes {empty:.2f} s.\n")
    for latency in dict.fromkeys(line.latency for line in lines):
        chosen = [line for line in lines if line.latency == latency]
        parts.append(f"## {latency} ms before each answer\n")
        parts.append(_times(chosen))
        parts += [f"{line.title}: uri left out, since it would take some ten minutes.\n" for line in chosen if not line.samples[URI].seconds]
        parts.append("Requests / connections, and memory:\n")
        parts.append(_wires(chosen))
    parts += ["## A backfill beside the script\n", BACKFILL]
    if about:
        parts += ["## The ledger\n", LEDGERS, _ledgers(about)]
    return "\n".join(parts)

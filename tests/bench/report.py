# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report: tables in Markdown and a chart in SVG, made by the run alone."""

from __future__ import annotations

import os
import platform
from html import escape
from importlib.metadata import version

import ledgers
from comparison import Measured, Samples
from runs import OURS, SCRIPT, URI

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

NAMES = {OURS: "the collection", URI: "uri playbook", SCRIPT: "bare script"}
COLOURS = {OURS: "#3d85c6", URI: "#cc7a29", SCRIPT: "#8a8a8a"}
WIDTH, LEFT, RIGHT, BAR, GAP = 900, 290, 110, 13, 16  # of the chart, in pixels


def _seconds(samples: Samples) -> str:
    return f"{samples.median:.2f}" if samples.seconds else "-"


def _memory(samples: Samples) -> str:
    return "-" if samples.memory is None else f"{samples.memory:.0f} MiB"


def _network(samples: Samples) -> str:
    return f"{samples.requests} / {samples.connections}" if samples.seconds else "-"


def _table(*rows: list[str]) -> str:
    lines = [rows[0], ["---"] + ["---:"] * (len(rows[0]) - 1), *rows[1:]]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines) + "\n"


def _line_of_ledger(line: ledgers.Line) -> list[str]:
    beside = ["-", "-"] if line.beside is None else [f"{line.beside:.2f}", f"{line.seconds / line.beside:.2f}"]
    return [line.title, line.store, f"{line.seconds:.2f}", *beside]


def write(lines: list[Measured], empty: float, repeat: int, of_ledgers: list[ledgers.Line]) -> str:
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, ansible-core {version('ansible-core')}, requests {version('requests')}"
    parts = [INTRODUCTION, f"Machine: {machine}.\n", LEGEND.format(runs=f"{repeat} runs" if repeat > 1 else "one run")]
    parts.append(f"A play without a task takes {empty:.2f} s.\n")
    for latency in dict.fromkeys(line.latency for line in lines):
        chosen = [line for line in lines if line.latency == latency]
        parts.append(f"## {latency} ms before each answer\n")
        parts.append(_table(
            ["work", "ours, s", "uri, s", "floor, s", "ping, s", "uri / ours", "(ours - ping) / floor"],
            *([line.title, *map(_seconds, line.samples.values()), f"{line.ping:.2f}", line.ratio, line.beyond] for line in chosen),
        ))  # fmt: skip
        parts += [f"{line.title}: uri left out, since it would take some ten minutes.\n" for line in chosen if not line.samples[URI].seconds]
        parts.append("Requests / connections, and memory:\n")
        parts.append(_table(
            ["work", "ours", "uri", "floor", "memory, ours", "memory, floor"],
            *([line.title, *map(_network, line.samples.values()), *(_memory(line.samples[name]) for name in (OURS, SCRIPT))] for line in chosen),
        ))  # fmt: skip
    parts += ["## A backfill beside the script\n", BACKFILL]
    if of_ledgers:
        parts += ["## The ledger\n", "Whole plays; beside: the same in an empty ledger, or in SQLite.\n"]
        parts.append(_table(["work", "store", "seconds", "beside, s", "ratio"], *map(_line_of_ledger, of_ledgers)))
    return "\n".join(parts)


def draw(lines: list[Measured]) -> str:
    """Return the chart: for each work, at each latency, a bar for each contender, all to one linear scale."""
    scale = (WIDTH - LEFT - RIGHT) / max(samples.median for line in lines for samples in line.samples.values() if samples.seconds)
    parts: list[str] = []
    for number, (name, text) in enumerate(NAMES.items()):
        parts += [_bar(10 + 140 * number, 8, 12, 12, COLOURS[name]), _text(28 + 140 * number, 18.5, text)]
    y, latency = 34, None
    for line in lines:
        if line.latency != latency:
            latency = line.latency
            parts.append(_text(10, y + 14, f"{latency} ms before each answer (seconds, less is better)", 'font-weight="bold"'))
            y += 30
        parts.append(_text(LEFT - 10, y + BAR * 1.5 + 4, line.title, 'text-anchor="end"'))
        for name, samples in line.samples.items():
            width = max(1.0, samples.median * scale) if samples.seconds else 0.0
            parts += [_bar(LEFT, y, width, BAR - 2, COLOURS[name]), _text(LEFT + width + 6, y + 10, _seconds(samples) if width else "left out")]
            y += BAR
        y += GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" font-family="sans-serif" font-size="12">'
    return "\n".join([head, *parts, "</svg>\n"])


def _bar(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{width:.1f}" height="{height}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, more: str = "") -> str:
    # A grey that stands out from white and from black alike.
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="#7d7d7d" {more}>{escape(text)}</text>'

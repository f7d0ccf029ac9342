# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault against every kind of call. The table in expected.py says what has to come of it; the tables in docs/fault-matrix.md show what came."""

from __future__ import annotations

import os
import re

import pytest
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.matrix.calls import CALLS
from ansible_collections.adverity.management.tests.unit.plugins.matrix.expected import RETRIES, TIMEOUT, in_words, is_allowed, read_table

TABLE = read_table()
DOCUMENT = in_process.ROOT / "docs" / "fault-matrix.md"


def run_call(begin, name, fault):
    """Run one kind of call under a fault, and once more when it is over: the outcome, how often the request was sent, and what the second run does."""
    call = CALLS[name]
    scene = begin(call.world())
    scene.options.update(retries=RETRIES, retry_max_delay=0.2, timeout=TIMEOUT)
    scene.service.fault(**call.fault(fault))
    result = scene.run(call.module, **call.options)
    scene.settle()
    assert scene.service.faults[0].fired, "the fault was never met"
    outcome, sent = call.judge(scene, result)
    scene.service.faults.clear()
    scene.forget()
    return outcome, sent, call.finish(scene, scene.run(call.module, **call.options), outcome) if call.finish else None


def as_markdown(name, seen):
    """The table of a call in the document. The last column is only there where a second run makes sense."""
    width = 4 if CALLS[name].finish else 3
    rows = [[fault, in_words(TABLE[name][fault]), in_words(f"{outcome} {sent}"), afterwards] for fault, (outcome, sent, afterwards) in seen.items()]
    head, *lines = [f"| {' | '.join(row[:width])} |\n" for row in (["Fault", "Expected", "Seen", "A second run"], *rows)]
    return "".join([head, "|" + "---|" * width + "\n", *lines])


@pytest.mark.parametrize("name", CALLS)
def test_call_under_each_fault_comes_to_what_is_expected_and_stands_in_the_document(begin, name):
    """From a checkout the document is written anew where it is not current; what is committed has to be what a run gives."""
    seen = {fault: run_call(begin, name, fault) for fault in TABLE[name]}
    wrong = [f"{fault}: expected {cell}; seen {seen[fault]}" for fault, cell in TABLE[name].items() if not is_allowed(cell, *seen[fault][:2])]
    assert wrong == []
    committed = DOCUMENT.read_text("utf-8")
    before, table, after = re.fullmatch(rf"(.*\n## {name}\n\n[^\n]+\n\n)((?:\|[^\n]*\n)+)(.*)", committed, re.S).groups()
    current = as_markdown(name, seen)
    if current != table and "ANSIBLE_TEST_CI" not in os.environ:
        DOCUMENT.write_text(before + current + after, "utf-8")
    assert current == table, f"{DOCUMENT} was not current; run from a checkout, this test writes it anew"

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault against every kind of call. The table in expected.py says what has to come of it; docs/fault-matrix.md shows what came."""

from __future__ import annotations

import os
from typing import NamedTuple

import pytest
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from ansible_collections.adverity.management.tests.unit.plugins.matrix.calls import CALLS
from ansible_collections.adverity.management.tests.unit.plugins.matrix.expected import RETRIES, TIMEOUT, read_table, times

TABLE = read_table()
DOCUMENT = in_process.ROOT / "docs" / "fault-matrix.md"


class Seen(NamedTuple):
    """What came of one call under one fault; `afterwards` is what a second run does, empty where there was none."""

    outcome: str
    sent: int
    afterwards: str

    def __str__(self) -> str:
        return f"{self.outcome}, sent {times(self.sent)}"


def run_call(begin, name, fault):
    """Run one kind of call under a fault, and once more when it is over."""
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
    afterwards = call.finish(scene, scene.run(call.module, **call.options), outcome) if call.finish else ""
    return Seen(outcome, sent, afterwards)


@pytest.mark.parametrize("name", CALLS)
def test_what_is_expected_comes_and_stands_in_the_document(begin, name):
    """From a checkout the document is written anew where it is not current; what is committed has to be what a run gives."""
    results = {fault: run_call(begin, name, fault) for fault in TABLE[name]}
    wrong = [f"{fault}: expected {cell}; seen {results[fault]}" for fault, cell in TABLE[name].items() if not cell.allows(*results[fault][:2])]
    assert wrong == []
    committed, ours = DOCUMENT.read_text("utf-8").split("\n## "), section(name, results)
    current = [ours if other.startswith(name + "\n") else other for other in committed]
    if current != committed and "ANSIBLE_TEST_CI" not in os.environ:
        DOCUMENT.write_text("\n## ".join(current), "utf-8")
    assert ours in committed, f"{DOCUMENT} was not current; run from a checkout, this test writes it anew"


def test_document_has_its_introduction_and_a_section_for_each_call():
    introduction, *sections = DOCUMENT.read_text("utf-8").split("\n## ")
    assert introduction == INTRODUCTION.lstrip()
    assert [one.splitlines()[0] for one in sections] == list(CALLS)


def section(name, results):
    """What the document says of a call, as Markdown."""
    with_second_run = any(seen.afterwards for seen in results.values())
    titles = ["Fault", "Expected", "Seen"] + ["A second run"] * with_second_run
    lines = [name, "", HEADINGS[name], "", "| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    for fault, seen in results.items():
        cells = [fault, str(TABLE[name][fault]), str(seen)] + [seen.afterwards] * with_second_run
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


INTRODUCTION = """
# Faults

What the collection does when the network or the API misbehaves. This page is written by the unit tests in
`tests/unit/plugins/matrix`: for each line, the module ran against the simulator with that fault. The integration target
`faults` repeats one line for each outcome of a call over HTTP, as a task in a playbook. *Expected* was written down before, in
`tests/unit/plugins/matrix/expected.py`; the test fails where *seen* is something else, and where this page is not what the run gives.

Every call sends three requests of one kind, and the fault meets the second: the second page of a list, the second binding,
the second fifty datastreams, the second batch of extracts. The modules ran with `retries: 2`. A fault meets one try, a
lasting one every try.

- **survived**: the result is whole and right, as if nothing had been.
- **error**: the call fails and says why; what was done before is in `affected`, the rest in `remaining`. A refused write did nothing.
- **unknown**: the call fails, and says of what it does not know whether Adverity did it.
- **sent**: how often the request that met the fault went out. An answer that is too slow may still take effect between two tries.
"""
HEADINGS = {
    "bindings list": "`adverity_binding_info` on 201 bindings. What survived is compared with what the simulator holds; an error shows no part of the list.",
    "extracts list": "`adverity_extract_info` on 201 extracts. A 404 on a later page means that the list became shorter: it is read anew.",
    "PATCH binding": "`adverity_binding` enables three bindings. One that cannot be written does not hold up the third. Compared with what the simulator"
    " then holds.",
    "PATCH datastreams": "`adverity_datastream` enables 120 datastreams. A failure lists as `remaining` all that the API did not confirm.",
    "PUT smart": "`adverity_smart_pulling` changes one setting of 120 datastreams. A failure lists as `remaining` all that the API did not confirm.",
    "POST requeue": "`adverity_requeue` sends six extracts, two at a time. Compared with the simulator's record of loads, and with `adverity_requeue_info`:"
    " after an error the two are pending, else unknown. In the end each extract was loaded once; what is unknown, once or not at all.",
}

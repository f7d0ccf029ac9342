# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault against every kind of call. The table in expected.py says what has to come of it; docs/fault-matrix.md shows what came."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest
from adverity_harness.place import ROOT
from adverity_harness.side_by_side import Case, open_cases, settle
from calls import CALLS, SURVIVED
from expected import read_table, times

TABLE = read_table()
DOCUMENT = ROOT / "docs" / "fault-matrix.md"


class Seen(NamedTuple):
    """What came of one call under one fault; `afterwards` is what a second run does, empty where there was none."""

    outcome: str
    sent: int
    afterwards: str

    def __str__(self) -> str:
        return f"{self.outcome}, sent {times(self.sent)}"


def run_call(folder, name, faults, in_a_play=False):
    """Run one kind of call under each of these faults; what came of each, by fault."""
    call = CALLS[name]
    patient_first = sorted(faults, key=lambda fault: fault.startswith("too slow"))  # the machine is less busy when time counts
    cases = {fault: Case(call.world(), faults=(call.fault(fault),), environment=call.environment(fault)) for fault in patient_first}
    with open_cases(folder, cases) as crew:
        act = crew.play_all if in_a_play else crew.act
        told = act(call.tasks)
        verdicts = {}
        for fault, scene in crew.scenes.items():
            settle(scene)
            try:
                assert scene.service.faults[0].fired, "the fault was never met"
                verdicts[fault] = call.judge(scene, told, fault)
            except AssertionError as error:
                raise AssertionError(f"{name}: {fault}: {error}\n{told.all(fault, 'call')}") from error
            scene.service.faults.clear()
            scene.forget()
        ends = {}
        if call.again:
            told = act(list(call.again))
            ends = {fault: call.finish(scene, told, fault, verdicts[fault][0]) for fault, scene in crew.scenes.items()}
            due = {len(scene.writes()) for fault, scene in crew.scenes.items() if verdicts[fault][0] != SURVIVED}
            assert in_a_play or len(due) > 1, "the service did it, or it did not: a second run meets both"
        return {fault: Seen(*verdicts[fault], ends.get(fault, "")) for fault in faults}


@pytest.fixture(name="seen", scope="module")
def fixture_seen(tmp_path_factory):
    """Tells what came of a call under each fault."""
    with ThreadPoolExecutor(2) as pool:  # much of it is waiting
        runs = {name: pool.submit(run_call, tmp_path_factory.mktemp("matrix"), name, TABLE[name]) for name in CALLS}
        yield lambda name: runs[name].result()


@pytest.mark.parametrize("name", CALLS)
def test_what_is_expected_comes(seen, name):
    results = seen(name)
    wrong = {fault: (str(cell), str(results[fault])) for fault, cell in TABLE[name].items() if not cell.allows(*results[fault][:2])}
    assert not wrong, "expected and seen differ"


@pytest.mark.parametrize("name", CALLS)
def test_the_same_comes_in_a_play(seen, tmp_path, name):
    """The others are modules without ansible-playbook; of each outcome one fault is met by tasks of a play."""
    first = {seen.outcome: fault for fault, seen in reversed(seen(name).items())}
    played = run_call(tmp_path, name, list(first.values()), in_a_play=True)
    assert played == {fault: seen(name)[fault] for fault in first.values()}


def test_the_document_shows_what_was_seen(seen):
    """From a checkout the document is written anew where it is not current; what is committed has to be what a run gives."""
    text = document({name: seen(name) for name in CALLS})
    committed = DOCUMENT.read_text("utf-8") if DOCUMENT.exists() else ""
    if text != committed and "ANSIBLE_TEST_CI" not in os.environ:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(text, "utf-8")
    assert committed == text, f"{DOCUMENT} was not current; run from a checkout, this test writes it anew"


def document(results):
    """The matrix as Markdown."""
    lines = [INTRODUCTION.strip()]
    for name, faults in results.items():
        with_second_run = any(seen.afterwards for seen in faults.values())
        titles = ["Fault", "Expected", "Seen"] + ["A second run"] * with_second_run
        lines += ["", f"## {name}", "", HEADINGS[name], "", "| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
        for fault, seen in faults.items():
            expected = TABLE[name][fault]
            timing = fault.startswith("too slow") and not expected.exact  # how often depends on the machine
            cells = [fault, str(expected), str(expected if timing else seen)] + [seen.afterwards] * with_second_run
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


INTRODUCTION = """
# Faults

What the collection does when the network or the service misbehaves. This page is written by the integration target
`faults`: for each line, the module ran over HTTP against the simulator with that fault; for each outcome of a call, one line also ran as a task in a
playbook. *Expected* was written down before, in `tests/integration/targets/faults/expected.py`; the test fails where *seen* is something else, and where
this page is not what the run gives.

Every call sends three requests of one kind, and the fault meets the second: the second page of a list, the second binding,
the second fifty datastreams, the second batch of extracts. The modules ran with `retries: 2`. A fault meets one try, a
lasting one every try.

- **survived**: the result is whole and right, as if nothing had been.
- **error**: the call fails and says why; what was done before is in `affected`, the rest in `remaining`. A refused write did nothing.
- **unknown**: the call fails, and says of what it does not know whether the service did it.
- **sent**: how often the request that met the fault went out. Where an answer that is too slow may still take effect between two tries, the number depends
  on the machine, and *seen* gives the limit that it kept.
"""
HEADINGS = {
    "bindings list": "`adverity_binding_info` on 201 bindings. What survived is compared with what the service holds; an error shows no part of the list.",
    "extracts list": "`adverity_extract_info` on 201 extracts. A 404 on a later page means that the list became shorter: it is read anew.",
    "PATCH binding": "`adverity_binding` enables three bindings. One that cannot be written does not hold up the third. Compared with what the service"
    " then holds.",
    "PATCH datastreams": "`adverity_datastream` enables 120 datastreams. A failure lists as `remaining` all that the service did not confirm.",
    "PUT smart": "`adverity_smart_pulling` changes one setting of 120 datastreams. A failure lists as `remaining` all that the service did not confirm.",
    "POST requeue": "`adverity_requeue` sends six extracts, two at a time. Compared with the service's record of loads, and with `adverity_requeue_info`:"
    " after an error the two are pending, else unknown. In the end each extract was loaded once; what is unknown, once or not at all.",
}

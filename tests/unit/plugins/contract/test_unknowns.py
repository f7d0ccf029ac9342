# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module and the role, whatever the service does where its documents are silent: each call under each value of each switch that it meets.

Check mode tells what the real run does and writes nothing; the second run writes nothing; no secret is in any output; and what the service holds in the end
is what it holds under the first values of all switches. What is otherwise stands in OTHERWISE, with its reason.
"""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.calls import (
    CHANGES,
    READS,
    SECRET,
    acme,
)
from ansible_collections.adverity.management.tests.unit.plugins import in_process

SWITCHES = in_process.import_simulator().SWITCHES
NUMBERS = {"extract_page_size": [1, 2, 3], "list_page_size": [1]}
REFUSED, ELSEWHERE = "the call fails, and nothing is written", "the service does something of its own"
# The switch, its value, the call, what becomes of it, and why.
OTHERWISE = {
    # Whether a binding is enabled is not shown, so that it counts as enabled.
    ("binding_rows", "no_enabled", "delete an assignment"): REFUSED,
    ("binding_rows", "ids", "delete an assignment"): REFUSED,
    # What is bound by names is found by a list of them.
    ("connections_list", "refused", "create a destination"): REFUSED,
    ("targets_list", "refused", "create a destination"): REFUSED,
    ("targets_list", "refused", "create a destination with a secret"): REFUSED,
    ("targets_list", "refused", "deploy by name"): REFUSED,
    # A PUT of a destination would lose what has no value here: that is seen once it is read whole, by the real run too.
    ("target_changes", "put", "change a destination"): REFUSED,
    # No extract shows when it was created, so nobody knows what an enabled binding loads by itself.
    ("extract_fields", "id", "deploy by id"): "the bindings are enabled, and nothing is sent",
    ("extract_fields", "id", "deploy by name"): "the bindings are enabled, and nothing is sent",
    # Mode and setting do not move each other, or a default does not read back as nothing.
    ("smart_coupling", "independent", "change a smart schedule"): ELSEWHERE,
    ("smart_coupling", "independent", "reset a smart schedule"): ELSEWHERE,
    ("smart_defaults", "value", "reset a smart schedule"): ELSEWHERE,
    # Adverity loads what it had fetched before, or a binding that does not show is not enabled.
    ("enable_loads_history", "yes", "enable bindings"): ELSEWHERE,
    ("enable_loads_history", "yes", "deploy by id"): ELSEWHERE,
    ("enable_loads_history", "yes", "deploy by name"): ELSEWHERE,
    ("binding_appears", "never", "deploy by name"): "nothing is enabled before it shows",
}


class RecordingSwitches(dict):
    """Switches that record which of them were read."""

    def __init__(self, switches):
        super().__init__(switches)
        self.seen = set()

    def __getitem__(self, name):
        self.seen.add(name)
        return super().__getitem__(name)


def values(switch):
    return NUMBERS.get(switch) or list(SWITCHES[switch][0])[1:]


def attempt(scene, check_mode, options):
    """A run of the role: the deployment, or the error's result."""
    try:
        return scene.deploy(check_mode, **options), None
    except AdverityError as error:
        return None, error.result()


def carry_out(scene, name, foreseen=True):
    """The call in check mode, really, and again; the result of the real run, or its error."""
    kind, options = CHANGES[name]
    if kind != "role":
        return scene.rehearse(kind, foreseen, **options)[1]
    with scene.no_write():
        planned, _error = attempt(scene, True, options)
    done, error = attempt(scene, False, options)
    if error:
        return {**error, "failed": True}
    if foreseen:
        assert [row["requeued"] for row in planned.data["bindings"]] == [row["requeued"] for row in done.data["bindings"]]
    scene.forget()
    scene.deploy(**options)
    assert scene.writes() == []
    return {"failed": False}


def test_each_module_has_a_call():
    modules = {f"adverity_{module}" for module, _options in (*CHANGES.values(), *READS.values())}
    missing = set(in_process.MODULES) - modules - {"adverity_ledger_copy"}  # which sends no requests
    assert missing == set(), "add a call of each to CHANGES or READS in adverity_harness/calls.py"


@pytest.mark.parametrize("name", CHANGES)
def test_change_whatever_the_service_does(begin, name):
    scene = begin(acme())
    scene.secret.append(SECRET)
    scene.service.switches = scene.service.world.switches = switches = RecordingSwitches(scene.service.switches)
    done = carry_out(scene, name)
    assert not done["failed"], done["msg"]
    expected = scene.state()
    changes_nothing = name in ("plan a backfill", "record a history")
    assert changes_nothing or expected != begin(acme()).state(), "the call changed nothing that Scene.state() shows"
    met = [(switch, value) for switch in sorted(switches.seen) for value in values(switch)]
    assert {key[:2] for key in OTHERWISE if key[2] == name} <= set(met)
    for switch, value in met:
        otherwise = OTHERWISE.get((switch, value, name))
        scene = begin(acme(), **{switch: value})
        scene.secret.append(SECRET)
        before = scene.state()
        try:
            result = carry_out(scene, name, foreseen=otherwise is None)
            assert result["failed"] is (otherwise == REFUSED or str(otherwise).endswith("nothing is sent")), result
            assert (scene.state() == expected) is (otherwise is None)
            assert otherwise != REFUSED or scene.state() == before
        except AssertionError as error:
            raise AssertionError(f"with {switch} {value!r}: {error}") from error


@pytest.mark.parametrize("name", READS)
def test_read_whatever_the_service_does(begin, name):
    module, options = READS[name]
    scene = begin(acme())
    scene.service.switches = scene.service.world.switches = switches = RecordingSwitches(scene.service.switches)
    expected = scene.run(module, **options)
    assert not expected["failed"], expected["msg"]
    for switch, value in [(seen, value) for seen in sorted(switches.seen) for value in values(seen)]:
        scene = begin(acme(), **{switch: value})
        with scene.no_write():
            result = scene.run(module, **options)
        if (switch, value) in REFUSING:
            assert result["failed"] is True
            continue
        assert (result["failed"], result["changed"], set(result) - {"warnings"}) == (False, False, set(expected) - {"warnings"}), (switch, value)
        if value != "id" or module != "extract_info":  # where extracts show nothing but their ids, the newest are those with the highest
            assert ids(result) == ids(expected), (switch, value)


def ids(result):
    """The ids in the lists of a result."""
    return {key: [row.get("id") for row in rows] for key, rows in result.items() if isinstance(rows, list) and rows and isinstance(rows[0], dict)}


REFUSING = {("connections_list", "refused"), ("targets_list", "refused")}

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people and surveys type into the role's variables."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError
from ansible_collections.adverity.management.plugins.module_utils._deploy import options as _options

UUID = "9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10"
OTHER = "0b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a11"


def read(**given):
    return _options.read(dict({"target_id": 789}, **given))


def test_what_is_not_given_has_its_default():
    options = read()
    assert options == dict(_options.defaults(), target_id=789)
    assert {name: value for name, value in options.items() if value is not None} == {
        "target_id": 789, "enabled": True, "backfill": "when_needed", "sequential": True, "batch_size": 50, "ledger_in_facts": False, "force": False,
        "on_unknown": "fail",
    }  # fmt: skip


@pytest.mark.parametrize("empty", ["", "  ", "\n", None])
def test_an_empty_answer_is_none(empty):
    given = dict.fromkeys(_options.defaults(), empty)
    assert _options.read(dict(given, target_id=789)) == read()


@pytest.mark.parametrize(
    ("name", "typed", "meant"),
    [
        ("target_id", "789", 789),
        ("target_id", " 789 ", 789),
        ("datastream_ids", "456, 457", [456, 457]),
        ("datastream_ids", "456,457,", [456, 457]),
        ("datastream_ids", "456\n457\n", [456, 457]),
        ("datastream_ids", "456", [456]),
        ("datastream_ids", 456, [456]),
        ("datastream_ids", ["456", 457], [456, 457]),
        ("enabled", "no", False),
        ("enabled", "False", False),
        ("enabled", "yes", True),
        ("enabled", "1", True),
        ("enabled", False, False),
        ("sequential", "off", False),
        ("force", "true", True),
        ("ledger_in_facts", "y", True),
        ("batch_size", "20", 20),
        ("backfill", "always", "always"),
        ("backfill", " never ", "never"),
        ("on_unknown", "skip", "skip"),
        ("backfill_from", "2024-01-15", "2024-01-15T00:00:00Z"),
        ("backfill_to", "2024-01-15", "2024-01-15T23:59:59.999999Z"),
        ("ledger", " /data/ledger ", "/data/ledger"),
    ],
)
def test_what_is_typed_is_understood(name, typed, meant):
    assert read(**{name: typed})[name] == meant


def test_the_datastreams_to_prepare():
    options = read(datastream_uuids=f"{UUID.upper()}, {OTHER}", datastream_enabled="no", pulling_mode="smart", smart_pulling={"frequency": "daily"})
    assert options["datastream_uuids"] == [UUID, OTHER]
    assert (options["datastream_enabled"], options["pulling_mode"], options["smart_pulling"]) == (False, "smart", {"frequency": "daily"})


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("target_id", "BigQuery", "'BigQuery' is not a positive whole number"),
        ("target_id", UUID, "is a UUID, but this option takes an integer id"),
        ("target_id", "", "is empty: it names the destination, by its integer id"),
        ("datastream_ids", [], "the list is empty, and that is never taken for all"),
        ("datastream_ids", ",", "the list is empty, and that is never taken for all"),
        ("datastream_ids", "456 457", "'456 457' is not a positive whole number"),
        ("datastream_ids", "456; 457", "'456; 457' is not a positive whole number"),
        ("datastream_ids", [UUID], "is a UUID, but this option takes an integer id"),
        ("datastream_ids", True, "True is not a positive whole number"),
        ("enabled", "maybe", "'maybe' is neither yes nor no"),
        ("enabled", 2, "2 is neither yes nor no"),
        ("force", ["yes"], "['yes'] is neither yes nor no"),
        ("backfill", "sometimes", "'sometimes' is none of when_needed, always, never"),
        ("on_unknown", True, "True is none of fail, requeue, skip, dispatched"),
        ("backfill_from", "soon", "'soon' is neither a date"),
        ("backfill_to", "31.12.2025", "'31.12.2025' is neither a date"),
        ("batch_size", "51", "'51' is not a whole number from 1 to 50"),
        ("batch_size", 0, "0 is not a whole number from 1 to 50"),
        ("datastream_uuids", "456", "456 is an integer id, but this option takes a UUID"),
        ("pulling_mode", "smart-bundle", "'smart-bundle' is none of smart, schedule"),
    ],
)
def test_the_rest_is_refused_by_name(name, typed, said):
    with pytest.raises(InputError) as raised:
        read(**{name: typed})
    assert str(raised.value).startswith("deploy_destination_" + name)
    assert said in str(raised.value)
    assert str(raised.value).endswith("Nothing was changed.")


def test_no_such_variable():
    with pytest.raises(InputError, match=r"^No such variable: deploy_destination_tagret\.$"):
        read(tagret=1)


def test_settings_of_datastreams_that_are_not_named():
    with pytest.raises(InputError, match="^deploy_destination_datastream_enabled, deploy_destination_pulling_mode: these are for the datastreams in"):
        read(datastream_enabled=False, pulling_mode="smart")


# What the role may do, by what it remembers


def refuse(planned=(5,), resumed=(), new=(), **how):
    memory = dict({"job": None, "in_facts": False, "path": None, "known": True, "moved": [], "looked_at": False}, **how)
    return memory.refuse({"planned_ids": list(planned), "resumed_ids": list(resumed), "new_ids": list(new)}, **memory)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"path": "/data/ledger"},
        {"job": 12, "path": "/data/ledger"},
        {"job": 12, "in_facts": True},
        {"job": 12, "in_facts": True, "known": False, "looked_at": True},
        {"job": 12, "planned": ()},
        {"in_facts": True, "known": False, "planned": ()},
        {"in_facts": True, "moved": [5]},
        {"in_facts": True, "moved": [6], "new": [5]},
        {"in_facts": True, "moved": [5], "new": [5], "looked_at": True},
    ],
)
def test_allowed(how):
    assert refuse(**how) is None


@pytest.mark.parametrize("how", [{}, {"planned": (), "resumed": (5,)}, {"looked_at": True}])
def test_a_job_without_memory_loads_nothing(how):
    said = refuse(job=12, **how)
    assert said.startswith("This is AWX job 12, and the ledger of what was sent would be gone with it")
    assert "deploy_destination_ledger_in_facts: true" in said
    assert said.endswith("Nothing was changed.")


@pytest.mark.parametrize("how", [{}, {"planned": (), "resumed": (5,)}, {"job": 12, "path": "/data/ledger"}])
def test_facts_without_a_ledger_are_no_first_run(how):
    said = refuse(in_facts=True, known=False, **how)
    assert said.startswith("The facts of this host hold no ledger for this instance.")
    assert "Run this in check mode first" in said


def test_a_binding_that_a_lost_job_may_have_loaded_into_is_not_new():
    said = refuse(in_facts=True, moved=[4, 5], new=[5, 6], planned=(5, 6))
    assert said.startswith("The ledger knows nothing of a backfill of binding 5, but of an earlier state of it, and it was changed since")

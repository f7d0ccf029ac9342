# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people and surveys type into the role's variables. More that is refused: contract/test_refusals.py, and the plays of the role."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError
from ansible_collections.adverity.management.plugins.module_utils._deploy import options as _options

UUID = "9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10"
OTHER = "0b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a11"
BY_NAME = {"target_id": None, "name": "DWH", "type": "bigquery", "workspace": "EMEA"}
PREPARED = {"target_id": 789, "datastream_uuids": UUID}


def read(**given):
    options = _options.read({"target_id": 789, **given})
    return {**options.shown(), "settings": options.settings}


def test_variable_that_is_not_given_has_its_default():
    options = read()
    assert set(options) == set(_options.VARIABLES)
    assert {name: value for name, value in options.items() if value is not None} == {
        "target_id": 789, "create": True, "enabled": True, "backfill": "when_needed", "sequential": True, "batch_size": 50, "force": False,
        "on_unknown": "fail", "on_refused": "fail", "on_failed": "fail", "wait": 0,
    }  # fmt: skip


@pytest.mark.parametrize("empty", ["", " \n", None])
def test_variable_that_is_empty_counts_as_not_given(empty):
    assert read(**{**dict.fromkeys(_options.VARIABLES, empty), "target_id": 789}) == read()


SCHEDULE = {"is_active": True, "refresh_range": {"value": 3, "unit": "day"}, "deadline": "06:30:00"}
SETTINGS = {"project": "acme-dwh", "big": True, "since": "2024-01-31"}
ADS, META = (dict.fromkeys(("workspace", "table_name", "settings")) | one for one in ({"name": "Google Ads", "table_name": "ads"}, {"name": "Meta"}))


@pytest.mark.parametrize(
    ("name", "typed", "taken"),
    [
        ("target_id", " 789 ", 789),
        ("datastream_ids", "456,457,", [456, 457]),
        ("datastream_ids", "456\n457\n", [456, 457]),
        ("datastream_ids", ["456", 457], [456, 457]),
        ("datastream_uuids", f"{UUID.upper()}, {OTHER}", [UUID, OTHER]),
        ("enabled", "no", False),
        ("backfill", " never ", "never"),
        ("backfill_from", "2024-01-15", "2024-01-15T00:00:00Z"),
        ("backfill_to", "2024-01-15", "2024-01-15T23:59:59.999999Z"),
        ("settings", '{"project": "acme-dwh", "big": true, "since": "2024-01-31"}', SETTINGS),
        ("settings", "project: acme-dwh\nbig: yes\nsince: 2024-01-31\n", SETTINGS),
        ("settings", "{project: '{{ 7 * 7 }}'}", {"project": "{{ 7 * 7 }}"}),
        ("smart_pulling", "is_active: yes\nfrequency: ''\nrefresh_range: {value: 3, unit: day}\ndeadline: '06:30'", SCHEDULE),
        ("smart_pulling", {**SCHEDULE, "is_active": "yes", "frequency": "", "reset": None}, SCHEDULE),
        ("datastreams", "- {name: Google Ads, table_name: ads}\n- Meta\n", [ADS, META]),
        ("datastreams", "[EU] Google Ads\n-Meta", [{**META, "name": "[EU] Google Ads"}, {**META, "name": "-Meta"}]),
    ],
)
def test_variable_is_converted_from_what_is_typed(name, typed, taken):
    beside = {"settings": BY_NAME, "smart_pulling": PREPARED, "datastreams": {"type": "bigquery"}}.get(name, {})
    assert read(**{**beside, name: typed})[name] == taken


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("settings", "project: [acme", "is neither YAML nor JSON (see line 1)"),
        ("settings", ["acme"], "it must be a dictionary such as {project: acme-dwh"),
        ("smart_pulling", "daily", "it must be a dictionary such as {frequency: daily"),
        ("smart_pulling", {"frequency": "hourly"}, "must be one of: daily, weekly, monthly, got: hourly"),
        ("smart_pulling", {"frequenzy": "daily"}, "frequenzy"),
        ("smart_pulling", {}, "one of the following is required: is_active"),
        ("smart_pulling", {"deadline": "06:30", "reset": ["deadline"]}, "deadline: set and also named in reset"),
        ("state_labels", "Importiert", "it must be a dictionary such as {Importiert: loaded}"),
        ("state_labels", {"Importiert": "loaded", "importiert ": "failed"}, "state_labels has the same label twice: 'Importiert' and 'importiert'"),
        ("datastreams", [{"name": "Google Ads", "settings": "table: ads"}], "Wrong: settings"),
        ("datastream_ids", True, "'True' is not a positive whole number"),
        ("enabled", "maybe", "The value 'maybe' is not a valid boolean"),
        ("on_unknown", True, "must be one of: fail, check, requeue, skip, dispatched, got: True"),
        ("wait", "10000000000", "'10000000000' is not a whole number from 0 to 2592000"),
    ],
)
def test_variable_that_cannot_be_read_is_refused_by_name(name, typed, said):
    """Text that cannot be read may hold a secret, and is not quoted."""
    with pytest.raises(InputError) as raised:
        read(**{**BY_NAME, "datastream_uuids": UUID, name: typed})
    assert "deploy_destination_" + name in str(raised.value)
    assert said in str(raised.value)
    assert str(raised.value).endswith("Nothing was changed.")
    assert "acme" not in str(raised.value).replace("acme-dwh", "")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"target_id": ""}, "one of the following is required: deploy_destination_target_id, deploy_destination_name"),
        ({"datastream_ids": ","}, "deploy_destination_datastream_ids is empty"),
        ({"datastream_enabled": False, "pulling_mode": "smart"},
         "deploy_destination_datastream_enabled, deploy_destination_pulling_mode: these are for the datastreams in"),
        ({"backfill_from": "2024-02-01", "backfill_to": "2024-01-31"},
         "deploy_destination_backfill_from (2024-02-01T00:00:00Z) is later than deploy_destination_backfill_to"),
    ],
)  # fmt: skip
def test_variables_that_do_not_go_together_are_refused(given, said):
    with pytest.raises(InputError) as raised:
        read(**given)
    assert str(raised.value).startswith(said)


def test_bounds_of_one_day_are_that_day():
    assert read(backfill_from="2024-01-31", backfill_to="2024-01-31")["backfill_to"] == "2024-01-31T23:59:59.999999Z"


def test_names_that_are_no_variables_are_named_with_what_may_be_meant():
    names = ("on_faild", "our_own", "wait", "ledger")
    assert _options.misspelt(["deploy_destination_" + name for name in names]) == [
        "deploy_destination_on_faild is no variable of the role, and has no effect. Did you mean deploy_destination_on_failed?",
        "deploy_destination_our_own is no variable of the role, and has no effect.",
    ]

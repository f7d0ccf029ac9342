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
    options = _options.read(dict({"target_id": 789}, **given))
    return {**options.shown(), "settings": options.settings}


def test_what_is_not_given_has_its_default():
    options = read()
    assert set(options) == set(_options.VARIABLES)
    assert {name: value for name, value in options.items() if value is not None} == {
        "target_id": 789, "create": True, "enabled": True, "backfill": "when_needed", "sequential": True, "batch_size": 50, "force": False,
        "on_unknown": "fail", "on_refused": "fail", "on_failed": "fail", "wait": 0,
    }  # fmt: skip


@pytest.mark.parametrize("empty", ["", " \n", None])
def test_an_empty_answer_is_none(empty):
    given = dict.fromkeys(_options.VARIABLES, empty)
    given["target_id"] = 789
    assert read(**given) == read()


@pytest.mark.parametrize(
    ("name", "typed", "meant"),
    [
        ("target_id", " 789 ", 789),
        ("datastream_ids", "456,457,", [456, 457]),
        ("datastream_ids", "456\n457\n", [456, 457]),
        ("datastream_ids", "456", [456]),
        ("datastream_ids", ["456", 457], [456, 457]),
        ("enabled", "no", False),
        ("enabled", "yes", True),
        ("enabled", False, False),
        ("batch_size", "20", 20),
        ("backfill", " never ", "never"),
        ("backfill_from", "2024-01-15", "2024-01-15T00:00:00Z"),
        ("backfill_to", "2024-01-15", "2024-01-15T23:59:59.999999Z"),
        ("on_refused", "skip\n", "skip"),
    ],
)
def test_what_is_typed_is_understood(name, typed, meant):
    assert read(**{name: typed})[name] == meant


def test_the_datastreams_to_prepare():
    options = read(datastream_uuids=f"{UUID.upper()}, {OTHER}", datastream_enabled="no", pulling_mode="smart", smart_pulling={"frequency": "daily"})
    assert options["datastream_uuids"] == [UUID, OTHER]
    assert (options["datastream_enabled"], options["pulling_mode"], options["smart_pulling"]) == (False, "smart", {"frequency": "daily"})


BY_NAME = {"target_id": None, "name": "DWH", "type": "bigquery", "workspace": "EMEA"}
SCHEDULE = {"is_active": True, "refresh_range": {"value": 3, "unit": "day"}, "deadline": "06:30:00", "reset": None}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('{"project": "acme-dwh", "big": true, "since": "2024-01-31"}', {"project": "acme-dwh", "big": True, "since": "2024-01-31"}),
        ("project: acme-dwh\nbig: yes\nsince: 2024-01-31\n", {"project": "acme-dwh", "big": True, "since": "2024-01-31"}),
        ("{project: '{{ 7 * 7 }}'}", {"project": "{{ 7 * 7 }}"}),
        ("{}", {}),
        ({"project": "acme-dwh"}, {"project": "acme-dwh"}),
    ],
)
def test_settings_as_text(text, meant):
    assert read(**BY_NAME, settings=text)["settings"] == meant


@pytest.mark.parametrize(
    "given",
    [
        "is_active: yes\nfrequency: ''\nrefresh_range: {value: 3, unit: day}\ndeadline: '06:30'",
        '{"is_active": "true", "refresh_range": {"value": "3", "unit": "day"}, "deadline": "06:30"}',
        {"is_active": "yes", "frequency": "", "refresh_range": {"value": 3, "unit": "day"}, "deadline": "06:30", "reset": None},
    ],
)
def test_a_smart_schedule_as_text_or_with_empty_answers(given):
    assert read(datastream_uuids=UUID, smart_pulling=given)["smart_pulling"] == {key: value for key, value in SCHEDULE.items() if value is not None}


def test_datastreams_as_a_list_in_text():
    wanted = [dict.fromkeys(("workspace", "table_name", "settings"), None) | one for one in ({"name": "Google Ads", "table_name": "ads"}, {"name": "Meta"})]
    for text in ("- {name: Google Ads, table_name: ads}\n- Meta\n", '[{"name": "Google Ads", "table_name": "ads"}, "Meta"]'):
        assert read(type="bigquery", datastreams=text)["datastreams"] == wanted
    names = read(type="bigquery", datastreams="[EU] Google Ads\n-Meta")["datastreams"]
    assert [one["name"] for one in names] == ["[EU] Google Ads", "-Meta"]


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("settings", "project: [acme", "is neither YAML nor JSON (see line 1)"),
        ("settings", "project: acme\n  dataset: x", "is neither YAML nor JSON (see line 2)"),
        ("settings", "acme", "it must be a dictionary such as {project: acme-dwh"),
        ("settings", ["acme"], "it must be a dictionary"),
        ("smart_pulling", "daily", "it must be a dictionary such as {frequency: daily"),
        ("state_labels", "Importiert", "it must be a dictionary such as {Importiert: loaded}"),
        ("state_labels", {"Importiert": "loaded", "importiert ": "failed"}, "state_labels has the same label twice: 'Importiert' and 'importiert'"),
        ("smart_pulling", {"frequency": "hourly"}, "must be one of: daily, weekly, monthly, got: hourly"),
        ("smart_pulling", {"frequenzy": "daily"}, "frequenzy"),
        ("smart_pulling", {"deadline": 630}, "630 is a number"),
        ("smart_pulling", {"refresh_range": {"value": 1}}, "unit"),
        ("smart_pulling", {}, "one of the following is required: is_active"),
        ("smart_pulling", {"deadline": "06:30", "reset": ["deadline"]}, "deadline: set and also named in reset"),
        ("datastreams", "- {name: [", "is neither YAML nor JSON"),
    ],
)
def test_text_that_cannot_be_read_names_its_variable(name, typed, said):
    """What was typed, which may hold a secret, is not quoted where it cannot be read."""
    with pytest.raises(InputError) as raised:
        read(**{**BY_NAME, "datastream_uuids": UUID, name: typed})
    assert "deploy_destination_" + name in str(raised.value)
    assert said in str(raised.value)
    assert str(raised.value).endswith("Nothing was changed.")
    assert "acme" not in str(raised.value).replace("acme-dwh", "")


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("target_id", "BigQuery", "'BigQuery' is not a positive whole number"),
        ("target_id", UUID, "is a UUID, but this option takes an integer ID"),
        ("target_id", "", "one of the following is required: deploy_destination_target_id, deploy_destination_name"),
        ("datastream_ids", [], "deploy_destination_datastream_ids is empty"),
        ("datastream_ids", ",", "deploy_destination_datastream_ids is empty"),
        ("datastream_ids", "456 457", "'456 457' is not a positive whole number"),
        ("datastream_ids", True, "'True' is not a positive whole number"),
        ("enabled", "maybe", "The value 'maybe' is not a valid boolean"),
        ("force", ["yes"], "unable to convert to bool"),
        ("backfill", "sometimes", "must be one of: always, when_needed, never, recorded, got: sometimes"),
        ("on_unknown", True, "must be one of: fail, check, requeue, skip, dispatched, got: True"),
        ("backfill_from", "soon", "'soon' is neither a date"),
        ("wait", "10000000000", "'10000000000' is not a whole number from 0 to 2592000"),
        ("batch_size", "51", "'51' is not a whole number from 1 to 50"),
        ("datastream_uuids", "456", "456 is an integer ID, but this option takes a UUID"),
        ("pulling_mode", "smart-bundle", "must be one of: smart, schedule, got: smart-bundle"),
    ],
)
def test_the_rest_is_refused_by_name(name, typed, said):
    with pytest.raises(InputError) as raised:
        read(**{name: typed})
    assert "deploy_destination_" + name in str(raised.value)
    assert said in str(raised.value)
    assert str(raised.value).endswith("Nothing was changed.") or "is empty" in said


def test_no_such_variable():
    with pytest.raises(InputError, match=r"^No such variable: deploy_destination_tagret\. Nothing was changed\.$"):
        read(tagret=1)


def test_names_that_are_no_variables_are_named_with_what_may_be_meant():
    assert _options.misspelt(["deploy_destination_on_faild", "deploy_destination_our_own", "deploy_destination_wait", "deploy_destination_ledger"]) == [
        "deploy_destination_on_faild is no variable of the role, and has no effect. Did you mean deploy_destination_on_failed?",
        "deploy_destination_our_own is no variable of the role, and has no effect.",
    ]


def test_settings_of_datastreams_that_are_not_named():
    with pytest.raises(InputError, match="^deploy_destination_datastream_enabled, deploy_destination_pulling_mode: these are for the datastreams in"):
        read(datastream_enabled=False, pulling_mode="smart")


def test_bounds_the_wrong_way_round():
    with pytest.raises(InputError, match=r"^deploy_destination_backfill_from \(2024-02-01T00:00:00Z\) is later than deploy_destination_backfill_to"):
        read(backfill_from="2024-02-01", backfill_to="2024-01-31")
    assert read(backfill_from="2024-01-31", backfill_to="2024-01-31")["backfill_to"] == "2024-01-31T23:59:59.999999Z"

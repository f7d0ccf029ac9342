# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.adverity.management.plugins.module_utils._spec import kinds

UUID = "9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10"


def refused(convert, values, says):
    """Each of the values is refused, in one short line that says this."""
    for value in values:
        with pytest.raises(ValueError, match=says) as caught:
            pytest.fail(f"{value!r:.80} was taken for {convert(value)!r}")
        assert len(str(caught.value)) < 250
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("value", "number"), [(7, 7), ("7", 7), (" 7\n", 7), ("007", 7), (2**63 - 1, 2**63 - 1), (str(2**63 - 1), 2**63 - 1), (1, 1)])
def test_integer_ids(value, number):
    converted = kinds.to_integer_id(value)
    assert (converted, type(converted)) == (number, int)


def test_what_is_no_integer_id_is_refused():
    values = [
        0, -1, "0", "-1", "+1", "1.0", 1.0, 1.5, "1e3", "0x10", "1_000", "1,000", "", " ", "seven", None, True, False, "true", [7], {"id": 7}, b"7",
        2**63, 10**30, "9" * 5000, float("nan"), float("inf"), "\u0667", "\u00b2", "7\x00", "7 8", "7\n8",
    ]
    refused(kinds.to_integer_id, values, "is not a positive whole number")


@pytest.mark.parametrize("value", [UUID, UUID.upper(), UUID.replace("-", ""), f" {UUID} "])
def test_a_uuid_where_an_integer_is_due_is_told_apart(value):
    with pytest.raises(ValueError, match="is a UUID, but this option takes an integer id") as caught:
        kinds.to_integer_id(value)
    assert "adverity_requeue" in str(caught.value)
    assert "adverity_smart_pulling" in str(caught.value)


@pytest.mark.parametrize("value", [UUID, UUID.upper(), UUID.replace("-", ""), f" {UUID}\n"])
def test_uuids(value):
    assert kinds.to_uuid(value) == UUID


def test_a_uuid_of_digits_alone_is_one():
    assert kinds.to_uuid("0" * 31 + "1") == "00000000-0000-0000-0000-000000000001"


@pytest.mark.parametrize("value", [456, "456", " 456 ", 0, 2**80])
def test_an_integer_where_a_uuid_is_due_is_told_apart(value):
    with pytest.raises(ValueError, match="is an integer id, but this option takes a UUID") as caught:
        kinds.to_uuid(value)
    assert "adverity_smart_pulling" in str(caught.value)
    assert "adverity_requeue" in str(caught.value)


def test_what_is_no_uuid_is_refused():
    digits = UUID.replace("-", "")
    values = [
        "", "x", None, True, False, 1.5, -1, [UUID], {"id": UUID}, "all", "*", UUID[:-1], UUID + "0", UUID[:-1] + "g", "{" + UUID + "}", "urn:uuid:" + UUID,
        "urn:" + digits, "{" + digits + "}}}", UUID.replace("-", "_"), digits[:30] + "_0", "9b2f0c1e5d34-4c1c-8a77-0f6d3f1f2a1-0", "-" * 4 + digits,
        UUID + "," + UUID, "\u0669" + UUID[1:], UUID.replace("-", "\u2010"), "x" * 5000,
    ]
    refused(kinds.to_uuid, values, "is not a UUID like")


@pytest.mark.parametrize(
    ("lowest", "highest", "value", "number"),
    [(1, 50, 1, 1), (1, 50, "50", 50), (1, None, 10**39, 10**39), (-5, 5, "-5", -5), (0, None, 0, 0)],
)
def test_whole_numbers(lowest, highest, value, number):
    assert kinds.whole_number(lowest, highest)(value) == number


def test_what_is_no_whole_number_within_bounds_is_refused():
    values = [0, 51, "0", "51", -1, True, 1.0, "1.0", "", "-", "--1", "1-", None, [], "\u0661", "9" * 5000, float("nan")]
    refused(kinds.whole_number(1, 50), values, "is not a whole number from 1 to 50")


def test_a_bound_below_alone_is_named():
    with pytest.raises(ValueError, match="0 is not a whole number of at least 1"):
        kinds.whole_number(1)(0)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (kinds.START, "2024-01-15", "2024-01-15T00:00:00Z"),
        (kinds.END, "2024-01-15", "2024-01-15T23:59:59.999999Z"),
        (kinds.START, "2024-01-15T10:00:00+02:00", "2024-01-15T08:00:00Z"),
        (kinds.END, "2024-01-15 10:00:00+00:00", "2024-01-15T10:00:00Z"),
    ],
)
def test_times(kind, value, text):
    assert kind(value) == text
    # What came out can go in again: module_defaults and roles hand options on.
    assert kind(text) == text


def test_what_is_no_time_is_refused():
    values = ["", "today", None, True, 20240115, ["2024-01-15"]]
    refused(kinds.START, values, "neither a date")
    refused(kinds.END, values, "neither a date")
    refused(kinds.END, ["2024-02-30"], "day")


@pytest.mark.parametrize(
    ("value", "text"), [("06:30", "06:30:00"), ("00:00", "00:00:00"), ("23:30:00", "23:30:00"), (" 10:00 ", "10:00:00")]
)
def test_half_hours(value, text):
    assert kinds.HALF_HOUR(value) == text
    assert kinds.HALF_HOUR(text) == text


@pytest.mark.parametrize("value", ["06:10", "06:30:01", "06:45", "06:00:30"])
def test_what_is_not_on_the_half_hour_is_refused(value):
    with pytest.raises(ValueError, match="not on the half hour"):
        kinds.HALF_HOUR(value)


def test_a_time_that_yaml_took_for_a_number_is_explained():
    with pytest.raises(ValueError, match="Quote it"):
        kinds.HALF_HOUR(630)


def test_what_is_no_time_of_day_is_refused():
    values = [
        "", "25:00", "24:00", "6:30", "06:60", "06:30:60", "0630Z", "06:30 pm", "06:30\n00", "\u0660\u0666:30", None, True, 6.5,
        {"time": "06:30"}, "x" * 5000,
    ]
    refused(kinds.HALF_HOUR, values, "not a time of day")


@pytest.mark.parametrize(
    ("kind", "plain"), [(kinds.INTEGER_ID, "int"), (kinds.UUID, "str"), (kinds.START, "str"), (kinds.END, "str"), (kinds.whole_number(1), "int")]
)
def test_to_whoever_reads_specs_a_kind_is_its_plain_type(kind, plain):
    assert kind == plain
    assert isinstance(kind, str)
    assert callable(kind)


SPEC = {
    "binding_ids": {"type": "list", "elements": kinds.INTEGER_ID, "aliases": ["binding_id"]},
    "target_id": {"type": kinds.INTEGER_ID},
    "datastream_ids": {"type": "list", "elements": kinds.UUID},
    "created_to": {"type": kinds.END},
    "batch_size": {"type": kinds.whole_number(1, 50), "default": 50},
    "periods": {"type": "list", "elements": "dict", "options": {"binding_id": {"type": kinds.INTEGER_ID, "required": True}}},
}


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"binding_ids": [1, "2"]}, {"binding_ids": [1, 2]}),
        ({"binding_id": 7}, {"binding_ids": [7]}),
        ({"binding_id": "7"}, {"binding_ids": [7]}),
        ({"binding_ids": "7,8"}, {"binding_ids": [7, 8]}),
        ({"binding_ids": []}, {"binding_ids": []}),
        ({"target_id": "789"}, {"target_id": 789}),
        ({"datastream_ids": UUID.upper()}, {"datastream_ids": [UUID]}),
        ({"created_to": "2024-01-15"}, {"created_to": "2024-01-15T23:59:59.999999Z"}),
        ({}, {"binding_ids": None, "batch_size": 50}),
        ({"periods": [{"binding_id": "7"}]}, {"periods": [{"binding_id": 7}]}),
    ],
)
def test_ansible_converts_with_kinds(given, taken):
    result = ArgumentSpecValidator(SPEC).validate(given)
    assert result.error_messages == []
    assert {name: result.validated_parameters[name] for name in taken} == taken


@pytest.mark.parametrize(
    ("given", "option", "says"),
    [
        ({"binding_ids": [1, UUID]}, "binding_ids", "takes an integer id"),
        ({"binding_ids": [True]}, "binding_ids", "not a positive whole number"),
        ({"binding_ids": [1.5]}, "binding_ids", "not a positive whole number"),
        ({"binding_ids": "all"}, "binding_ids", "not a positive whole number"),
        ({"target_id": 0}, "target_id", "not a positive whole number"),
        ({"datastream_ids": [456]}, "datastream_ids", "takes a UUID"),
        ({"created_to": "tomorrow"}, "created_to", "neither a date"),
        ({"batch_size": 51}, "batch_size", "from 1 to 50"),
        ({"periods": [{"binding_id": UUID}]}, "binding_id", "takes an integer id"),
    ],
)
def test_ansible_says_what_is_wrong_and_where(given, option, says):
    [message] = ArgumentSpecValidator(SPEC).validate(given).error_messages
    assert option in message
    assert says in message

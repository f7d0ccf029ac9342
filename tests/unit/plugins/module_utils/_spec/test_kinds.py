# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kinds of options. What ansible-core makes of them: modules/test_interface.py."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._spec import kinds

UUID = "9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10"
DIGITS = UUID.replace("-", "")
ONE_TO_50 = kinds.whole_number(1, 50)


@pytest.mark.parametrize(
    ("kind", "value", "taken"),
    [
        *((kinds.INTEGER_ID, value, 7) for value in (7, "7", " 7\n", "007")),
        *((kinds.INTEGER_ID, value, 2**63 - 1) for value in (2**63 - 1, str(2**63 - 1))),
        *((kinds.UUID, value, UUID) for value in (UUID, UUID.upper(), DIGITS, f" {UUID}\n")),
        (kinds.UUID, "0" * 31 + "1", "00000000-0000-0000-0000-000000000001"),
        (ONE_TO_50, 1, 1),
        (ONE_TO_50, "50", 50),
        (kinds.whole_number(1), 10**39, 10**39),
        (kinds.whole_number(-5, 5), "-5", -5),
        (kinds.whole_number(0), 0, 0),
        (kinds.START, "2024-01-15", "2024-01-15T00:00:00Z"),
        (kinds.START, "2024-01-15T10:00:00+02:00", "2024-01-15T08:00:00Z"),
        (kinds.END, "2024-01-15", "2024-01-15T23:59:59.999999Z"),
        (kinds.END, "9999-12-31", "9999-12-31T23:59:59.999999Z"),
        (kinds.END, "2024-01-15 00:00+00:00", "2024-01-15T00:00:00Z"),
        *((kinds.dictionary("a: b"), value, taken) for value, taken in (("{a: 1}", {"a": 1}), (" ", {}))),
        (kinds.HALF_HOUR, "06:30", "06:30:00"),
        (kinds.HALF_HOUR, "00:00", "00:00:00"),
        (kinds.HALF_HOUR, " 23:30:00 ", "23:30:00"),
    ],
)
def test_value_is_converted_and_the_result_can_go_in_again(kind, value, taken):
    """module_defaults and roles hand options on."""
    for given in (value, taken):
        converted = kind(given)
        assert (converted, type(converted)) == (taken, type(taken))


@pytest.mark.parametrize(
    ("kind", "says", "values"),
    [
        (
            kinds.INTEGER_ID,
            "is not a positive whole number",
            [
                0, -1, "0", "+1", "1.0", 1.0, 1.5, "1e3", "0x10", "1_000", "", "seven", None, True, "true", [7], b"7", 2**63, 10**30, "9" * 5000,
                float("nan"), float("inf"), "\u0667", "\u00b2", "7\x00", "7 8",
            ],
        ),
        (kinds.INTEGER_ID, "is a UUID, but this option takes an integer ID.*adverity_requeue.*adverity_smart_pulling", [UUID.upper(), DIGITS, f" {UUID} "]),
        (
            kinds.UUID,
            "is not a UUID like",
            [
                "", "x", None, True, 1.5, -1, [UUID], "*", UUID[:-1], UUID + "0", UUID[:-1] + "g", "{" + UUID + "}", "urn:uuid:" + UUID,
                UUID.replace("-", "_"), "9b2f0c1e5d34-4c1c-8a77-0f6d3f1f2a1-0", "-" * 4 + DIGITS, "\u0669" + UUID[1:], "x" * 5000,
            ],
        ),
        (kinds.UUID, "is an integer ID, but this option takes a UUID.*adverity_smart_pulling.*adverity_requeue", [456, " 456 ", 0, 2**80]),
        (ONE_TO_50, "is not a whole number from 1 to 50", [0, 51, "51", -1, True, 1.0, "1.0", "", "--1", "1-", None, "\u0661", "9" * 5000]),
        (kinds.whole_number(1), "0 is not a whole number of at least 1", [0]),
        (kinds.START, "neither a date", ["", "today", None, True, 20240115, ["2024-01-15"], "x\n" * 5000]),
        (kinds.END, "neither a date", ["", "today", None, 20240115]),
        (kinds.END, "day", ["2024-02-30"]),
        (kinds.HALF_HOUR, "not on the half hour", ["06:10", "06:30:01", "06:45", "06:00:30"]),
        (kinds.HALF_HOUR, "Quote it", [630]),
        (
            kinds.HALF_HOUR,
            "not a time of day",
            ["", "25:00", "24:00", "6:30", "06:60", "06:30:60", "06:30 pm", "06:30\n00", "\u0660\u0666:30", None, True, 6.5, {"time": "06:30"}, "x" * 5000],
        ),
    ],
)  # fmt: skip
def test_what_is_not_of_a_kind_is_refused_in_one_short_line(kind, says, values):
    for value in values:
        with pytest.raises(ValueError, match=says) as caught:
            pytest.fail(f"{value!r:.80} was taken for {kind(value)!r}")
        assert len(str(caught.value)) < 350
        assert "\n" not in str(caught.value)

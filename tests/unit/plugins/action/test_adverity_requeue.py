# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The line that the action plugin shows while a requeue sends."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.action import adverity_requeue as action

STATE = {"datastream_id": 456, "binding_ids": [123], "targets": ["DWH"], "sent": 100, "total": 400}


@pytest.mark.parametrize(
    ("change", "seconds", "line"),
    [
        ({}, 20, "Sending: datastream 456, binding 123, DWH, 100 of 400 extracts, about 60 s left"),
        ({"binding_ids": [123, 124, 125, 7]}, 29, "Sending: datastream 456, binding 123-125, 7, DWH, 100 of 400 extracts, about 87 s left"),
        ({"sent": 0}, 20, "Sending: datastream 456, binding 123, DWH, 0 of 400 extracts, about 0 s left"),
        ({"sent": 400}, 20, "Sending: datastream 456, binding 123, DWH, 400 of 400 extracts, about 0 s left"),
        ({"datastream_id": None, "binding_ids": [], "targets": []}, 600, "Sending: 100 of 400 extracts, about 30 min left"),
        ({"targets": ["a\nTASK [evil]\x1b[0m", "b"]}, 30, "Sending: datastream 456, binding 123, a TASK [evil] [0m, b, 100 of 400 extracts, about 2 min left"),
    ],
)
def test_it_says_what_goes_where_and_how_long_it_takes(change, seconds, line):
    assert action.describe({**STATE, **change}, seconds) == line

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each thing that the documents of the service leave open, both ways: the same promise holds. They are in promises.py."""

from __future__ import annotations

import promises_names
import promises_times
import pytest
from adverity_harness.place import load_simulator
from adverity_harness.side_by_side import Case, open_cases
from promises import PROMISES

FURTHER = (promises_names, promises_times)  # to import them registers their promises


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: f"{promise.switch}: {promise.keep.__name__}")
def test_the_promise_holds_whatever_the_service_does(tmp_path, promise):
    cases = {value: Case(promise.world(), {promise.switch: value}) for value in promise.values}
    assert len(cases) > 1
    with open_cases(tmp_path, cases) as crew:
        promise.keep(crew.act, crew.scenes)


def test_there_is_a_promise_for_each_unknown():
    assert {promise.switch for promise in PROMISES} == set(load_simulator().SWITCHES)

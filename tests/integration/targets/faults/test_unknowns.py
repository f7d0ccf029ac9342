# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each thing that the documents of the service leave open, both ways: the same promise holds. They are in promises.py and the files beside it."""

from __future__ import annotations

import promises
import promises_names
import promises_outcome
import promises_times
import pytest
from adverity_harness.place import load_simulator

FILES = (promises, promises_names, promises_outcome, promises_times)  # to import a file registers its promises


@pytest.mark.parametrize("promise", promises.PROMISES, ids=str)
def test_the_promise_holds_whatever_the_service_does(tmp_path, promise):
    promise.try_out(tmp_path)


def test_there_is_a_promise_for_each_unknown():
    assert {promise.switch for promise in promises.PROMISES} == set(load_simulator().SWITCHES)
    assert {promise.keep.__module__ for promise in promises.PROMISES} == {file.__name__ for file in FILES}

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The promises about names, times and refused extracts, as in test_unknowns.py."""

from __future__ import annotations

import promises_names
import promises_times
import pytest
from promises import PROMISES

FILES = (promises_names.__name__, promises_times.__name__)


@pytest.mark.parametrize("promise", [promise for promise in PROMISES if promise.keep.__module__ in FILES], ids=str)
def test_the_promise_holds_whatever_the_service_does(tmp_path, promise):
    promise.try_out(tmp_path)

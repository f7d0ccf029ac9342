# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the harness, and what is beside this file, known to these tests; and AWX with its collection."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "setup_harness")]

from adverity_harness.fixtures import fixture_begin
from awx_setups import Setup
from awx_stand_in import StandIn

__all__ = ["fixture_begin"]


@pytest.fixture(name="awx")
def fixture_awx():
    """An AWX with nothing in it but its organization Default."""
    with StandIn() as awx:
        yield awx


@pytest.fixture(name="setup")
def fixture_setup(tmp_path, awx):
    """Runs of the playbook awx_setup against that AWX."""
    return Setup(tmp_path, awx)

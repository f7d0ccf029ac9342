# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWX with its collection."""

from __future__ import annotations

import pytest
from adverity_harness.runs import Controller
from awx_setups import Setup
from awx_stand_in import StandIn

Controller.forks = True  # runs may be forks of a process that has imported ansible-core


@pytest.fixture(name="awx")
def fixture_awx():
    """An AWX with nothing in it but its organization Default."""
    with StandIn() as awx:
        yield awx


@pytest.fixture(name="done", scope="session")
def fixture_done(tmp_path_factory):
    """AWX after the first run of awx_setup, and the controller that ran it: its run is ``first``. Tests leave it as they found it."""
    with StandIn() as awx:
        setup = Setup(tmp_path_factory.mktemp("setup"), awx)
        setup.first = setup.run()
        yield setup


@pytest.fixture(name="setup")
def fixture_setup(tmp_path, awx):
    """Runs of the playbook awx_setup against that AWX."""
    return Setup(tmp_path, awx)

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service, and an AWX whose jobs talk to it, with a ledger in either store."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from adverity_harness.worlds import World
from jobs import Awx
from postgres import PASSWORD, Postgres


@pytest.fixture(name="world")
def fixture_world():
    """Two datastreams, of which destination 789 shall get the history of 60 and 3 extracts."""
    return World().datastream(456, extracts=60).binding(123, 456).datastream(457, extracts=3).binding(124, 457)


@pytest.fixture(name="scene")
def fixture_scene(begin, world):
    """The service."""
    return begin(world)


@pytest.fixture(name="postgres", scope="session")
def fixture_postgres():
    """A PostgreSQL server."""
    with Postgres() as server:
        yield server


@pytest.fixture(name="volume")
def fixture_volume():
    """The credential's fields for a ledger on a volume: in a folder that is there, of a file system other than that of the job."""
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="adverity-volume-") as folder:
        yield {"ledger": f"{folder}/requeue.sqlite3"}


@pytest.fixture(name="database")
def fixture_database(postgres):
    """The credential's fields for a ledger in PostgreSQL."""
    return {"ledger": postgres.database(), "ledger_password": PASSWORD}


@pytest.fixture(name="awx")
def fixture_awx(tmp_path, scene, volume):
    """An AWX whose jobs talk to that service, with a ledger on a volume. In the end no secret stands in what it keeps."""
    awx = Awx(tmp_path / "awx", scene, volume)
    yield awx
    awx.check_secrets()


@pytest.fixture(name="awx_with", params=["volume", "database"])
def fixture_awx_with(awx, request):
    """That AWX, with the ledger in each store."""
    awx.ledger = request.getfixturevalue(request.param)
    return awx

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of plugins have in common: a plain environment, and a PostgreSQL server.

``ansible-test units`` forks for each test, so that a fixture of the session would start a server for each test, and stop none of them. The server
here is started before the first test, in the process that forks, and stopped after the last.
"""

from __future__ import annotations

import contextlib
import os

import pytest
from hypothesis import HealthCheck, settings

# How long something takes on a slow machine is no property of it.
settings.register_profile("slow machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("slow machine")

_SERVER = pytest.StashKey()
_NEEDING = {"ledger_place", "postgres", "postgres_place"}


def pytest_collection_finish(session):
    if any(_NEEDING.intersection(item.fixturenames) for item in session.items):
        from ansible_collections.adverity.management.tests.unit.plugins.places import Postgres

        session.config.stash[_SERVER] = Postgres().__enter__()


def pytest_sessionfinish(session):
    server = session.config.stash.get(_SERVER, None)
    if server is not None:
        server.__exit__()


@pytest.fixture
def postgres(request):
    """A real PostgreSQL server, one for all tests of a worker."""
    return request.config.stash[_SERVER]


@pytest.fixture
def postgres_place(postgres):
    """An empty database."""
    from ansible_collections.adverity.management.tests.unit.plugins.places import PostgresPlace

    place = PostgresPlace(postgres)
    yield place
    postgres.give_back(place.database)


@pytest.fixture
def sqlite_place(tmp_path):
    """A path at which there is nothing yet."""
    from ansible_collections.adverity.management.tests.unit.plugins.places import SqlitePlace

    (tmp_path / "place").mkdir()
    return SqlitePlace(tmp_path / "place" / "requeue.sqlite3")


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_place(request):
    """A place for a ledger, in each store: what a ledger means is the same in both."""
    return request.getfixturevalue({"sqlite": "sqlite_place", "postgresql": "postgres_place"}[request.param])


@pytest.fixture
def begin(tmp_path, monkeypatch):
    """Begins scenes that end with the test, and are of a kind: ``begin(world, extract_bounds="exclusive")``."""
    from ansible_collections.adverity.management.tests.unit.plugins import in_process
    from ansible_collections.adverity.management.tests.unit.plugins.support.scenes import Scene

    in_process.spare_the_disk(monkeypatch.setattr)
    with contextlib.ExitStack() as stack:

        def begin_scene(world, kind=Scene, **switches):
            folder = tmp_path / f"scene{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            return stack.enter_context(kind(folder, world, **switches))

        yield begin_scene


@pytest.fixture
def begin_requeues(begin):
    """Begins scenes in which extracts are sent: ``begin_requeues(world(extracts=50), load_seconds=100)``."""
    from ansible_collections.adverity.management.tests.unit.plugins.support.requeues import RequeueScene, world

    return lambda data=None, **more: begin(data or world(), RequeueScene, **more)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch, tmp_path) -> None:
    """Nothing of whoever runs the tests counts: no proxy, no certificates, no home."""
    for name in list(os.environ):
        known = name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC", "JOB_ID", "AWX_HOST")
        if known or name.startswith(("ADVERITY_", "PG")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests() -> None:
    """A module's process knows its own secrets alone."""
    from ansible_collections.adverity.management.plugins.module_utils._api import secrets

    secrets.forget()

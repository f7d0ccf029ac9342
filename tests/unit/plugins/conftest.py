# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The PostgreSQL server of the tests.

``ansible-test units`` forks for each test, so that a fixture of the session would start a server for each test, and stop none of them. Here it is
started before the first test, in the process that forks, and stopped after the last.
"""

from __future__ import annotations

import pytest

_SERVER = pytest.StashKey()
_NEEDING = {"ledger_place", "postgres", "postgres_place", "scene"}


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

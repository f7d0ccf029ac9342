# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for requeues against a scripted service, with a ledger in each store."""

from __future__ import annotations

import pytest

# The collection is imported inside the fixtures: see the conftest above.


@pytest.fixture
def place(ledger_place):
    return ledger_place


@pytest.fixture
def make_service(make_server, answer):
    from ansible_collections.adverity.management.tests.unit.plugins.module_utils._requeue.scene import Service

    def make(**options):
        service = Service(answer, **options)
        service.server = make_server(default=service)
        return service

    return make


@pytest.fixture
def service(make_service):
    return make_service()


@pytest.fixture
def run(make_client, place):
    """Runs a requeue as the module does: run(service, check_mode=False, option=...)."""
    from ansible_collections.adverity.management.tests.unit.plugins.module_utils._requeue.scene import requeue

    clients = {}

    def run(service, check_mode=False, **options):
        client = clients.get(service) or clients.setdefault(service, make_client(service.server))
        return requeue(client, place, check_mode, **options)

    return run

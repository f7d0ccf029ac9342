# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client over a transport in memory. Not tests."""

from __future__ import annotations

from ansible_collections.adverity.management.plugins.module_utils._api.client import Client
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import respond

KEY = "s3cret-key-0123456789"


class Script:
    """A transport that gives these responses in their order. A number is a response of that status; what is no response is raised."""

    def __init__(self, steps):
        self.steps, self.requests = list(steps), []

    def send(self, request):
        self.requests.append(request)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return respond(step, b"{}") if isinstance(step, int) else step


def open_client(*steps, **options):
    return Client("https://acme.example", KEY, Script(steps), **options)

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates, made when the first test asks for one."""

from __future__ import annotations

import pytest
from adverity_harness.authority import Authority


@pytest.fixture(name="ours", scope="session")
def fixture_ours(tmp_path_factory):
    """The authority that signs the service's certificates."""
    return Authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(name="another", scope="session")
def fixture_another(tmp_path_factory):
    """An authority that has signed nothing here."""
    return Authority(tmp_path_factory.mktemp("another"))

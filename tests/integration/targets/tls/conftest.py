# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the harness, and what is beside this file, known to these tests; and the certificates, made when the tests begin."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "setup_harness")]

from adverity_harness.authority import Authority
from adverity_harness.fixtures import fixture_begin

__all__ = ["fixture_begin"]


@pytest.fixture(name="ours", scope="session")
def fixture_ours(tmp_path_factory):
    """The authority that signs the service's certificates."""
    return Authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(name="another", scope="session")
def fixture_another(tmp_path_factory):
    """An authority that has signed nothing here."""
    return Authority(tmp_path_factory.mktemp("another"))

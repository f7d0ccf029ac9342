# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sanity test is left out only where its tools cannot be fetched."""

from __future__ import annotations

import sys
import urllib.request
from pathlib import Path

import pytest

DRIVER = Path(__file__).resolve().parents[2] / "driver"


@pytest.fixture(name="pythons")
def fixture_pythons(monkeypatch):
    """The driver's module of that name, which imports another beside it."""
    monkeypatch.syspath_prepend(str(DRIVER))
    before = set(sys.modules)
    import pythons

    yield pythons
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", "") or "").startswith(str(DRIVER)):
            del sys.modules[name]


@pytest.mark.parametrize("reachable", [True, False])
def test_the_one_whose_address_cannot_be_reached_is_named(pythons, monkeypatch, tmp_path, reachable):
    folder = tmp_path / "lib" / "python3.13" / "site-packages" / "ansible_test" / "_data" / "requirements"
    folder.mkdir(parents=True)
    (folder / "sanity.pylint.txt").write_text("astroid==4.0.4\ndill @ https://example.com/dill.zip#sha256=0901\n")
    (folder / "sanity.pep8.txt").write_text("pycodestyle==2.14.0\n")

    def get(address, timeout):
        assert (address, timeout) == ("https://example.com/dill.zip", 10)
        if not reachable:
            raise OSError("not here")
        return open(folder / "sanity.pep8.txt", "rb")

    monkeypatch.setattr(urllib.request, "urlopen", get)
    assert pythons.sanity_out_of_reach(tmp_path / "bin") == ({} if reachable else {"pylint": "https://example.com/dill.zip"})

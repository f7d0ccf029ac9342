# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of every module run as they are written."""

from __future__ import annotations

import pytest
from examples import PREFIX, of_modules, run_all

EXAMPLES = of_modules()


@pytest.fixture(name="ran", scope="module")
def fixture_ran(tmp_path_factory):
    """What they brought, all of them in one run."""
    warnings = ("Already enabled, and the ledger has no", "The ledger records a wider backfill of binding 123")
    return run_all(EXAMPLES, tmp_path_factory.mktemp("examples"), warnings)


@pytest.mark.parametrize("name", EXAMPLES)
def test_its_examples_run(ran, name):
    assert EXAMPLES[name], "there is no example"
    assert name in ran, "none of our modules ran"
    assert not [result for _module, result in ran[name] if result.get("failed")]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_module_stands_in_its_own_examples_and_does_something(ran, name):
    mine = [result for module, result in ran[name] if module == name]
    assert len(mine) == sum(text.count(f"{PREFIX}{name}:") for text in EXAMPLES[name])
    if not name.endswith("_info"):
        assert any(result["changed"] for result in mine)
    counts = [result["count"] for result in mine if "count" in result]
    if name.endswith("_info") and counts and name != "adverity_requeue_info":
        assert any(counts), "the world has nothing of what the example asks for"

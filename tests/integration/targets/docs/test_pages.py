# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the pages that people read first run as they are written."""

from __future__ import annotations

import pytest
from adverity_harness.worlds import NOW
from examples import of_pages, run_all

EXAMPLES = of_pages()


@pytest.fixture(name="ran", scope="module")
def fixture_ran(tmp_path_factory):
    """What they brought, all of them in one run."""
    warnings = ("Already enabled, and the ledger has no record of whether the history was loaded: binding",)
    return run_all(EXAMPLES, tmp_path_factory.mktemp("examples"), warnings)


@pytest.mark.parametrize("name", EXAMPLES)
def test_its_examples_run(ran, name):
    assert EXAMPLES[name], "there is no example"
    assert name in ran, "none of our modules ran"
    assert not [result for _module, result in ran[name] if result.get("failed")]


@pytest.mark.parametrize("name", [name for name in EXAMPLES if "deploy" in name or name in ("README.md", "docs/docsite/rst/quick_start.rst")])
def test_a_page_with_the_role_really_loads(ran, name):
    counts = [result["extract_count"] for module, result in ran[name] if module == "adverity_requeue"]
    assert max(counts) > 0
    assert NOW.year == 2026, "the quick start speaks of this year"

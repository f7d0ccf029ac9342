# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the driver says of the tests is true of the checkout."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]


@pytest.fixture(name="stages")
def fixture_stages(monkeypatch):
    """The driver's module of that name, which imports others beside it."""
    monkeypatch.syspath_prepend(str(TESTS / "driver"))
    before = set(sys.modules)
    import stages

    yield stages
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", "") or "").startswith(str(TESTS / "driver")):
            del sys.modules[name]


def test_the_integration_tests_of_the_inner_loop_are_there(stages):
    wanted = [f"{target}/{name}" for target, names in stages.QUICK.items() for name in names]
    assert len(wanted) >= 3
    assert [name for name in wanted if not (TESTS / "integration" / "targets" / name).is_file()] == []


@pytest.mark.parametrize(
    ("line", "count"),
    [("3 passed in 1.20s", 3), ("===== 12 passed, 2 warnings in 3.4s =====", 12), ("no test here", 0)],
)
def test_tests_that_passed_are_counted(stages, line, count):
    assert stages.count_passed([line]) == count


@pytest.mark.parametrize("line", ["1 failed, 3 passed in 1s", "3 passed, 1 skipped in 1s", "no tests ran in 0.01s", "1 error in 2.00s"])
def test_anything_but_a_pass_is_an_error(stages, line):
    with pytest.raises(stages.StageError, match="not every test passed"):
        stages.count_passed([line])


def test_a_target_that_is_left_out_is_named_with_the_reason(stages):
    lines = ["Running events integration test script", "The target events is left out: it needs Java 17 (Debian: apt install it).", "3 passed in 1.20s"]
    assert stages.find_left_out(lines) == {"events": "it needs Java 17 (Debian: apt install it)"}


def test_each_target_that_may_be_left_out_says_so_as_the_driver_reads_it(stages):
    """The name is its own, and each reason ends as the driver's pattern does."""
    for path in (TESTS / "integration" / "targets").glob("*/runme.sh"):
        text = path.read_text("utf-8")
        if "leave_out" in text:
            assert f'echo "The target {path.parent.name} is left out: $1"' in text
            reasons = re.findall(r'leave_out "(.+)"', text)
            assert stages.find_left_out([f"The target x is left out: {reason}" for reason in reasons[:1]])
            assert all(reason.endswith(".") for reason in reasons)

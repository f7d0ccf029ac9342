# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How often an action plugin shows a line, of what, and what it says of a module that waits."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.plugin_utils import watched_action


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ({"line": "2 of 5 jobs unfinished", "left": 61.4}, "Waiting: 2 of 5 jobs unfinished, 61 s left at most"),
        ({"line": "a\nTASK [evil]\x1b[0m", "left": 600}, "Waiting: a TASK [evil] [0m, 10 min left at most"),
    ],
)
def test_a_module_that_waits_says_for_what_and_how_long(state, line):
    assert watched_action.describe_wait(state) == line


@pytest.mark.parametrize(("value", "seconds"), [(None, 30), ("", 30), ("5", 5), ("0", 0), ("0.5", 0.5), ("often", 30)])
def test_how_often_is_said_in_the_environment(monkeypatch, value, seconds):
    monkeypatch.delenv(watched_action.SECONDS, raising=False)
    if value is not None:
        monkeypatch.setenv(watched_action.SECONDS, value)
    assert watched_action.interval() == seconds


@pytest.mark.parametrize("content", [None, "", "{", "\udcff"])
def test_a_file_that_is_not_there_or_not_whole_says_nothing(tmp_path, content):
    path = tmp_path / "progress"
    if content is not None:
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert watched_action.read_state(str(path)) is None

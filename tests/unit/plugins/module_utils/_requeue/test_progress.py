# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the file with the progress says, and how often it is written."""

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import progress as file
from ansible_collections.adverity.management.plugins.module_utils._requeue import progress
from ansible_collections.adverity.management.plugins.module_utils._requeue.plan import Batch

TARGETS = {5: "DWH", 6: "DWH", 7: "Export", 8: ""}


@pytest.fixture(name="path")
def fixture_path(tmp_path, monkeypatch):
    path = tmp_path / "progress"
    monkeypatch.setenv(file.FILE, str(path))
    return path


@pytest.mark.parametrize("variable", [None, ""])
def test_nothing_is_written_where_nobody_watches(monkeypatch, variable):
    monkeypatch.delenv(file.FILE, raising=False)
    if variable is not None:
        monkeypatch.setenv(file.FILE, variable)
    assert progress.watcher(10, TARGETS) is None


@pytest.mark.parametrize(("binding_ids", "names"), [((5, 7, 6), ["DWH", "Export"]), ((8,), []), ((9,), []), ((), [])])
def test_file_says_what_is_sent_where_and_how_far(path, binding_ids, names):
    progress.watcher(10, TARGETS)(Batch(456, binding_ids, [1, 2]), 2)
    expected = {"datastream_id": 456, "binding_ids": list(binding_ids), "targets": names, "sent": 2, "total": 10}
    assert json.loads(path.read_text("utf-8")) == expected
    assert list(path.parent.iterdir()) == [path]


def test_file_is_written_every_half_second_at_most(path, monkeypatch):
    now, seen = [100.0], []
    monkeypatch.setattr(file.clock, "monotonic", lambda: now[0])
    watch = progress.watcher(10, TARGETS)
    for sent, seconds in enumerate([0, 0.4, 0.2, 0.4, 0.2], 1):
        now[0] += seconds
        watch(Batch(456, (5,), [1, 2]), sent)
        seen.append(json.loads(path.read_text("utf-8"))["sent"])
    assert seen == [1, 1, 3, 3, 5]


def test_file_that_cannot_be_written_is_no_error(path, monkeypatch):
    monkeypatch.setenv(file.FILE, str(path / "not" / "there"))
    progress.watcher(10, TARGETS)(Batch(456, (5,), [1, 2]), 2)
    assert list(path.parent.iterdir()) == []

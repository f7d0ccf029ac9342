# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ledgers outlive an AWX job: a decision on facts, and the facts."""

from __future__ import annotations

import os

import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger import persistence
from ansible_collections.adverity.management.plugins.module_utils._ledger.persistence import Place, look, reason_lost

FOLDERS = {"/home/runner": "the home directory of the job", "/runner": "the folder of the job", "/tmp": "/tmp"}


@pytest.mark.parametrize(
    ("folder", "mount", "reason"),
    [
        # Volumes, also below a folder of the job, also one of whose folders holds the ledger.
        ("/ledger/adverity", "/ledger", None),
        ("/home/runner/ledger", "/home/runner/ledger", None),
        ("/tmp/ledger", "/tmp/ledger", None),
        ("/runners/ledger", "/runners", None),
        # A host's folder is mounted there for the time of the job.
        ("/runner/project/ledger", "/runner", "/runner/project/ledger is in the folder of the job"),
    ],
)
def test_volume_outlives_the_job_and_what_is_mounted_as_its_folder_does_not(folder, mount, reason):
    """What else is lost: messages/ledgers.py."""
    assert reason_lost(Place(folder, True, 2, 1, mount, False), FOLDERS) == reason


MOUNTS = r"""22 1 0:40 / / rw,relatime - overlay overlay rw,lowerdir=/a
30 22 8:1 /srv/adverity /a\040ledger rw,relatime master:1 - ext4 /dev/sda1 rw
31 22 0:50 / /dropped rw - overlay none rw
32 22 0:51 /srv /of/an/overlay rw - overlay overlay rw
33 22 8:1 /old /twice rw - ext4 /dev/sda1 rw
34 22 0:52 / /twice rw - overlay overlay rw
"""


@pytest.mark.parametrize(
    ("folder", "mount", "is_overlay"),
    [
        ("/a ledger/of/mine", "/a ledger", False),
        ("/a", "/", True),
        ("/dropped", "/dropped", True),
        ("/of/an/overlay/x", "/of/an/overlay", False),  # a folder of the host, whose own file system is one
        ("/twice", "/twice", True),
    ],
)
def test_the_mount_of_a_folder(folder, mount, is_overlay, tmp_path, monkeypatch):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS, "utf-8")
    monkeypatch.setattr(persistence, "_MOUNTS", str(mounts))
    monkeypatch.setattr(persistence.os, "stat", lambda path: os.stat_result((0, 0, 7, *[0] * 7)))
    found = look(f"{folder}/requeue.sqlite3")
    assert (found.folder, found.exists, found.mount, found.is_overlay) == (folder, True, mount, is_overlay)


def test_the_facts_of_this_system(tmp_path, monkeypatch):
    for mounts in ("/proc/self/mountinfo", str(tmp_path / "none")):
        monkeypatch.setattr(persistence, "_MOUNTS", mounts)
        found = look("/dev/shm/requeue.sqlite3")
        assert (found.folder, found.exists, found.mount, found.device != found.root_device) == ("/dev/shm", True, "/dev/shm", True)
    (tmp_path / "link").symlink_to("/dev/shm")
    assert look(str(tmp_path / "link" / "requeue.sqlite3")).folder == "/dev/shm"
    assert not look(str(tmp_path / "made" / "requeue.sqlite3")).exists
    assert list(tmp_path.iterdir()) == [tmp_path / "link"]


@pytest.mark.parametrize(
    ("ledger", "is_lost"),
    [
        ("~/.ansible/adverity/requeue.sqlite3", True),
        ("/dev/shm/requeue.sqlite3", False), ("postgresql://adverity@db.example.com/ledger", False), ("postgresql://u@/l?host=/tmp", False),
    ],
)  # fmt: skip
def test_only_a_job_of_awx_is_refused_and_what_outlives_it_is_not(ledger, is_lost, monkeypatch):
    assert persistence.refusal(ledger) is None
    monkeypatch.setenv("JOB_ID", "7")
    assert persistence.refusal(ledger) is None  # any program may have a JOB_ID
    monkeypatch.setenv("AWX_HOST", "https://awx.example.com")
    said = f"This is AWX job 7, and its ledger {os.path.expanduser(ledger)} would be lost with the job: "
    assert (persistence.refusal(ledger) or "").startswith(said) is is_lost

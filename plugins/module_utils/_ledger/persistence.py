# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Whether a ledger outlives the AWX job that uses it: ``reason_lost`` decides, from the facts that ``look`` reads.

A database does. A file does on a volume; everything else that a job can write to is deleted with its container. Nothing here writes.
"""

from __future__ import annotations

import os
import re
import typing as t

from .._spec.kinds import is_url
from .holder import awx_job

_MOUNTS = "/proc/self/mountinfo"


class Place(t.NamedTuple):
    """The folder of a ledger file, as the job sees it. ``mount``: where the file system that holds it is mounted."""

    folder: str
    exists: bool
    device: int
    root_device: int
    mount: str
    is_overlay: bool


def refusal(ledger: str) -> str | None:
    """Why this run must not write what it sends into this ledger, None where it may. To be asked before the ledger is opened, which makes its folder."""
    if is_url(ledger):
        return None
    path = os.path.abspath(os.path.expanduser(ledger))
    reason = _reason(path)
    if reason is None:
        return None
    return (
        f"This is AWX job {awx_job()}, and its ledger {path} would be lost with the job: {reason}. The next job would send everything again. In the credential,"
        " set Ledger to a PostgreSQL URL, or to a file in a folder of a volume that every job mounts."
    )


def no_page(path: str) -> str:
    """Why a page is not written at this path, empty where it is: in an AWX job only where it outlives the job. An empty path stands for none that is named."""
    if awx_job() is None:
        return ""
    return (_reason(path) or "") if path else "report_file names no path on a volume"


def _reason(path: str) -> str | None:
    return None if awx_job() is None else reason_lost(look(path), job_folders())


def reason_lost(place: Place, folders: t.Mapping[str, str]) -> str | None:
    """Why what is written there is gone when the job ends, None where it stays. ``folders`` are those that end with the job, each with what it is. Pure."""
    if not place.exists:
        return f"the folder {place.folder} does not exist in the job"
    for folder, what in folders.items():
        # A volume can be mounted below such a folder.
        if _is_within(place.folder, folder) and not (
            _is_within(place.mount, folder) and place.mount != folder
        ):
            return f"{place.folder} is in {what}"
    if place.device == place.root_device:
        return f"no volume is mounted at {place.folder}, it is a folder of the container"
    if place.is_overlay:
        return f"{place.mount} is mounted with the option O, which drops all changes"
    return None


def job_folders() -> dict[str, str]:
    """The folders that end with an AWX job, and what each is."""
    named = {"/tmp": "/tmp", "/runner": "/runner, the folder of the job"}
    named[os.path.expanduser("~")] = "the home directory of the job"
    named[os.environ.get("AWX_PRIVATE_DATA_DIR") or "/runner"] = "the folder of the job"
    return {os.path.realpath(folder): what for folder, what in named.items()}


def look(path: str) -> Place:
    """The facts about the folder of this file. A folder that cannot be read counts as not there."""
    folder = os.path.dirname(os.path.realpath(path))
    root = os.stat("/").st_dev
    try:
        device = os.stat(folder).st_dev
    except OSError:
        return Place(folder, False, root, root, "/", False)
    # Of mounts at the same place the last one counts.
    found = [(mount, overlay) for mount, overlay in _mounts() if _is_within(folder, mount)]
    mount, overlay = max(found, key=lambda mount: len(mount[0])) if found else (_mount_of(folder), False)
    return Place(folder, True, device, root, mount, overlay)


def _mounts() -> list[tuple[str, bool]]:
    """Each mount point, the latest first, with whether it is an overlay of its own, not a folder of one; empty where the system does not tell."""
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            lines = [line.split() for line in file]
    except OSError:
        return []
    return [
        (_unescaped(words[4]), words[3] == "/" and words[words.index("-") + 1] == "overlay")
        for words in reversed(lines)
        if "-" in words
    ]


def _unescaped(text: str) -> str:
    """A path from the list of mounts, in which spaces are octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def _mount_of(folder: str) -> str:
    while not os.path.ismount(folder):
        folder = os.path.dirname(folder)
    return folder


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the checkout is, and where everything that is made from it goes.

Virtual environments, copies and caches live in ``.venv`` and ``.work`` inside the checkout, both ignored by git. Scripts in a
virtual environment and ansible-test can't bear every path (blanks, quotes, great length), so a checkout whose path holds more
than plain characters gets a folder below the folder for temporary files instead, the same one each time.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

NAMESPACE, NAME = "adverity", "management"
ROOT = Path(__file__).resolve().parents[2]
# What tools leave in a checkout, beside the two folders above. Only these are ever removed.
LEFTOVERS = (".ansible", ".cache", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "collections", "tests/output")


def _is_plain(path: str) -> bool:
    """Tell whether every tool can work below this path: a script's first line can't hold blanks, nor much more than 100 characters."""
    return re.fullmatch(r"[A-Za-z0-9_./+-]{1,80}", path) is not None


def _outside() -> Path:
    temporary = os.environ.get("TMPDIR", "/tmp")
    digest = hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:12]
    return Path(temporary if _is_plain(temporary) else "/tmp") / f"adverity-management-{os.getuid()}-{digest}"


PLAIN = _is_plain(str(ROOT))
WORK = ROOT / ".work" if PLAIN else _outside()
VENV = ROOT / ".venv" if PLAIN else WORK / "venv"


def make_work_folder() -> None:
    """Make the work folder; outside the checkout it must be ours alone, since others can write to the folder above it."""
    WORK.mkdir(mode=0o700, exist_ok=True)
    if WORK.is_symlink() or WORK.stat().st_uid != os.getuid():
        raise SystemExit(f"{WORK} belongs to somebody else: move it away, or set TMPDIR.")


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold the work folder: two runs in one checkout would pull each other's copy away."""
    make_work_folder()
    with open(WORK / "lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("Another run is under way in this checkout: waiting for it.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def link_collection(parent: Path) -> Path:
    """Link the checkout below `parent` under the name that Ansible looks for; return what ANSIBLE_COLLECTIONS_PATH must be."""
    link = parent / "ansible_collections" / NAMESPACE / NAME
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    link.symlink_to(ROOT, target_is_directory=True)
    return parent


def copy_collection(parent: Path) -> Path:
    """Copy what git knows of the checkout (with new files, without ignored ones) below `parent`; return the copy's root.

    ansible-test follows links, so it needs a real copy, and a git repository of its own: in an ignored folder it would ask the
    outer repository, which answers that there is nothing here. Only the virtual environments that ansible-test makes in the copy
    outlive it.
    """
    copy = parent / "ansible_collections" / NAMESPACE / NAME
    environments, kept = copy / "tests" / "output" / ".tmp" / "delegation", parent / "delegation"
    if environments.is_dir():
        shutil.rmtree(kept, ignore_errors=True)
        environments.rename(kept)
    shutil.rmtree(copy, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    ).stdout
    for name in filter(None, listed.split(b"\0")):
        source, target = ROOT / os.fsdecode(name), copy / os.fsdecode(name)
        if os.path.lexists(source):  # a file that was removed, but not yet for git, is listed all the same
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)
    if kept.is_dir():
        environments.parent.mkdir(parents=True)
        kept.rename(environments)
    return copy


def clean() -> None:
    """Remove everything that was made from the checkout."""
    for path in (WORK, VENV, *(ROOT / name for name in LEFTOVERS)):
        shutil.rmtree(path, ignore_errors=True)
    for folder in ("playbooks", "plugins", "roles", "tests"):
        for cache in (ROOT / folder).rglob("__pycache__"):
            shutil.rmtree(cache, ignore_errors=True)

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the collection under test is, and its simulator."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

NAMESPACE, NAME = "adverity", "management"


# ansible-test copies the targets into a folder below the collection, so its root is looked for upwards.
ROOT = next(folder for folder in Path(__file__).resolve().parents if (folder / "galaxy.yml").is_file() and (folder / "plugins").is_dir())


def collections_path(folder: Path) -> Path:
    """Return what ANSIBLE_COLLECTIONS_PATH must be: of a plain checkout, which has another name, a link is made in `folder`."""
    if ROOT.parts[-3:] == ("ansible_collections", NAMESPACE, NAME):
        return ROOT.parents[2]
    link = folder / "ansible_collections" / NAMESPACE / NAME
    if not link.is_symlink():
        link.parent.mkdir(parents=True)
        link.symlink_to(ROOT, target_is_directory=True)
    return folder


def load_simulator() -> ModuleType:
    folder = str(ROOT / "playbooks" / "files")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module("adverity_simulator")

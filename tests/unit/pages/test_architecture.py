# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page about the architecture names files and functions that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/docsite/rst/architecture.rst").read_text("utf-8")
SHARED = "plugins/module_utils"


def paths():
    """What the page names as a path: relative to the root, or to the folder of the packages. A file in capitals is an example."""
    named = {name.rstrip("/") for name in re.findall(r"``([\w./-]+)``", PAGE) if "/" in name or name.endswith((".py", ".yml", ".md", ".txt"))}
    return sorted(name for name in named if not re.search(r"NAME|^/", name))


def test_every_path_exists():
    assert len(paths()) > 50
    assert [name for name in paths() if not ((ROOT / name).exists() or (ROOT / SHARED / name).exists() or list(ROOT.glob(f"{SHARED}/*/{name}")))] == []


def test_every_package_is_in_the_table():
    packages = {path.parent.name for path in (ROOT / SHARED).glob("*/__init__.py")}
    assert set(re.findall(r"\* - ``(_\w+)``", PAGE)) == packages


def test_function_is_in_the_file_that_the_page_names():
    named = re.findall(r"``(\w+)(?:\(\w*\))?`` in ``([\w/.]+\.py)``", PAGE)
    assert len(named) >= 5
    missing = []
    for name, path in named:
        found = [file for file in (ROOT / path, ROOT / SHARED / path) if file.exists()]
        if not found or not re.search(rf"\b{name}\b", found[0].read_text("utf-8")):
            missing.append((name, path))
    assert missing == []

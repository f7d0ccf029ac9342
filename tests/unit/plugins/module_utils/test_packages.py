# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packages of the shared code: each uses those above it, and none below."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
PACKAGE = ("plugins", "module_utils")
PREFIX = ("ansible_collections", "adverity", "management")
PACKAGES = ("_api", "_spec", "_ledger", "_resources", "_outcome", "_requeue", "_deploy")  # the uppermost first
FOLDER = ROOT.joinpath(*PACKAGE)


def imported(source, package):
    """Return the packages that a file imports from; `package` is where it stands, as ``("plugins", "module_utils", "_api")``."""
    packages = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = PREFIX + package[: len(package) + 1 - node.level] if node.level else ()
            module = start + tuple((node.module or "").split(".") if node.module else ())
            names = [(*module, alias.name) for alias in node.names]
        else:
            continue
        home = PREFIX + PACKAGE
        packages.update(name[len(home)] for name in names if name[: len(home)] == home and len(name) > len(home))
    return packages


def test_all_shared_code_stands_in_a_package():
    found = {path.relative_to(FOLDER).parts[0] for path in FOLDER.rglob("*.py")} - {"__init__.py"}
    assert found == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_none_below_it(package):
    """Reads the imports, those inside functions included."""
    allowed = set(PACKAGES[: PACKAGES.index(package) + 1])
    files = sorted((FOLDER / package).rglob("*.py"))
    assert files
    wrong = {}
    for path in files:
        folder = path.relative_to(ROOT).parent.parts
        below = imported(path.read_text("utf-8"), folder) - allowed
        if below:
            wrong[path.name] = sorted(below)
    assert wrong == {}


@pytest.mark.parametrize(
    "line",
    [
        "from ansible_collections.adverity.management.plugins.module_utils._ledger.store import Store",
        "from ansible_collections.adverity.management.plugins.module_utils._ledger import store",
        "from ansible_collections.adverity.management.plugins.module_utils import _ledger",
        "import ansible_collections.adverity.management.plugins.module_utils._ledger.store",
        "from .._ledger import store",
        "from .. import _ledger",
        "from ansible_collections.adverity.management.plugins.module_utils._ledger import (\n    store,\n)",
        "def later():\n    from .._ledger.store import Store",
    ],
)
def test_every_form_of_an_import_is_seen(line):
    assert imported(line, (*PACKAGE, "_api")) == {"_ledger"}


def test_what_a_package_imports_of_itself_is_seen():
    assert imported("from . import retry\nfrom .errors import Lost\nimport json", (*PACKAGE, "_api")) == {"_api"}

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resources of the API: each file declares the kinds of rows that it has (``KINDS``) and the requests that it answers (``ROUTES``).

A new file is found by itself.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Any, Callable

from ..calls import Call
from ..fields import Kind

_FILES = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]  # by name


def _in_order(kinds: list[Kind]) -> dict[str, Kind]:
    """The kinds by name, each after those that it refers to."""
    ordered: dict[str, Kind] = {}
    while len(ordered) < len(kinds):
        ready = [kind for kind in kinds if kind.name not in ordered and all(other in ordered for other, _field in kind.references.values())]
        ordered.update((kind.name, kind) for kind in ready[:1])
        assert ready, f"kinds that refer to each other: {', '.join(kind.name for kind in kinds if kind.name not in ordered)}"
    return ordered


KINDS = _in_order([kind for file in _FILES for kind in file.KINDS])
DEPENDENTS: dict[str, list[tuple[str, str]]] = {  # kind: other kinds that are removed with it, and the field that refers to it
    name: [(other.name, field) for other in KINDS.values() for field in other.removed_with if other.references[field][0] == name] for name in KINDS}
# method, path, needed scope (None: any valid key), rule. The scope is checked under /api/v1/, elsewhere as the switch `older_scopes` says.
ROUTES: list[tuple[str, re.Pattern[str], str | None, Callable[[Call], Any]]] = [
    (method, re.compile(path), scope, rule) for file in _FILES for method, path, scope, rule in file.ROUTES]

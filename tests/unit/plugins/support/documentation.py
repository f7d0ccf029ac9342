# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation of a module or filter says. Not tests."""

from __future__ import annotations

import importlib
from typing import Any

import yaml

PLUGINS = "ansible_collections.adverity.management.plugins."


def read_documentation(name: str, kind: str = "modules") -> dict[str, Any]:
    """The documentation of a plugin, with the options of its fragments."""
    documented = yaml.safe_load(importlib.import_module(f"{PLUGINS}{kind}.{name}").DOCUMENTATION)
    options = dict(documented.get("options", {}))
    for fragment in documented.get("extends_documentation_fragment", []):
        file, _dot, part = fragment.replace("adverity.management.", "", 1).partition(".")
        text = getattr(importlib.import_module(f"{PLUGINS}doc_fragments.{file}").ModuleDocFragment, part.upper() or "DOCUMENTATION")
        for option, row in yaml.safe_load(text)["options"].items():
            options[option] = {**row, **options.get(option, {})}
    return {**documented, "options": options}

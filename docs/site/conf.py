# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of Sphinx for the published pages. See build.py."""

from __future__ import annotations

import os
import re
import zlib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

project = "adverity.management"
author = copyright = "the adverity.management authors"
html_title = html_short_title = "Adverity Management for Ansible"

extensions = ["sphinx.ext.intersphinx", "sphinx.ext.githubpages", "sphinx_antsibull_ext"]
nitpicky = True
default_role = "any"
highlight_language = "YAML+Jinja"
pygments_style = "ansible"

html_theme = "sphinx_ansible_theme"
html_theme_options = {
    "display_version": False,
    "collapse_navigation": False,
    "titles_only": True,
    "documentation_home_url": "https://adverity.github.io/management/",
    "topbar_links": {
        "Repository": "https://github.com/adverity/management",
        "Issues": "https://github.com/adverity/management/issues",
    },
}
html_static_path = [str(HERE / "static")]
html_css_files = ["site.css"]
html_show_sphinx = html_use_index = html_use_modindex = html_copy_source = False

# Pages of ansible-core to which the generated pages refer. Its own inventory would have to be downloaded for each build.
CORE_PAGES = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
_INVENTORY = Path(os.environ["SITE_FOLDER"], "ansible-core.inv")
_INVENTORY.write_bytes(
    b"# Sphinx inventory version 2\n# Project: ansible-core\n# Version: devel\n# The remainder of this file is compressed using zlib.\n"
    + zlib.compress("".join(f"{label} std:label -1 {page} {label}\n" for label, page in CORE_PAGES.items()).encode())
)
intersphinx_mapping = {"ansible_core": ("https://docs.ansible.com/projects/ansible/devel/", str(_INVENTORY))}


def arrange_index(_app: Any, docname: str, source: list[str]) -> None:
    """Give each list of pages on the generated start page a caption, which the side bar shows, and modules their names alone."""
    if docname != "index":
        return
    text = source[0].replace("Adverity.Management\n===================", "Adverity Management for Ansible\n===============================")
    # The headings of the guides become the captions of their lists.
    text = re.sub(r"\n([^\n]+)\n-+\n\n(\.\. toctree::\n    :maxdepth: 1\n)(?=\n    docsite/)", r"\n\2    :caption: \1\n", text)
    for kind, caption in (("module", "Modules"), ("filter", "Filters"), ("role", "Role")):
        text = re.sub(rf"(    :hidden:\n)(\n    \w+_{kind}\n)", rf"\1    :caption: {caption}\n\2", text)
        text = re.sub(rf"(?m)^    (\w+)_{kind}$", rf"    \1 <\1_{kind}>", text)
    source[0] = text


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", arrange_index)

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the published pages: ``python docs/site/build.py FOLDER``. The pages are in FOLDER/html.

The tools of requirements-dev.txt must be installed in this Python. A warning, or a link to a page that does not exist, is an error.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COLLECTION = "adverity.management"
PUBLISHED = "https://adverity.github.io/management/"  # where the pages are, for the README and for messages


class Page(HTMLParser):
    """The links of a page, and the places in it to which links can lead."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = {""}
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by HTMLParser."""
        for name, value in attrs:
            if name in ("href", "src"):
                self.links.append(value or "")
            elif name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value or "")


def dead_links(html: Path) -> list[str]:
    """Return the links, as ``page: link``, that lead to a page or place that does not exist; also those of the README to the published pages."""
    pages = {path: Page(path) for path in html.rglob("*.html")}
    found = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file() or (target in pages and parts.fragment and unquote(parts.fragment) not in pages[target].anchors):
                found.append(f"{path.relative_to(html)}: {link}")
    for link in re.findall(rf"{re.escape(PUBLISHED)}([\w/.#-]*)", (ROOT / "README.md").read_text("utf-8")):
        name, _hash, anchor = link.partition("#")
        target = html / (name or "index.html")
        if target not in pages or anchor not in pages[target].anchors:
            found.append(f"README.md: {link}")
    return found


def build(folder: Path) -> int:
    """Build the pages in this folder, which is emptied first, and return how many there are. ValueError and CalledProcessError say what is wrong."""
    shutil.rmtree(folder, ignore_errors=True)
    rst, html, tree = folder / "rst", folder / "html", folder / "tree" / "ansible_collections" / "adverity"
    rst.mkdir(parents=True, mode=0o755)
    tree.mkdir(parents=True)
    (tree / "management").symlink_to(ROOT)
    environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(folder / "tree"), SITE_FOLDER=str(folder))
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", "")])
    generate = ("antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--dest-dir", str(rst), COLLECTION)
    subprocess.run(generate, env=environment, check=True)
    shutil.copytree(ROOT / "docs/docsite/rst/images", rst / "docsite/images")  # antsibull-docs takes pages only
    render = ("sphinx-build", "-q", "-W", "--keep-going", "-b", "html", "-c", str(HERE), str(rst), str(html))
    subprocess.run(render, env=environment, check=True)
    dead = dead_links(html)
    if dead:
        raise ValueError("links that lead nowhere:\n  " + "\n  ".join(dead))
    return sum(1 for _page in html.rglob("*.html"))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"Usage: {sys.argv[0]} FOLDER")
    try:
        print(f"{build(Path(sys.argv[1]).resolve())} pages in {sys.argv[1]}/html, without a warning or a dead link")
    except (ValueError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))

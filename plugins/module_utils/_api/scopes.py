# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Which scope of a key each request needs: the one table behind the hint of a 403, and what the page "Keys and scopes" and the simulator are tested against."""

from __future__ import annotations

# The beginning of a path, and the resource in its scope; None where not even a likely scope is known. The scopes of /api/v1/ are documented (bindings, pulling
# and requeue guides), those of the older API are not: they are the scopes of the same objects under /api/v1/.
RESOURCES: tuple[tuple[str, str | None], ...] = (
    ("/api/v1/bindings/", "destination"),
    ("/api/v1/datastreams/", "datastream"),
    ("/api/v1/extracts/requeue/", "destination"),
    ("/api/v1/workspaces/", "workspace"),
    ("/api/connection-types/", None),
    ("/api/jobs/", None),
    ("/api/errors/", None),
    ("/api/datastream-types/", "datastream"),
    ("/api/datastreams/", "datastream"),
    ("/api/extracts/", "datastream"),
    ("/api/stacks/", "workspace"),
    ("/api/target-types/", "destination"),
)
ROOT_ONLY = "destination:write"  # given to keys of the root workspace only (bindings guide)


def needed(method: str, path: str) -> str | None:
    """The scope that a request needs, such as ``destination:read``; None where that is not known."""
    right = "read" if method in ("GET", "OPTIONS") else "write"
    resource = next((resource for beginning, resource in RESOURCES if path.startswith(beginning)), None)
    return resource and f"{resource}:{right}"


def documented(path: str) -> bool:
    """Whether the scope of a request to this path is documented."""
    return path.startswith("/api/v1/")


def hint(method: str, path: str) -> str:
    """What to check after a 403."""
    scope = needed(method, path)
    if scope is None:
        return "Check the scopes of the key. Which scope this request needs is not documented."
    more = ", which only keys of the root workspace can have" if scope == ROOT_ONLY else ""
    return f"Check the scopes of the key. This request needs {scope}{more}."

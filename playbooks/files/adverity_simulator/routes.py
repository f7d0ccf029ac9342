# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rule answers which method and path, and the scope that it needs."""

from __future__ import annotations

import re
from typing import Any, Callable

from .bindings import list_bindings, patch_binding
from .calls import Call
from .datastreams import list_datastreams, patch_datastreams, put_smart
from .extracts import list_extracts, requeue
from .values import Row

# method, path, needed scope (None: any valid key), rule
ROUTES: list[tuple[str, Any, str | None, Callable[[Call], Row]]] = [
    ("GET", re.compile(r"/api/v1/bindings/"), "destination:read", list_bindings),
    ("PATCH", re.compile(r"/api/v1/bindings/(\d{1,18})/"), "destination:write", patch_binding),
    ("GET", re.compile(r"/api/v1/datastreams/"), "datastream:read", list_datastreams),
    ("PATCH", re.compile(r"/api/v1/datastreams/"), "datastream:write", patch_datastreams),
    ("PUT", re.compile(r"/api/v1/datastreams/pulling/smart/"), "datastream:write", put_smart),
    ("GET", re.compile(r"/api/extracts/"), None, list_extracts),
    ("POST", re.compile(r"/api/v1/extracts/requeue/"), "destination:write", requeue),
]

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rule answers which method and path, and the scope that it needs (under /api/v1/; elsewhere as the switch `older_scopes` says)."""

from __future__ import annotations

import re
from typing import Any, Callable

from .bindings import list_bindings, patch_binding
from .calls import Call
from .datastreams import list_datastreams, patch_datastreams, put_smart
from .destinations import (
    change_mapping,
    change_target,
    create_mapping,
    create_target,
    delete_mapping,
    delete_target,
    list_mappings,
    list_targets,
    show_mapping,
    show_target,
    target_options,
)
from .directory import (
    list_connection_types,
    list_connections,
    list_datastream_types,
    list_datastreams_of_type,
    list_older_datastreams,
    list_stacks,
    list_target_types,
    list_workspaces,
    show_older_datastream,
    show_stack,
)
from .extracts import list_extracts, requeue
from .jobs import fetch_fixed, list_issues, list_jobs, show_job, stop_job

_ID = r"(\d{1,18})/"
_TARGETS = rf"/api/target-types/{_ID}targets/"
_MAPPINGS = rf"{_TARGETS}{_ID}mappings/"
# method, path, needed scope (None: any valid key), rule
ROUTES: list[tuple[str, Any, str | None, Callable[[Call], Any]]] = [
    ("GET", re.compile(r"/api/v1/bindings/"), "destination:read", list_bindings),
    ("PATCH", re.compile(r"/api/v1/bindings/(\d{1,18})/"), "destination:write", patch_binding),
    ("GET", re.compile(r"/api/v1/datastreams/"), "datastream:read", list_datastreams),
    ("PATCH", re.compile(r"/api/v1/datastreams/"), "datastream:write", patch_datastreams),
    ("PUT", re.compile(r"/api/v1/datastreams/pulling/smart/"), "datastream:write", put_smart),
    ("GET", re.compile(r"/api/v1/workspaces/"), "workspace:read", list_workspaces),
    ("GET", re.compile(r"/api/extracts/"), "datastream:read", list_extracts),
    ("POST", re.compile(r"/api/v1/extracts/requeue/"), "destination:write", requeue),
    ("GET", re.compile(r"/api/jobs/"), None, list_jobs),
    ("GET", re.compile(rf"/api/jobs/{_ID}"), None, show_job),
    ("POST", re.compile(rf"/api/jobs/{_ID}stop"), None, stop_job),
    ("GET", re.compile(rf"/api/datastreams/{_ID}jobs/"), "datastream:read", list_jobs),
    ("GET", re.compile(r"/api/errors/"), None, list_issues),
    ("POST", re.compile(rf"/api/datastreams/{_ID}fetch_fixed/"), "datastream:write", fetch_fixed),
    ("GET", re.compile(r"/api/stacks/"), "workspace:read", list_stacks),
    ("GET", re.compile(r"/api/stacks/([^/]+)/"), "workspace:read", show_stack),
    ("GET", re.compile(r"/api/datastreams/"), "datastream:read", list_older_datastreams),
    ("GET", re.compile(rf"/api/datastreams/{_ID}"), "datastream:read", show_older_datastream),
    ("GET", re.compile(r"/api/datastream-types/"), "datastream:read", list_datastream_types),
    ("GET", re.compile(rf"/api/datastream-types/{_ID}datastreams/"), "datastream:read", list_datastreams_of_type),
    ("GET", re.compile(r"/api/connection-types/"), None, list_connection_types),
    ("GET", re.compile(rf"/api/connection-types/{_ID}connections/"), None, list_connections),
    ("GET", re.compile(r"/api/target-types/"), "destination:read", list_target_types),
    ("OPTIONS", re.compile(_TARGETS), "destination:read", target_options),
    ("GET", re.compile(_TARGETS), "destination:read", list_targets),
    ("POST", re.compile(_TARGETS), "destination:write", create_target),
    ("GET", re.compile(_TARGETS + _ID), "destination:read", show_target),
    ("PATCH", re.compile(_TARGETS + _ID), "destination:write", change_target),
    ("PUT", re.compile(_TARGETS + _ID), "destination:write", change_target),
    ("DELETE", re.compile(_TARGETS + _ID), "destination:write", delete_target),
    ("GET", re.compile(_MAPPINGS), "destination:read", list_mappings),
    ("POST", re.compile(_MAPPINGS), "destination:write", create_mapping),
    ("GET", re.compile(_MAPPINGS + _ID), "destination:read", show_mapping),
    ("PATCH", re.compile(_MAPPINGS + _ID), "destination:write", change_mapping),
    ("DELETE", re.compile(_MAPPINGS + _ID), "destination:write", delete_mapping),
]

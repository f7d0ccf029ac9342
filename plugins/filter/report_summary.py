# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: report_summary
short_description: Destinations and their backfills, in lines
version_added: 0.2.0
description:
  - What the playbook C(adverity.management.report) shows in its output.
author:
  - The adverity.management authors (@adverity-management)
positional: _input
options:
  _input:
    description: The bindings, as M(adverity.management.adverity_binding_info) returns them.
    type: list
    elements: dict
    required: true
  ledger:
    description: The result of M(adverity.management.adverity_requeue_info).
    type: dict
    required: true
  loads:
    description: The result of M(adverity.management.adverity_load_info), also if it failed or was skipped.
    type: dict
    default: {}
  issues:
    description: The result of M(adverity.management.adverity_issue_info), likewise.
    type: dict
    default: {}
  jobs:
    description: The result of M(adverity.management.adverity_job_info), likewise.
    type: dict
    default: {}
  page:
    description: The absolute path of the page that the playbook writes. Empty if none was named.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show the destinations
  ansible.builtin.debug:
    msg: "{{ (found.bindings | adverity.management.report_summary(ledger=ledger)).lines }}"
"""

RETURN = r"""
_value:
  description:
    - C(lines) for a person, and C(no_page), the reason why a page at this path would not outlive the AWX job that runs this, or empty text.
  type: dict
"""

import typing as t

from ansible_collections.adverity.management.plugins.module_utils._deploy import report
from ansible_collections.adverity.management.plugins.module_utils._ledger import persistence

Row = dict[str, t.Any]


def report_summary(
    bindings: list[Row],
    ledger: Row,
    loads: Row | None = None,
    issues: Row | None = None,
    jobs: Row | None = None,
    page: str = "",
) -> Row:
    """See ``_deploy/report.py``."""
    lines = report.make(bindings, ledger, report.Shown(loads or {}, issues or {}, jobs or {}))
    return {"lines": lines, "no_page": persistence.no_page(page)}


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Its name and function."""
        return {"report_summary": report_summary}

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: deployment_summary
short_description: What a deployment did, in lines and as data
version_added: 0.1.0
description:
  - Sums up a plan of M(adverity.management.adverity_deployment_info) and the results of its steps.
author:
  - The adverity.management authors (@adverity-management)
positional: _input
options:
  _input:
    description: The result of M(adverity.management.adverity_deployment_info).
    type: dict
    required: true
  results:
    description: The results of the tasks of the role, by the names under which the role registers them. Empty for a task that did not run.
    type: dict
    required: true
    version_added: 0.2.0
"""

EXAMPLES = r"""
- name: Show what was done
  ansible.builtin.debug:
    msg: "{{ (plan | adverity.management.deployment_summary(results=results)).lines }}"
"""

RETURN = r"""
_value:
  description: C(lines) for a person, C(data) for C(set_stats), and C(open), the messages about what is left open, or did not work.
  type: dict
"""

import typing as t

from ansible_collections.adverity.management.plugins.module_utils._deploy.summary import of_role


def deployment_summary(plan: dict[str, t.Any], results: dict[str, dict[str, t.Any]]) -> dict[str, t.Any]:
    """See ``_deploy/summary.py``."""
    return of_role(plan, results)


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Its name and function."""
        return {"deployment_summary": deployment_summary}

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: deployment_steps
short_description: The steps of a deployment that ran or can run
version_added: 0.2.0
description:
  - The steps of a plan of M(adverity.management.adverity_deployment_info) up to the first one that failed.
  - The role P(adverity.management.deploy_destination#role) uses it, so that no later step runs if the play ignores errors.
author:
  - The adverity.management authors (@adverity-management)
positional: _input
options:
  _input:
    description: The result of M(adverity.management.adverity_deployment_info).
    type: dict
    required: true
  results:
    description: The results of the tasks of the role so far, by the names under which the role registers them. Empty for a task that did not run.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the steps that ran
  ansible.builtin.debug:
    msg: "{{ plan | adverity.management.deployment_steps(results=results) }}"
"""

RETURN = r"""
_value:
  description: The names of the steps, in order.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.adverity.management.plugins.module_utils._deploy.progress import progress


def deployment_steps(plan: dict[str, t.Any], results: dict[str, dict[str, t.Any]]) -> list[str]:
    """See ``_deploy/progress.py``."""
    return progress(plan.get("steps", []), results).steps


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Its name and function."""
        return {"deployment_steps": deployment_steps}

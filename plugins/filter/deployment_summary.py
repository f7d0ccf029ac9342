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
  made:
    version_added: 0.2.0
    description: The result of M(adverity.management.adverity_destination), if it ran.
    type: dict
    default: {}
  enabled:
    description: The result of M(adverity.management.adverity_binding), if it ran.
    type: dict
    default: {}
  requeued:
    version_added: 0.2.0
    description: The result of M(adverity.management.adverity_requeue), if it ran.
    type: dict
    default: {}
  followed:
    version_added: 0.2.0
    description: The result of M(adverity.management.adverity_load_info), if it ran.
    type: dict
    default: {}
  datastreams:
    version_added: 0.2.0
    description:
      - The results of the modules that changed datastreams, if any ran.
      - V(smart_pulling) is that of M(adverity.management.adverity_smart_pulling); V(pulling_mode) and V(enabled) are those of
        M(adverity.management.adverity_datastream).
    type: dict
    default: {}
  assigned:
    version_added: 0.2.0
    description: The result of M(adverity.management.adverity_assignment), if it ran.
    type: dict
    default: {}
  failed:
    version_added: 0.2.0
    description: The step of the plan that failed, if the play goes on in spite of that (C(ignore_errors)). The later steps did not run.
    type: str
"""

EXAMPLES = r"""
- name: Show what was done
  ansible.builtin.debug:
    msg: "{{ (plan | adverity.management.deployment_summary(enabled=enabled, requeued=requeued)).lines }}"
"""

RETURN = r"""
_value:
  description: C(lines) for a person, and C(data) for C(set_stats).
  type: dict
"""

import typing as t

from ansible_collections.adverity.management.plugins.module_utils._deploy.summary import make


def deployment_summary(
    plan: dict[str, t.Any],
    made: dict[str, t.Any] | None = None,
    enabled: dict[str, t.Any] | None = None,
    requeued: dict[str, t.Any] | None = None,
    datastreams: dict[str, dict[str, t.Any]] | None = None,
    assigned: dict[str, t.Any] | None = None,
    failed: str | None = None,
    followed: dict[str, t.Any] | None = None,
) -> dict[str, t.Any]:
    """See ``_deploy/summary.py``."""
    return make(
        plan,
        made or {},
        enabled or {},
        requeued or {},
        datastreams or {},
        assigned or {},
        failed,
        followed or {},
    )


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Its name and function."""
        return {"deployment_summary": deployment_summary}

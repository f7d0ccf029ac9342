# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: deployment_summary
short_description: What a deployment did, in lines and as data
version_added: 0.1.0
description:
  - Sums up a plan of P(adverity.management.deployment_plan#filter) and what came of it.
author:
  - The adverity.management authors (@adverity-management)
positional: _input
options:
  _input:
    description: The plan.
    type: dict
    required: true
  requeue:
    description: The result of M(adverity.management.adverity_requeue), or an empty one where it did not run.
    type: dict
    required: true
  target_id:
    description: The integer id of the destination.
    type: int
    required: true
  enabled:
    description: Whether the bindings were to be enabled.
    type: bool
    default: true
  check_mode:
    description: Whether nothing was really done.
    type: bool
    default: false
  datastreams:
    description:
      - The results of what was set of datastreams, as far as there are any.
      - V(smart_pulling) is that of M(adverity.management.adverity_smart_pulling); V(pulling_mode) and V(enabled) are those of
        M(adverity.management.adverity_datastream).
    type: dict
    default: {}
  datastream_enabled:
    description: Whether the datastreams were to be switched on, or off.
    type: bool
"""

EXAMPLES = r"""
- name: Show what was done
  ansible.builtin.debug:
    msg: "{{ (plan | adverity.management.deployment_summary(requeue=requeued, target_id=789)).lines }}"
"""

RETURN = r"""
_value:
  description: C(lines) for a person, and C(data) for C(set_stats).
  type: dict
"""

import typing as t

from ansible_collections.adverity.management.plugins.module_utils._deploy.summary import make_summary


def deployment_summary(
    plan: dict[str, t.Any],
    requeue: dict[str, t.Any],
    target_id: int,
    enabled: bool = True,
    check_mode: bool = False,
    datastreams: dict[str, dict[str, t.Any]] | None = None,
    datastream_enabled: bool | None = None,
) -> dict[str, t.Any]:
    """See ``make_summary``."""
    return make_summary(plan, requeue, target_id, enabled, check_mode, datastreams or {}, datastream_enabled)


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Its name and function."""
        return {"deployment_summary": deployment_summary}

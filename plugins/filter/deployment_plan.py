# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: deployment_plan
short_description: What to enable and what to backfill for a destination
version_added: 0.1.0
description:
  - The decision of the role P(adverity.management.deploy_destination#role), from what is read to what will be done. It shows the plan's warnings.
author:
  - The adverity.management authors (@adverity-management)
positional: _input
options:
  _input:
    description: The RV(adverity.management.adverity_binding_info#module:bindings) of one destination.
    type: list
    elements: dict
    required: true
  backfills:
    description: What the ledger knows of them, RV(adverity.management.adverity_requeue_info#module:backfills).
    type: list
    elements: dict
    required: true
  target_id:
    description: The integer id of the destination.
    type: int
    required: true
  datastream_ids:
    description: The integer ids of the datastreams that are meant. Without it, all that are bound to the destination.
    type: list
    elements: int
  enabled:
    description: Whether the bindings shall be enabled.
    type: bool
    default: true
  backfill:
    description: Which bindings are backfilled, see the role.
    type: str
    choices: [when_needed, always, never]
    default: when_needed
  options:
    description: The options C(batch_size), C(created_from) and C(created_to) of M(adverity.management.adverity_requeue), to be checked beforehand.
    type: dict
"""

EXAMPLES = r"""
- name: Decide
  ansible.builtin.set_fact:
    plan: "{{ found.bindings | adverity.management.deployment_plan(backfills=ledger.backfills, target_id=789) }}"
"""

RETURN = r"""
_value:
  description:
    - The plan, with the keys C(bindings), C(write_ids), C(planned_ids), C(resumed_ids), C(datastreams), C(self_loading) and
      C(warnings), and C(refusal), which is not empty where there can be no plan, and says why.
  type: dict
"""

import typing as t

from ansible.utils.display import Display
from ansible_collections.adverity.management.plugins.module_utils._deployment import empty_plan, make_plan
from ansible_collections.adverity.management.plugins.module_utils._errors import AdverityError


def deployment_plan(
    bindings: list[dict[str, t.Any]],
    backfills: list[dict[str, t.Any]],
    target_id: int,
    datastream_ids: t.Any = None,
    enabled: bool = True,
    backfill: str = "when_needed",
    options: dict[str, t.Any] | None = None,
) -> dict[str, t.Any]:
    """See ``make_plan``. Shows the warnings; what cannot be planned is a ``refusal``, for a task that shows it without the noise of a failed template."""
    try:
        plan = make_plan(bindings, backfills, target_id, datastream_ids, enabled, backfill, options)
    except AdverityError as error:
        return empty_plan(str(error))
    for warning in plan["warnings"]:
        Display().warning(warning)
    return plan


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Its name and function."""
        return {"deployment_plan": deployment_plan}

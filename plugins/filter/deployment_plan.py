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
  options:
    description: The role's variables, as P(adverity.management.deployment_options#filter) reads them.
    type: dict
    required: true
  memory:
    description:
      - What the role remembers by - C(job), the number of the AWX job, if it is one; C(path), that of the ledger, if one is named; C(known), whether
        the ledger in the facts has heard of the instance; C(moved), the bindings that changed since it did; C(looked_at), whether this is a
        check that somebody started to look at it, and so no step of a workflow.
    type: dict
"""

EXAMPLES = r"""
- name: Decide
  ansible.builtin.set_fact:
    plan: "{{ found.bindings | adverity.management.deployment_plan(backfills=ledger.backfills, options=options) }}"
  vars:
    options: "{{ {'target_id': 789} | adverity.management.deployment_options }}"
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
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.plugins.module_utils._deploy import memory as _memory_module
from ansible_collections.adverity.management.plugins.module_utils._deploy.plan import empty_plan, make_plan

_CHOICE = ("target_id", "datastream_ids", "enabled", "backfill")


def deployment_plan(
    bindings: list[dict[str, t.Any]], backfills: list[dict[str, t.Any]], options: dict[str, t.Any], memory: dict[str, t.Any] | None = None
) -> dict[str, t.Any]:
    """See ``make_plan``. Shows the warnings; what cannot be planned is a ``refusal``, for a task that shows it without the noise of a failed template."""
    try:
        plan = make_plan(bindings, backfills, **{name: options[name] for name in _CHOICE}, in_facts=options["ledger_in_facts"])
    except AdverityError as error:
        return empty_plan(str(error))
    if memory is not None:
        plan["refusal"] = _memory_module.refuse(plan, in_facts=options["ledger_in_facts"], **memory)
    for warning in plan["warnings"]:
        Display().warning(warning)
    return plan


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Its name and function."""
        return {"deployment_plan": deployment_plan}

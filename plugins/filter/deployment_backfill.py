# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: deployment_backfill
short_description: What of a deployment's plan is to be requeued
version_added: 0.1.0
description:
  - Turns a plan of P(adverity.management.deployment_plan#filter) into the options of M(adverity.management.adverity_requeue) that choose.
author:
  - The adverity.management authors (@adverity-management)
positional: _input
options:
  _input:
    description: The plan.
    type: dict
    required: true
  written:
    description: The RV(adverity.management.adverity_binding#module:bindings) that were enabled, as the service answered.
    type: list
    elements: dict
    default: []
  only_planned:
    description: Only what is going to be enabled, before it is.
    type: bool
    default: false
  check_mode:
    description: Whether nothing was really enabled.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Write the plan into the ledger
  adverity.management.adverity_requeue:
    datastream_ids: "{{ wanted.datastream_ids }}"
    binding_ids: "{{ wanted.binding_ids }}"
    self_loading: "{{ wanted.self_loading }}"
    state: planned
  vars:
    wanted: "{{ plan | adverity.management.deployment_backfill(only_planned=true) }}"
"""

RETURN = r"""
_value:
  description: The options C(datastream_ids), C(binding_ids) and C(self_loading).
  type: dict
"""

import typing as t

from ansible_collections.adverity.management.plugins.module_utils._deploy.plan import make_backfill


def deployment_backfill(
    plan: dict[str, t.Any], written: list[dict[str, t.Any]] | None = None, only_planned: bool = False, check_mode: bool = False
) -> dict[str, t.Any]:
    """See ``make_backfill``."""
    return make_backfill(plan, written or [], only_planned, check_mode)


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Its name and function."""
        return {"deployment_backfill": deployment_backfill}

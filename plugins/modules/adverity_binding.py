#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_binding
short_description: Enable or disable the bindings of datastreams to destinations
version_added: 0.1.0
description:
  - Enables or disables bindings. A binding is the switch of the assignment of a datastream to a destination. While it is enabled, Adverity automatically
    loads what the datastream fetches.
  - Reads the bindings first and writes only those that differ, with one request each. Every write updates C(updated), even if it changes nothing.
  - A binding that cannot be written does not stop the others. The module fails at the end with RV(unfinished=true), and lists it. A request that fails for
    a reason that concerns all requests ends the run. Such reasons are no connection, an invalid key, and too many requests. Three requests in succession
    without a certain outcome also end the run.
  - An enabled binding delivers new data only. Send the history once, with M(adverity.management.adverity_requeue) or with the role
    P(adverity.management.deploy_destination#role), which does both.
  - The ledger records when a binding was enabled, because that decides which extracts it loads automatically. Two runs of the same bindings do not overlap;
    the second one waits. If the bindings were read more than two seconds before a write, the module reads them again.
  - To assign a datastream to a destination, use M(adverity.management.adverity_assignment).
author:
  - The adverity.management authors (@adverity-management)
extends_documentation_fragment:
  - adverity.management.connection
  - adverity.management.attributes
  - adverity.management.attributes.action_group
  - adverity.management.ledger
attributes:
  idempotent:
    details:
      - If the API returns neither whether a binding is enabled nor when it was last changed, each run writes the binding and counts it as changed.
options:
  enabled:
    description: Whether the bindings are enabled.
    type: bool
    required: true
  binding_ids:
    description:
      - Integer IDs of bindings. All of them must exist. If O(datastream_id) or O(target_id) is also set, all of them must match it.
    type: list
    elements: int
    aliases: [binding_id]
  datastream_id:
    description:
      - The integer ID of a datastream. If O(binding_ids) is omitted, all bindings of the datastream are selected. With O(target_id), only those to this
        destination are selected.
    type: int
  target_id:
    description:
      - The integer ID of a destination. If O(binding_ids) is omitted, all bindings of the destination are selected. With O(datastream_id), only those of
        this datastream are selected.
    type: int
  ledger:
    version_added: 0.2.0
seealso:
  - module: adverity.management.adverity_binding_info
  - module: adverity.management.adverity_requeue
"""

EXAMPLES = r"""
- name: Enable the binding of datastream 456 to destination 789
  adverity.management.adverity_binding:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    datastream_id: 456
    target_id: 789
    enabled: true

- name: Disable two bindings, but only if they belong to destination 789
  adverity.management.adverity_binding:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    binding_ids: [123, 124]
    target_id: 789
    enabled: false
"""

RETURN = r"""
bindings:
  description: The selected bindings after the change, sorted by ID. In check mode, the predicted bindings; C(updated) is not predicted.
  returned: success, and on a failure after bindings were read
  type: list
  elements: dict
  sample:
    - id: 123
      datastream_id: 456
      target_id: 789
      target_name: BigQuery | Marketing DWH
      target_type: BigQueryTarget
      enabled: true
      created: "2024-01-15T10:00:00Z"
      updated: "2024-06-01T14:32:00Z"
affected:
  description: The bindings that were changed, or in check mode those that would be.
  returned: success, and on a failure after bindings were read
  type: dict
  contains:
    binding_ids:
      description: The IDs of the bindings.
      type: list
      elements: int
      sample: [123]
remaining:
  description: The bindings that still differ and were not changed.
  returned: on a failure after bindings were read
  type: dict
  contains:
    binding_ids:
      description: The IDs of the bindings.
      type: list
      elements: int
      sample: [124]
unknown:
  description: The bindings whose change has an unknown outcome, because no response came. They are also in RV(remaining).
  returned: on a failure after bindings were read
  version_added: 0.2.0
  type: dict
  contains:
    binding_ids:
      description: The IDs of the bindings.
      type: list
      elements: int
      sample: []
unfinished:
  description: V(true) if the other bindings were changed, and only those in RV(remaining) were not. The module then fails.
  returned: if something is left open
  version_added: 0.2.0
  type: bool
  sample: true
check_mode:
  description: Whether this is a result of check mode, which changes nothing.
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.adverity.management.plugins.module_utils._resources.binding_state import set_enabled
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.kinds import INTEGER_ID
from ansible_collections.adverity.management.plugins.module_utils._spec.module import run_module
from ansible_collections.adverity.management.plugins.module_utils._spec.options import (
    BINDING_IDS,
    LEDGER,
    TARGET_ID,
)

SPEC = dict(
    BINDING_IDS,
    **TARGET_ID,
    **LEDGER,
    datastream_id={"type": INTEGER_ID},
    enabled={"type": "bool", "required": True},
)
SELECTION = ("binding_ids", "datastream_id", "target_id")


def run(client, params, check_mode):
    selection.refuse_empty(params, "binding_ids")
    selection.require_one(params, *SELECTION)
    return set_enabled(client, params, check_mode)


def main():
    run_module(SPEC, run, returns_check_mode=True, required_one_of=[SELECTION])


if __name__ == "__main__":
    main()

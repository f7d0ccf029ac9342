#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_assignment
short_description: Assign datastreams to a destination
version_added: 0.2.0
description:
  - Assigns any number of datastreams to a destination. The module reads the assignments of the destination once, and creates those that do not exist, with
    one request each.
  - An assignment is the record that ties a datastream to a destination, with a table and settings. Its binding, which has its own ID, is the switch. While
    the binding is enabled, Adverity automatically loads what the datastream fetches.
  - The binding of a new assignment is always disabled. Adverity loads nothing until M(adverity.management.adverity_binding) enables it. The module neither
    enables nor disables the binding of an existing assignment.
  - An assignment is identified by destination, datastream and, if O(assignments[].table_name) is set, table name.
  - Compares O(assignments[].settings) with those that the API returns, and writes those that differ. Settings that you omit keep their values.
  - Returns the ID of each binding, to use with M(adverity.management.adverity_binding) and M(adverity.management.adverity_requeue).
  - The API supports assignments for some destination types only, for example AzureBlobTarget, BigQueryTarget, DeltalakeTarget, DatabricksSQLTarget,
    FileTarget, Google Sheets, LinkedIn Matched Audiences, Snowflake and SqlTarget. For any other type, the module fails with the message of the API.
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
      - With O(force_settings=true), settings that the API does not return are written, and counted as changed, in each run.
options:
  type:
    description: The destination type, by slug or name, for example V(bigquery).
    type: str
    required: true
  target_id:
    description:
      - The integer ID of the destination.
      - Can be omitted in check mode only, for a destination that does not exist yet. The module then predicts that all assignments are new.
    type: int
  assignments:
    description: The datastreams to assign. An empty list is an error.
    type: list
    elements: dict
    required: true
    suboptions:
      datastream_id:
        description: The integer ID of the datastream. M(adverity.management.adverity_directory_info) returns it by name.
        type: int
        required: true
      table_name:
        description:
          - The table in the destination. Names are compared exactly.
          - If omitted, the only assignment of the datastream to this destination is selected. If there are several, the module fails and lists them.
        type: str
      settings:
        description: The other fields of the assignment and their values, as the API names them, for example C(write_disposition) of BigQuery.
        type: dict
  force_settings:
    description: Also writes settings of existing assignments that the API does not return, or returns masked. They cannot be compared, so each run writes
      them.
    type: bool
    default: false
  state:
    description: V(absent) deletes the assignments. If one of their bindings is enabled, the module fails and deletes none of them. Disable the bindings
      first.
    type: str
    choices: [present, absent]
    default: present
notes:
  - If two runs assign the same datastream at the same time with the same O(ledger), the second one waits and then finds the assignment of the first one. The
    module uses the ledger for this lock only, and only if an assignment does not exist.
  - It is not documented how soon a new assignment shows as a binding. The module looks for it for up to five seconds. After that, C(binding_id) is null,
    with a warning.
  - It is not documented whether an assignment and its binding have the same ID. If a datastream has several assignments in this destination, C(binding_id)
    is returned only if these IDs are the same.
seealso:
  - module: adverity.management.adverity_binding
  - module: adverity.management.adverity_destination
  - module: adverity.management.adverity_directory_info
"""

EXAMPLES = r"""
- name: Assign two datastreams to a BigQuery destination
  adverity.management.adverity_assignment:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    type: bigquery
    target_id: 789
    assignments:
      - datastream_id: 456
        table_name: google_ads
      - datastream_id: 457
        table_name: meta_ads
        settings:
          partition_by_date: true
  register: assigned

- name: Enable their bindings
  adverity.management.adverity_binding:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    binding_ids: "{{ assigned.assignments | map(attribute='binding_id') }}"
    target_id: 789
    enabled: true

- name: To undo this, disable the bindings
  adverity.management.adverity_binding:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    binding_ids: "{{ assigned.assignments | map(attribute='binding_id') }}"
    target_id: 789
    enabled: false

- name: Delete one of the assignments
  adverity.management.adverity_assignment:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    type: bigquery
    target_id: 789
    assignments:
      - datastream_id: 457
        table_name: meta_ads
    state: absent
"""

RETURN = r"""
assignments:
  description:
    - The assignments in the order of O(assignments), with the fields that the API returns and without secrets. C(id) is the ID of the assignment,
      C(binding_id) the ID of its binding. C(action) is V(created), V(changed), V(deleted) or V(unchanged).
    - In check mode, both IDs are null for an assignment that does not exist yet. For O(state=absent), they are null if there was none.
  returned: success, and on a failure after some changes
  type: list
  elements: dict
  sample:
    - id: 123
      datastream_id: 456
      binding_id: 123
      action: created
      target: 789
      datastream: 456
      table_name: google_ads
      enabled: false
      write_disposition: 1
affected:
  description: The assignments that were changed, or in check mode those that would be.
  returned: success, and on a failure after some changes
  type: dict
  contains:
    datastream_ids:
      description: The integer IDs of the datastreams, in the order of O(assignments).
      type: list
      elements: int
      sample: [456]
remaining:
  description: The assignments that still differ and were not changed.
  returned: on a failure after some changes
  type: dict
  contains:
    datastream_ids:
      description: The integer IDs of the datastreams, in the order of O(assignments).
      type: list
      elements: int
      sample: [457]
"""

import contextlib

from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import open_ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import PREDICT, WRITE
from ansible_collections.adverity.management.plugins.module_utils._resources import (
    assignments,
    bindings,
    destinations,
)
from ansible_collections.adverity.management.plugins.module_utils._resources.assignment_plan import (
    ASSIGNMENTS as NOUN,
)
from ansible_collections.adverity.management.plugins.module_utils._resources.assignment_plan import (
    AssignmentPlan,
)
from ansible_collections.adverity.management.plugins.module_utils._resources.changes import apply
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.module import run_module
from ansible_collections.adverity.management.plugins.module_utils._spec.options import (
    ASSIGNMENTS,
    FORCE_SETTINGS,
    LEDGER,
    STATE,
    TARGET_ID,
    TARGET_TYPE,
)

SPEC = dict(TARGET_TYPE, **TARGET_ID, **ASSIGNMENTS, **FORCE_SETTINGS, **STATE, **LEDGER)


def run(client, params, check_mode):
    selection.refuse_empty(params, "assignments", "type")
    target_id, absent = params["target_id"], params["state"] == "absent"
    if target_id is None and (absent or not check_mode):
        raise InputError(
            "target_id is required. It can be omitted only in check mode, for a destination that does not exist yet."
        )
    asked = assignments.wanted(params["assignments"])
    if target_id is None:
        plan = AssignmentPlan([], asked)
        return plan.result(apply(plan.changes(""), client, check_mode, NOUN))
    ledger = open_ledger(params, client.host, PREDICT if check_mode else WRITE)  # not opened yet
    type_id = destinations.read_type(client, params["type"]).id

    def make_plan():
        return AssignmentPlan(
            assignments.read(client, type_id, target_id), asked, absent, params["force_settings"]
        )

    plan = make_plan()
    if absent and plan.due:
        plan.refuse_enabled(bindings.read(client, target_id=target_id))
    with contextlib.ExitStack() as stack:
        if plan.new_datastreams:
            stack.enter_context(ledger)
            names = [("assignment", target_id, datastream_id) for datastream_id in plan.new_datastreams]
            ledger.lock_names(names, f"the lock of new assignments to destination {target_id}")
            plan = make_plan()  # another run may have created some meanwhile
        applied = apply(plan.changes(assignments.path(type_id, target_id)), client, check_mode, NOUN)
    applied.check(plan.result(applied))
    return plan.result(applied) if absent else plan.finish(client, target_id, applied)


def main():
    run_module(SPEC, run)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_destination
short_description: Create, change or delete a destination
version_added: 0.2.0
description:
  - Finds a destination by type, workspace and name. Creates it if it does not exist. If settings differ, changes them with one request. Settings that you
    omit keep their values.
  - Before it writes anything, the module checks the settings against the description of the destination type that the API returns. An unknown, read-only or
    missing setting is an error, which lists the settings of the type with their types and choices.
  - A new destination loads nothing. Assign datastreams with M(adverity.management.adverity_assignment), enable them with
    M(adverity.management.adverity_binding), and send their history with M(adverity.management.adverity_requeue). The role
    P(adverity.management.deploy_destination#role) does all of this.
  - Adverity gives the scope C(destination:write) to keys of the root workspace only.
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
    description: The destination type, by slug or name, for example V(bigquery). IDs of types differ from one instance to the next.
    type: str
    required: true
  name:
    description:
      - The name of the destination. Names are compared exactly, including upper and lower case and spaces. If two destinations match, the module fails and
        lists both with their IDs.
      - With O(target_id) and O(state=present), the destination is renamed to this name.
      - Required without O(target_id), and for O(state=absent).
    type: str
  workspace:
    description:
      - The workspace of the destination, by name, slug or ID.
      - Required without O(target_id). With O(target_id), the destination must be in this workspace.
    type: str
  target_id:
    description:
      - The integer ID of an existing destination, instead of O(name) and O(workspace).
      - Required for O(state=absent), and if the API does not list destinations.
    type: int
  connection:
    description:
      - The connection (authorization) that the destination uses, by name or integer ID. A value that consists of digits is an ID.
      - The module looks for a name in O(connection_type). If that is omitted, it looks in the connection type with the slug or the name of the destination
        type, and then in all others, with one request for each connection type.
    type: str
  connection_type:
    description: The connection type, by slug or name, in which the module looks for the name O(connection).
    type: str
  settings:
    description:
      - The fields of the destination type and their values, as the API names them. M(adverity.management.adverity_destination_info) with
        O(adverity.management.adverity_destination_info#module:schema=true) lists them.
      - The module compares the values with those that the API returns. It shows secrets neither in the result nor in the diff.
    type: dict
  force_settings:
    description:
      - Also writes settings that the API does not return, or returns masked, such as passwords. They cannot be compared, so each run writes them.
      - With V(false), they are written only when the destination is created, and a warning lists them.
    type: bool
    default: false
  state:
    description:
      - V(absent) deletes the destination with the ID O(target_id). Its name must be O(name). If the destination has enabled bindings, the module fails and
        deletes nothing. Disable the bindings first.
    type: str
    choices: [present, absent]
    default: present
notes:
  - If two runs create the same destination at the same time with the same O(ledger), the second one waits and then finds the destination of the first one.
    The module uses the ledger for this lock only, and only if the destination does not exist.
  - With different ledgers, the destination can exist twice. It is not documented whether the API refuses a name that exists. The module reads the list again
    after it created a destination, and fails if the name now matches two.
  - In check mode, the module recognizes a secret setting of a new destination by the description of the field, or by its name.
seealso:
  - module: adverity.management.adverity_destination_info
  - module: adverity.management.adverity_assignment
  - module: adverity.management.adverity_directory_info
"""

EXAMPLES = r"""
- name: Create a destination, or change what differs
  adverity.management.adverity_destination:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    type: bigquery
    workspace: EMEA
    name: Marketing DWH
    connection: BigQuery service account
    settings:
      project: acme-dwh
      dataset: marketing
  register: created

- name: Delete a destination that has no enabled bindings
  adverity.management.adverity_destination:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    type: bigquery
    target_id: "{{ created.destination.id }}"
    name: Marketing DWH
    state: absent
"""

RETURN = r"""
destination:
  description:
    - The destination after the change, with the fields that the API returns and without secrets. In check mode, the predicted destination; if it does not
      exist yet, it has no C(id).
    - For O(state=absent), the ID, name and workspace of the deleted destination; null if nothing was deleted.
  returned: success, and if a new destination cannot be found by its name
  type: dict
  sample:
    id: 789
    name: Marketing DWH
    stack: 12
    auth: 34
    project: acme-dwh
    dataset: marketing
    is_schema_mapping_required: false
    logo_url: /static/bigquery.svg
created:
  description: Whether the destination was created, or in check mode whether it would be.
  returned: success
  type: bool
  sample: false
changes:
  description: The value of each changed field before and after the change, without secrets.
  returned: success
  type: dict
  sample:
    dataset: {before: sales, after: marketing}
"""

from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError
from ansible_collections.adverity.management.plugins.module_utils._resources.destination_plan import (
    delete,
    provide,
)
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.module import run_module
from ansible_collections.adverity.management.plugins.module_utils._spec.options import (
    DESTINATION,
    FORCE_SETTINGS,
    LEDGER,
    SETTINGS,
    STATE,
    TARGET_TYPE,
)

SPEC = dict(
    TARGET_TYPE,
    **DESTINATION,
    **SETTINGS,
    **FORCE_SETTINGS,
    **STATE,
    **LEDGER,
    connection={"type": "str"},
    connection_type={"type": "str"},
)


def run(client, params, check_mode):
    selection.refuse_empty(params, "name", "type", "workspace", "connection")
    if params["target_id"] is None and None in (params["name"], params["workspace"]):
        raise InputError("Set name and workspace, or target_id.")
    return (delete if params["state"] == "absent" else provide)(client, params, check_mode)


def main():
    run_module(
        SPEC,
        run,
        required_if=[("state", "absent", ("target_id", "name"))],
        required_by={"connection_type": "connection"},
    )


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_deployment_info
short_description: Plan the deployment of a destination
version_added: 0.2.0
description:
  - The first step of the role P(adverity.management.deploy_destination#role). Checks the variables of the role, looks up names, reads the bindings of the
    destination and the ledger, and returns what has to be done. Changes nothing.
  - If there is nothing to do, it records in the ledger how the API shows the bindings that are already recorded there. For the next run, their state is
    then certain until this time.
author:
  - The adverity.management authors (@adverity-management)
extends_documentation_fragment:
  - adverity.management.connection
  - adverity.management.attributes.info
  - adverity.management.attributes.action_group
  - adverity.management.ledger
options:
  variables:
    description:
      - The variables of the role, without the prefix C(deploy_destination_), from a playbook or from a survey of AWX. The documentation of the role
        describes them. All values can be text, with commas or line breaks between the items of a list. Empty text has the same effect as an omitted
        variable.
    type: dict
    required: true
  names:
    description:
      - The names of all variables that begin with C(deploy_destination_), with the prefix. The module warns of one that the role does not have, for example
        because of a typing error.
    type: list
    elements: str
    default: []
    version_added: 0.2.0
seealso:
  - module: adverity.management.adverity_requeue
  - module: adverity.management.adverity_binding
"""

EXAMPLES = r"""
- name: Plan a deployment of destination 789
  adverity.management.adverity_deployment_info:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    variables:
      target_id: "789"
      datastream_ids: "456, 457"
  register: plan

- name: Plan a deployment of a destination that does not exist yet
  adverity.management.adverity_deployment_info:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    variables:
      name: Marketing DWH
      type: bigquery
      workspace: EMEA
      connection: BigQuery service account
      settings: {project: acme-dwh, dataset: marketing}
      datastreams:
        - {name: Google Ads, workspace: EMEA, table_name: google_ads}
        - {name: Meta Ads, workspace: EMEA, table_name: meta_ads}
  check_mode: true
"""

RETURN = r"""
check_mode:
  description: Whether the deployment is planned in check mode.
  returned: success
  type: bool
  sample: false
options:
  description: All variables with their defaults, converted to numbers, lists and booleans.
  returned: success
  type: dict
  sample: {target_id: 789, enabled: true, backfill: when_needed}
target_id:
  description: The ID of the destination. Null if it does not exist yet.
  returned: success
  type: int
  sample: 789
name:
  description: The name of the destination, if it was selected by its name.
  returned: success
  type: str
  sample: Marketing DWH
connection_id:
  description: The ID of the connection of the destination. Null if none was given.
  returned: success
  type: int
  sample: 31
create:
  description: Whether the destination must be created or changed.
  returned: success
  type: bool
  sample: false
assign:
  description: Whether assignments must be created or changed.
  returned: success
  type: bool
  sample: false
assignments:
  description: The assignments to pass to M(adverity.management.adverity_assignment). Empty if datastreams are not selected by name.
  returned: success
  type: list
  elements: dict
  sample: []
bindings:
  description:
    - The selected bindings, with what happens to the history of each. A binding that does not exist yet has no C(binding_id). Its C(extract_count) is
      the number of extracts that would be sent, or recorded as loaded. It is counted in check mode only.
  returned: success
  type: list
  elements: dict
  sample:
    - binding_id: 123
      datastream_id: 456
      target_id: 789
      target_name: Marketing DWH
      enabled: false
      action: backfill
steps:
  description: The steps to carry out, in order. Empty if there is nothing to do.
  returned: success
  type: list
  elements: str
  sample: [plan, enable, send]
"""

from ansible_collections.adverity.management.plugins.module_utils._api import secrets
from ansible_collections.adverity.management.plugins.module_utils._deploy import plan
from ansible_collections.adverity.management.plugins.module_utils._spec.module import run_module
from ansible_collections.adverity.management.plugins.module_utils._spec.options import LEDGER

SPEC = dict(
    LEDGER,
    variables={"type": "dict", "required": True},
    names={"type": "list", "elements": "str", "default": []},
)


def run(client, params, check_mode):
    result = plan.make(client, params, check_mode)
    secrets.refuse_key(result.as_dict())
    return result


def main():
    run_module(SPEC, run, returns_check_mode=True)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_datastream
short_description: Enable or disable datastreams, and switch their pulling mode
version_added: 0.1.0
description:
  - Enables or disables any number of datastreams, and switches them between smart schedule and custom schedule.
  - Both schedules exist side by side. Switching to smart schedule does not delete a custom schedule.
  - The settings of the smart schedule are those of M(adverity.management.adverity_smart_pulling).
author:
  - The adverity.management authors (@adverity-management)
extends_documentation_fragment:
  - adverity.management.connection
  - adverity.management.attributes
  - adverity.management.attributes.action_group
  - adverity.management.datastream_selection
options:
  enabled:
    description:
      - Whether the datastreams shall be enabled.
      - One of O(enabled) and O(pulling_mode) is required. Given both, a datastream changes its mode while it is disabled.
    type: bool
  pulling_mode:
    description:
      - The schedule that shall be active. V(smart) is the smart schedule, V(schedule) the custom one.
      - A datastream takes V(schedule) only where it has a custom fetch schedule. The service refuses the request that names one without, and
        changes none of those in it. What earlier requests changed stays changed, and the error says what that is.
      - A smart bundle is shown, but cannot be set.
    type: str
    choices: [smart, schedule]
seealso:
  - module: adverity.management.adverity_datastream_info
  - module: adverity.management.adverity_smart_pulling
"""

EXAMPLES = r"""
- name: Enable two datastreams
  adverity.management.adverity_datastream:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    datastream_ids:
      - 9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10
      - 0d7c5e52-8a4b-4b7e-9d0c-6f0a4a3a5b21
    enabled: true

- name: Put what runs on a custom schedule in a workspace and below on smart schedule
  adverity.management.adverity_datastream:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    filters:
      workspace_ids: [5f0e7a0c-2f4e-4a57-8f0b-3a1f2f9b8c11]
      workspace_scope: descendants
      active_pulling_mode: schedule
    pulling_mode: smart

- name: Stop everything
  adverity.management.adverity_datastream:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    all_datastreams: true
    enabled: false
"""

RETURN = r"""
datastreams:
  description:
    - The chosen datastreams as they are now; in check mode as they would be. In the order of O(datastream_ids), or else in the service's.
    - They are not read again after a change. What the service may change beside what was asked for does not show.
  returned: success, and on a failure half way
  type: list
  elements: dict
  sample:
    - id: 9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10
      name: Google Ads | EMEA
      enabled: true
      workspace:
        id: 5f0e7a0c-2f4e-4a57-8f0b-3a1f2f9b8c11
        name: EMEA
      pulling:
        active_mode: smart
        smart: {is_active: true, frequency: daily, refresh_range: {value: 7, unit: day}, deadline: null}
        smart_bundle: null
affected:
  description: What the service says it changed; in check mode what it would.
  returned: success, and on a failure half way
  type: dict
  contains:
    datastream_ids:
      description: The UUIDs of the datastreams.
      type: list
      elements: str
      sample: [9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10]
remaining:
  description: What was due and was not confirmed by the service.
  returned: on a failure half way
  type: dict
  contains:
    datastream_ids:
      description: The UUIDs of the datastreams.
      type: list
      elements: str
      sample: [0d7c5e52-8a4b-4b7e-9d0c-6f0a4a3a5b21]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.adverity.management.plugins.module_utils._api.connection import CONNECTION_SPEC, connect
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.plugins.module_utils._resources import datastream_plan, datastreams
from ansible_collections.adverity.management.plugins.module_utils._resources.datastream_writes import Writing
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.options import DATASTREAM_SELECTION, DATASTREAM_SELECTION_RULES

SPEC = dict(
    CONNECTION_SPEC,
    **DATASTREAM_SELECTION,
    enabled={"type": "bool"},
    pulling_mode={"type": "str", "choices": ["smart", "schedule"]},
)


def run(params, check_mode):
    selection.require_one(params, "enabled", "pulling_mode")
    datastreams.check_selection(params)
    client = connect(params)
    rows = datastreams.read_selected(client, params)
    writing = Writing(rows, datastream_plan.plan(rows, params["enabled"], params["pulling_mode"]))
    return writing.predict() if check_mode else writing.send(client)


def main():
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True, **DATASTREAM_SELECTION_RULES)
    try:
        result = run(module.params, module.check_mode)
    except AdverityError as error:
        module.fail_json(**error.result())
    for warning in result.pop("warnings"):
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()

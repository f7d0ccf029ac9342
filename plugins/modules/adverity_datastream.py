#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_datastream
short_description: Enable or disable datastreams and set their pulling mode
version_added: 0.1.0
description:
  - Enables or disables any number of datastreams, and switches them between the smart schedule and a custom schedule.
  - A datastream can have both schedules. Switching to the smart schedule does not delete a custom schedule.
  - To change the settings of the smart schedule, use M(adverity.management.adverity_smart_pulling).
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
      - Whether the datastreams are enabled.
      - At least one of O(enabled) and O(pulling_mode) is required. If both are given, the mode of a datastream is changed while it is disabled.
    type: bool
  pulling_mode:
    description:
      - The active schedule. V(smart) is the smart schedule, V(schedule) is the custom schedule.
      - V(schedule) requires a custom fetch schedule. If a datastream has none, Adverity refuses the whole request and changes none of its datastreams.
        Changes by earlier requests remain, and the error lists them.
      - Datastreams with a smart bundle are listed, but the mode cannot be set to it.
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

- name: Switch the datastreams of a workspace and its descendants from a custom schedule to the smart schedule
  adverity.management.adverity_datastream:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    filters:
      workspace_ids: [5f0e7a0c-2f4e-4a57-8f0b-3a1f2f9b8c11]
      workspace_scope: descendants
      active_pulling_mode: schedule
    pulling_mode: smart

- name: Disable every datastream that the key can see
  adverity.management.adverity_datastream:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    all_datastreams: true
    enabled: false
"""

RETURN = r"""
datastreams:
  description:
    - The selected datastreams after the change, or in check mode as predicted. In the order of O(datastream_ids), otherwise in the order of the API.
    - The module does not read them again after a change, so further changes that Adverity may make are not shown.
  returned: success, and on a failure after some changes
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
  description: The datastreams that the API reported as changed, or in check mode those predicted to change.
  returned: success, and on a failure after some changes
  type: dict
  contains:
    datastream_ids:
      description: The UUIDs of the datastreams.
      type: list
      elements: str
      sample: [9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10]
remaining:
  description: The datastreams that differed and whose change the API did not confirm.
  returned: failure after some changes
  type: dict
  contains:
    datastream_ids:
      description: The UUIDs of the datastreams.
      type: list
      elements: str
      sample: [0d7c5e52-8a4b-4b7e-9d0c-6f0a4a3a5b21]
"""

from ansible_collections.adverity.management.plugins.module_utils._resources import (
    datastream_plan,
    datastreams,
)
from ansible_collections.adverity.management.plugins.module_utils._resources.datastream_writes import write
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.module import run_module
from ansible_collections.adverity.management.plugins.module_utils._spec.options import (
    DATASTREAM_SELECTION,
    DATASTREAM_SELECTION_RULES,
)

SPEC = dict(
    DATASTREAM_SELECTION,
    enabled={"type": "bool"},
    pulling_mode={"type": "str", "choices": ["smart", "schedule"]},
)


def run(client, params, check_mode):
    selection.require_one(params, "enabled", "pulling_mode")
    datastreams.check_selection(params)
    selected = datastreams.read_selected(client, params)
    changes = datastream_plan.plan(selected, params["enabled"], params["pulling_mode"])
    return write(client, selected, changes, check_mode)


def main():
    run_module(SPEC, run, **DATASTREAM_SELECTION_RULES)


if __name__ == "__main__":
    main()

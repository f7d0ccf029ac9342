#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_smart_pulling
short_description: Manage the smart schedule of datastreams
version_added: 0.1.0
description:
  - Sets how often the smart schedule of datastreams fetches data, how far back, and by what time of day.
  - B(Options that you omit keep the current value of each datastream), although the API replaces all settings with each write. To return to a default of
    Adverity, use O(reset).
  - Datastreams that get the same settings are written in one request.
  - To switch datastreams to the smart schedule, use M(adverity.management.adverity_datastream).
author:
  - The adverity.management authors (@adverity-management)
extends_documentation_fragment:
  - adverity.management.connection
  - adverity.management.attributes
  - adverity.management.attributes.action_group
  - adverity.management.datastream_selection
attributes:
  check_mode:
    details:
      - If O(reset) names an option and a datastream has a value for it, check mode predicts a change. Only a real run shows whether that value was the
        default already.
options:
  is_active:
    description:
      - Whether the smart schedule is active.
      - At least one of O(is_active), O(frequency), O(refresh_range), O(deadline) and O(reset) is required. For a datastream without a smart schedule, both
        O(is_active) and O(frequency) are required. Otherwise nothing is changed, and the error lists those datastreams.
    type: bool
  frequency:
    description: How often data is fetched.
    type: str
    choices: [daily, weekly, monthly]
  refresh_range:
    description: The period before each fetch for which data is fetched again.
    type: dict
    suboptions:
      value:
        description: The number of units, at least 1.
        type: int
        required: true
      unit:
        description: The unit.
        type: str
        choices: [day, week, month]
        required: true
  deadline:
    description:
      - The time of day by which a fetch has to end, as V(HH:MM) or V(HH:MM:SS), on the hour or half hour.
      - Put it in quotes. YAML reads an unquoted V(10:30) as a number.
    type: str
  reset:
    description:
      - Settings to return to the default of Adverity. The default of O(deadline) is no deadline. A setting cannot be both in this list and set by its own
        option.
      - Whether the API returns a default as a value or as null is not documented. If it returns null, nothing is written. If it returns a value, the
        setting is written with each run, and the response of the API determines whether that is a change.
    type: list
    elements: str
    choices: [refresh_range, deadline]
notes:
  - If the API returns a default as a value, the module keeps it by sending this value.
  - A datastream can have several refresh ranges, which only C(/api/v2/) returns. This module reads and sets the one that C(/api/v1/) returns. What happens
    to the others is not documented. Do not use this module with such datastreams.
  - The module does not change a smart bundle.
  - Whether O(is_active) also changes the pulling mode is not documented. The module compares and reports only the four settings.
seealso:
  - module: adverity.management.adverity_smart_pulling_info
  - module: adverity.management.adverity_datastream
"""

EXAMPLES = r"""
- name: Fetch all datastreams of a workspace weekly, by half past six
  adverity.management.adverity_smart_pulling:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    filters:
      workspace_ids: [5f0e7a0c-2f4e-4a57-8f0b-3a1f2f9b8c11]
    is_active: true
    frequency: weekly
    deadline: "06:30"

- name: Fetch two weeks again with each fetch, and keep all other settings
  adverity.management.adverity_smart_pulling:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    datastream_id: 9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10
    refresh_range:
      value: 2
      unit: week

- name: Remove the deadline from datastreams on the smart schedule
  adverity.management.adverity_smart_pulling:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    filters:
      active_pulling_mode: smart
    reset: [deadline]
"""

RETURN = r"""
datastreams:
  description:
    - The selected datastreams after the change, or in check mode as predicted. In the order of O(datastream_ids), otherwise in the order of the API.
    - The module does not read them again after a change. Settings that were reset are null.
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
        smart: {is_active: true, frequency: weekly, refresh_range: {value: 7, unit: day}, deadline: {time: "06:30:00"}}
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

from ansible_collections.adverity.management.plugins.module_utils._resources import datastreams, smart_pulling
from ansible_collections.adverity.management.plugins.module_utils._resources.datastream_writes import write
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.module import run_module
from ansible_collections.adverity.management.plugins.module_utils._spec.options import (
    DATASTREAM_SELECTION,
    DATASTREAM_SELECTION_RULES,
    SMART_PULLING,
    check_reset,
)

SPEC = dict(DATASTREAM_SELECTION, **SMART_PULLING)


def run(client, params, check_mode):
    selection.require_one(params, *SMART_PULLING)
    check_reset(params)
    datastreams.check_selection(params)
    selected = datastreams.read_selected(client, params)
    return write(client, selected, smart_pulling.plan(selected, params), check_mode)


def main():
    run_module(SPEC, run, **DATASTREAM_SELECTION_RULES)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_smart_pulling
short_description: Set the smart-pulling settings of datastreams
version_added: 0.1.0
description:
  - Sets how datastreams pull on smart schedule. How often, how far back, and by when they shall be done.
  - B(An option that is left out keeps what each datastream has), although the service replaces the whole setting at every write. O(reset) brings a
    setting back to the service's default.
  - Datastreams whose resulting setting is equal are written together.
  - Whether a datastream pulls on smart schedule at all is the pulling mode, see M(adverity.management.adverity_datastream).
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
      - Where O(reset) names an option of which a datastream shows a value, the write is predicted as a change. Whether that value was the
        default already, only the real run finds out.
options:
  is_active:
    description:
      - Whether the smart schedule is active.
      - At least one of O(is_active), O(frequency), O(refresh_range), O(deadline) and O(reset) is required. A datastream without any
        smart-pulling setting needs both O(is_active) and O(frequency); otherwise nothing is changed, and the error names those datastreams.
    type: bool
  frequency:
    description: How often data is fetched.
    type: str
    choices: [daily, weekly, monthly]
  refresh_range:
    description: The window, up to the day of the fetch, that each fetch gets again.
    type: dict
    suboptions:
      value:
        description: How many units, 1 or more.
        type: int
        required: true
      unit:
        description: The unit.
        type: str
        choices: [day, week, month]
        required: true
  deadline:
    description:
      - The time of day by which a fetch shall be done, as V(HH:MM) or V(HH:MM:SS), on the half hour.
      - Write it in quotes, since YAML takes V(10:30) for a number.
    type: str
  reset:
    description:
      - Settings to bring back to the service's default, which for O(deadline) is none. An option named here cannot be given as well.
      - It is not documented whether a default reads back as nothing or as a value. Where nothing is shown, nothing is written. Where a value is
        shown, it is written each time, and the service's answer decides whether that is a change.
    type: list
    elements: str
    choices: [refresh_range, deadline]
notes:
  - Where the service shows its default as a value, keeping it means that it is sent along as this value.
  - A datastream can have several refresh ranges, which only C(/api/v2/) of the service shows. This module reads and sets the one that C(/api/v1/)
    shows. What becomes of the others is not documented, so do not use it on such datastreams.
  - A smart bundle is left as it is.
  - Whether O(is_active) also moves the pulling mode is not documented. Only the four settings are compared and reported.
seealso:
  - module: adverity.management.adverity_smart_pulling_info
  - module: adverity.management.adverity_datastream
"""

EXAMPLES = r"""
- name: All datastreams of a workspace weekly, done by half past six
  adverity.management.adverity_smart_pulling:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    filters:
      workspace_ids: [5f0e7a0c-2f4e-4a57-8f0b-3a1f2f9b8c11]
    is_active: true
    frequency: weekly
    deadline: "06:30"

- name: Fetch two weeks again each time, whatever else is set
  adverity.management.adverity_smart_pulling:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    datastream_id: 9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10
    refresh_range:
      value: 2
      unit: week

- name: No deadline any more for what is on smart schedule
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
    - The chosen datastreams as they are now; in check mode as they would be. In the order of O(datastream_ids), or else in the service's.
    - They are not read again after a change. What was reset shows as null.
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
        smart: {is_active: true, frequency: weekly, refresh_range: {value: 7, unit: day}, deadline: {time: "06:30:00"}}
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
from ansible_collections.adverity.management.plugins.module_utils._resources import datastreams, smart_pulling
from ansible_collections.adverity.management.plugins.module_utils._resources.datastream_writes import Writing
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.kinds import HALF_HOUR, whole_number
from ansible_collections.adverity.management.plugins.module_utils._spec.options import DATASTREAM_SELECTION, DATASTREAM_SELECTION_RULES

RANGE = {
    "value": {"type": whole_number(1), "required": True},
    "unit": {"type": "str", "choices": ["day", "week", "month"], "required": True},
}
SPEC = dict(
    CONNECTION_SPEC,
    **DATASTREAM_SELECTION,
    is_active={"type": "bool"},
    frequency={"type": "str", "choices": ["daily", "weekly", "monthly"]},
    refresh_range={"type": "dict", "options": RANGE},
    deadline={"type": HALF_HOUR},
    reset={"type": "list", "elements": "str", "choices": ["refresh_range", "deadline"]},
)


def run(params, check_mode):
    selection.require_one(params, "is_active", "frequency", "refresh_range", "deadline", "reset")
    smart_pulling.check(params)
    datastreams.check_selection(params)
    client = connect(params)
    rows = datastreams.read_selected(client, params)
    writing = Writing(rows, smart_pulling.plan(rows, params))
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

#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_smart_pulling_info
short_description: List the smart schedules of datastreams
version_added: 0.1.0
description:
  - Lists the settings of the smart schedules of datastreams. Lists the datastreams that match all given options, and without any option every datastream
    that the key can see.
author:
  - The adverity.management authors (@adverity-management)
extends_documentation_fragment:
  - adverity.management.connection
  - adverity.management.attributes.info
  - adverity.management.attributes.action_group
  - adverity.management.datastream_selection.info
notes:
  - A datastream can have several refresh ranges, which only C(/api/v2/) returns. This module returns the one that C(/api/v1/) returns.
seealso:
  - module: adverity.management.adverity_smart_pulling
  - module: adverity.management.adverity_datastream_info
"""

EXAMPLES = r"""
- name: List the datastreams on the smart schedule
  adverity.management.adverity_smart_pulling_info:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    active_pulling_mode: smart
  register: found

- name: Show those without a deadline
  ansible.builtin.debug:
    msg: "{{ found.smart_pulling | rejectattr('deadline') | map(attribute='name') }}"
"""

RETURN = r"""
smart_pulling:
  description: The settings, one row for each datastream, in the order of O(datastream_ids), otherwise in the order of the API.
  returned: success
  type: list
  elements: dict
  contains:
    datastream_id:
      description: The UUID of the datastream.
      type: str
      sample: 9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10
    name:
      description: The name of the datastream.
      type: str
      sample: Google Ads | EMEA
    active_mode:
      description: The active schedule, V(smart), V(smart-bundle) or V(schedule). Null if the datastream has no schedule.
      type: str
      sample: smart
    is_active:
      description: Whether the smart schedule is active. This and the following are null if the datastream has no smart schedule.
      type: bool
      sample: true
    frequency:
      description: How often data is fetched.
      type: str
      sample: weekly
    refresh_range:
      description: The period for which each fetch gets data again. Null for the default, if the API returns it as null.
      type: dict
      sample: {value: 7, unit: day}
    deadline:
      description: The time of day by which a fetch has to end. Null for no deadline.
      type: str
      sample: "06:30:00"
count:
  description: The number of datastreams.
  returned: success
  type: int
  sample: 1
"""

from ansible_collections.adverity.management.plugins.module_utils._resources import datastreams, smart_pulling
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.module import run_module
from ansible_collections.adverity.management.plugins.module_utils._spec.options import (
    DATASTREAM_UUIDS,
    FILTER_RULES,
    FILTERS,
)
from ansible_collections.adverity.management.plugins.module_utils._spec.result import Result

SPEC = dict(DATASTREAM_UUIDS, **FILTERS)


def run(client, params, check_mode):
    selection.refuse_empty(params, "datastream_ids", "workspace_ids")
    found = datastreams.read(client, params["datastream_ids"], datastreams.Filters.of(params))
    return Result(False, {"smart_pulling": list(map(smart_pulling.show, found)), "count": len(found)})


def main():
    run_module(SPEC, run, **FILTER_RULES)


if __name__ == "__main__":
    main()

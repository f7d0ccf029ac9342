#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_extract_info
short_description: List the extracts of datastreams
version_added: 0.1.0
description:
  - Lists extracts, oldest first within each datastream. An extract is the data that a datastream got in one fetch.
  - If a datastream does not exist or the key cannot see it, the list has no extracts of it. That is not an error.
author:
  - The adverity.management authors (@adverity-management)
extends_documentation_fragment:
  - adverity.management.connection
  - adverity.management.attributes.info
  - adverity.management.attributes.action_group
options:
  datastream_ids:
    description: Integer IDs of datastreams.
    type: list
    elements: int
    required: true
    aliases: [datastream_id]
  created_from:
    description:
      - Only extracts that were created at this time or later. A date like V(2024-01-15) or a time like V(2024-01-15T10:00:00Z), in UTC unless it has an
        offset.
    type: str
  created_to:
    description:
      - Only extracts that were created at this time or earlier. A date includes its whole day.
    type: str
  limit:
    description: The maximum number of extracts of each datastream. The newest ones are returned.
    type: int
seealso:
  - module: adverity.management.adverity_requeue
"""

EXAMPLES = r"""
- name: List what datastream 456 fetched in 2024
  adverity.management.adverity_extract_info:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    datastream_id: 456
    created_from: "2024-01-01"
    created_to: "2024-12-31"

- name: Show the newest extract of each of two datastreams
  adverity.management.adverity_extract_info:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    datastream_ids: [456, 457]
    limit: 1
"""

RETURN = r"""
extracts:
  description:
    - The extracts, datastream by datastream in the order of O(datastream_ids), oldest first. Only C(id) and C(datastream_id) are guaranteed. The other
      fields depend on the API.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 101
      datastream_id: 456
      created: "2024-01-15T05:00:00Z"
      name: google-ads-emea-2024-01-14
      nrows: 1482
      state_label: Loaded
count:
  description: The number of extracts.
  returned: success
  type: int
  sample: 1
"""

from ansible_collections.adverity.management.plugins.module_utils._resources import extracts
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.kinds import whole_number
from ansible_collections.adverity.management.plugins.module_utils._spec.module import run_module
from ansible_collections.adverity.management.plugins.module_utils._spec.options import (
    CREATED,
    DATASTREAM_IDS,
    check_bounds,
)
from ansible_collections.adverity.management.plugins.module_utils._spec.result import Result

SPEC = dict(
    CREATED,
    datastream_ids=dict(DATASTREAM_IDS["datastream_ids"], required=True),
    limit={"type": whole_number(1)},
)


def run(client, params, check_mode):
    selection.refuse_empty(params, "datastream_ids")
    check_bounds(params)
    bounds = (params["created_from"], params["created_to"], params["limit"])
    datastream_ids = selection.once(params["datastream_ids"])
    rows = [
        row for datastream_id in datastream_ids for row in extracts.read_rows(client, datastream_id, *bounds)
    ]
    return Result(False, {"extracts": rows, "count": len(rows)})


def main():
    run_module(SPEC, run)


if __name__ == "__main__":
    main()

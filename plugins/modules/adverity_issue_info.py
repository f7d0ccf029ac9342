#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_issue_info
short_description: List the issues of datastreams
version_added: 0.2.0
description:
  - Lists issues, oldest first. In Adverity, they are on the page Issues.
  - An issue names the stage at which something went wrong. An error prevents the delivery of the data, a warning does not.
  - Adverity acknowledges an issue when a later fetch covers the same days. So an issue can disappear although its cause remains.
  - Adverity does not document the request that this module uses, nor its scope. It is known from other clients.
author:
  - The adverity.management authors (@adverity-management)
extends_documentation_fragment:
  - adverity.management.connection
  - adverity.management.attributes.info
  - adverity.management.attributes.action_group
options:
  datastream_ids:
    description: Integer IDs of datastreams. If omitted, the issues of all datastreams that the key can see are listed.
    type: list
    elements: int
    aliases: [datastream_id]
  since:
    description:
      - Only issues that began at this time or later. A date like V(2024-01-15) or a time like V(2024-01-15T10:00:00Z), in UTC unless it has an offset.
      - Issues without a start time are listed, too.
    type: str
  acknowledged:
    description: Lists acknowledged issues if V(true), and the others if V(false).
    type: bool
  stages:
    description:
      - Only issues of one of these stages, by their label. Case does not matter. The stage of a fetch is V(Fetch). The stage of a load is not documented.
        It may be V(Import) or V(Load).
    type: list
    elements: str
seealso:
  - module: adverity.management.adverity_job_info
"""

EXAMPLES = r"""
- name: List the issues of datastream 456 that nobody has acknowledged
  adverity.management.adverity_issue_info:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    datastream_id: 456
    acknowledged: false

- name: List what went wrong since yesterday while extracts were loaded
  adverity.management.adverity_issue_info:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    since: "{{ '%Y-%m-%d' | ansible.builtin.strftime(now().timestamp() - 86400, utc=true) }}"
    stages: [Import, Load]
"""

RETURN = r"""
issues:
  description:
    - The issues, oldest first, as the API returns them. Only C(id) and C(datastream_id) are guaranteed.
    - C(datastream_id) is null if an issue does not name its datastream.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 71
      datastream_id: 456
      start: "2024-01-15T05:01:11Z"
      end: null
      duration: null
      message: Loading extract 101 failed.
      type_label: Error
      extraction_stage_label: Import
      error_cause_label: Unknown
      datastream:
        id: 456
        name: Google Ads | EMEA
      extract:
        id: 101
      job:
        url: https://acme.datatap.adverity.com/api/jobs/9001/
        job_start: "2024-01-15T05:00:04Z"
        range_start: "2024-01-08"
        range_end: "2024-01-14"
      ack: false
      occurrences: 1
      url: https://acme.datatap.adverity.com/issues/71/
count:
  description: The number of issues.
  returned: success
  type: int
  sample: 1
"""

from ansible_collections.adverity.management.plugins.module_utils._resources import issues
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.kinds import START
from ansible_collections.adverity.management.plugins.module_utils._spec.module import run_module
from ansible_collections.adverity.management.plugins.module_utils._spec.options import DATASTREAM_IDS
from ansible_collections.adverity.management.plugins.module_utils._spec.result import Result

SPEC = dict(
    DATASTREAM_IDS,
    since={"type": START},
    acknowledged={"type": "bool"},
    stages={"type": "list", "elements": "str"},
)


def run(client, params, check_mode):
    selection.refuse_empty(params, "datastream_ids", "stages")
    choice = issues.Choice(params["since"], params["acknowledged"], params["stages"])
    found = issues.select(issues.read(client, params["datastream_ids"]), choice)
    return Result(False, {"issues": [issue.row for issue in found], "count": len(found)})


def main():
    run_module(SPEC, run)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_job_info
short_description: List the jobs of datastreams, or wait for them to end
version_added: 0.2.0
description:
  - Lists jobs, oldest first. A fetch is a job. Whether a request to load extracts starts a job is not documented.
  - Without O(start), the API returns only jobs that are scheduled or running. With O(start), it also returns jobs that have ended.
  - Adverity does not document the requests that this module uses, nor their scopes. They are known from other clients.
author:
  - The adverity.management authors (@adverity-management)
extends_documentation_fragment:
  - adverity.management.connection
  - adverity.management.attributes.info
  - adverity.management.attributes.action_group
options:
  datastream_ids:
    description:
      - Integer IDs of datastreams. If omitted, the jobs of all datastreams that the key can see are listed.
      - A job that is no fetch may not name its datastream. Such a job is returned if this option names one datastream, or none, but not if it names several.
    type: list
    elements: int
    aliases: [datastream_id]
  start:
    description:
      - Only jobs that started at this time or later. A date like V(2024-01-15) or a time like V(2024-01-15T10:00:00Z), in UTC unless it has an offset.
      - For a job that has not started, its scheduled time counts.
    type: str
  end:
    description:
      - Only jobs that started at this time or earlier. A date includes its whole day.
    type: str
  states:
    description:
      - Only jobs in one of these states. Case does not matter. Known states are V(Scheduled), V(Running), V(Success), V(Failed), V(Cancelled), V(Discarded)
        and V(Stale). If no job is in a state that is not one of these, a warning says so.
    type: list
    elements: str
  wait:
    description:
      - How many seconds to wait until all jobs have ended, at most 2592000 (30 days). V(0) does not wait.
      - A job that was unfinished when the module first saw it is followed to its end, and returned with its last state, even if that state is not in
        O(states).
      - A scheduled job is unfinished, too. To wait only for what is running, set O(states) to V(Running).
      - When the time is over, the module succeeds and returns the jobs that have not ended in RV(unfinished).
      - A job that ended before the module started is only seen if O(start) is set. To wait for a job that you have started, set O(start) to a time
        before that.
    type: int
    default: 0
  poll_interval:
    description:
      - How many seconds to wait from one reading to the next, at most 2592000 (30 days). It grows to 60 seconds.
    type: int
    default: 15
seealso:
  - module: adverity.management.adverity_issue_info
  - module: adverity.management.adverity_extract_info
"""

EXAMPLES = r"""
- name: Show the jobs of datastream 456 that are scheduled or running
  adverity.management.adverity_job_info:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    datastream_id: 456

- name: List the failed and discarded jobs of the last day
  adverity.management.adverity_job_info:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    start: "{{ '%Y-%m-%dT%H:%M:%SZ' | ansible.builtin.strftime(now().timestamp() - 86400, utc=true) }}"
    states: [Failed, Discarded]

- name: Wait for up to ten minutes until nothing runs in two datastreams
  adverity.management.adverity_job_info:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    datastream_ids: [456, 457]
    states: [Running]
    wait: 600
  register: running
  failed_when: running.unfinished | length > 0
"""

RETURN = r"""
jobs:
  description:
    - The jobs, oldest first, as the API returns them. Only C(id) and C(datastream_id) are guaranteed.
    - C(datastream_id) is null if a job does not name its datastream.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 9001
      datastream_id: 456
      url: https://acme.datatap.adverity.com/api/jobs/9001/
      type: Fetch
      scheduled: "2024-01-15T05:00:00Z"
      job_start: "2024-01-15T05:00:04Z"
      job_end: "2024-01-15T05:01:11Z"
      range_start: "2024-01-08"
      range_end: "2024-01-14"
      progress: 1.0
      duration: 67.0
      state: 3
      state_label: Failed
      manual: false
      issues:
        - message: The account is suspended.
          type_label: Error
          extraction_stage_label: Fetch
          url: https://acme.datatap.adverity.com/api/errors/71/
      datastream:
        id: 456
        name: Google Ads | EMEA
count:
  description: The number of jobs.
  returned: success
  type: int
  sample: 1
unfinished:
  description: The IDs of the jobs that have not ended.
  returned: success
  type: list
  elements: int
  sample: []
"""

from ansible_collections.adverity.management.plugins.module_utils._api.polling import Pace
from ansible_collections.adverity.management.plugins.module_utils._resources import jobs
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.kinds import END, START
from ansible_collections.adverity.management.plugins.module_utils._spec.module import run_module
from ansible_collections.adverity.management.plugins.module_utils._spec.options import (
    DATASTREAM_IDS,
    WAIT,
    check_bounds,
)
from ansible_collections.adverity.management.plugins.module_utils._spec.result import Result

SPEC = dict(
    DATASTREAM_IDS,
    start={"type": START},
    end={"type": END},
    states={"type": "list", "elements": "str"},
    **WAIT,
)


def run(client, params, check_mode):
    selection.refuse_empty(params, "datastream_ids", "states")
    check_bounds(params, "start", "end")
    choice = jobs.Choice(params["datastream_ids"], params["start"], params["end"], params["states"])
    found, unknown = jobs.wait(client, choice, Pace(params["wait"], params["poll_interval"]))
    values = {"jobs": [job.row for job in found], "count": len(found), "unfinished": jobs.unfinished(found)}
    return Result(False, values, warnings=[jobs.states_warning(unknown)] if unknown else [])


def main():
    run_module(SPEC, run)


if __name__ == "__main__":
    main()

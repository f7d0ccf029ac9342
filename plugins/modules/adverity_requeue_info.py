#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_requeue_info
short_description: Show what the ledger records of extracts and bindings
version_added: 0.1.0
description:
  - Shows the status of extracts that M(adverity.management.adverity_requeue) planned or sent, according to its ledger.
  - Reads from the API only the bindings of O(target_id). The module does not wait for a run that is in progress, so you can use it to watch that run.
  - The ledger records that the API confirmed a request, not that Adverity loaded the extracts. M(adverity.management.adverity_load_info) reads whether the
    loads succeeded, and records that.
author:
  - The adverity.management authors (@adverity-management)
extends_documentation_fragment:
  - adverity.management.connection
  - adverity.management.attributes.info
  - adverity.management.attributes.action_group
  - adverity.management.requeue_selection
  - adverity.management.ledger
options:
  extract_ids:
    description: Only these extracts, by their integer IDs.
  datastream_ids:
    description: Only the extracts of these datastreams, by their integer IDs.
  binding_ids:
    description: Only the extracts for these bindings, by their integer IDs.
  target_id:
    description: Only the extracts for the bindings of this destination, by its integer ID.
  summary_only:
    description: Return RV(counts) and RV(backfills), and leave RV(extracts) empty. A ledger can contain many extracts.
    type: bool
    default: false
seealso:
  - module: adverity.management.adverity_requeue
  - module: adverity.management.adverity_load_info
"""

EXAMPLES = r"""
- name: Read the progress of the backfill of destination 789
  adverity.management.adverity_requeue_info:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    target_id: 789
    summary_only: true
  register: ledger

- name: Show it
  ansible.builtin.debug:
    var: ledger.counts
"""

RETURN = r"""
extracts:
  description: The entries of the ledger, by binding, oldest extract first. Empty with O(summary_only=true).
  returned: success
  type: list
  elements: dict
  contains:
    extract_id:
      description: The extract.
      type: int
      sample: 101
    datastream_id:
      description: Its datastream. Null if the extract was sent by its ID alone.
      type: int
      sample: 456
    binding_id:
      description: Its binding. Null if the request named no bindings, so that Adverity loaded into all that were enabled.
      type: int
      sample: 123
    created:
      description: When the extract was created, if the API returned that.
      type: str
      sample: "2024-05-31T04:00:00Z"
    status:
      description:
        - V(pending) if it is planned and not sent. V(dispatched) if the API confirmed the request, or if you settled it so. V(recorded) if you recorded
          that it is loaded. V(unknown) if it was sent and no response came, or if Adverity was processing it when its binding was enabled. V(refused) if
          Adverity refused it. V(failed) if M(adverity.management.adverity_load_info) or O(adverity.management.adverity_requeue#module:on_unknown=check) saw
          that its load failed.
      type: str
      sample: dispatched
    dispatched_at:
      description: When the response that confirmed the request was recorded. Null for the others.
      type: str
      sample: "2024-06-01T14:32:05Z"
    refused_at:
      description: When Adverity refused it. Null for the others.
      type: str
      sample: null
    failed_at:
      description: When it was recorded that its load failed. Null for the others.
      version_added: 0.2.0
      type: str
      sample: null
    loaded_at:
      description: When M(adverity.management.adverity_load_info) recorded that Adverity shows it as loaded. Null if nothing is recorded.
      version_added: 0.2.0
      type: str
      sample: "2024-06-01T14:35:40Z"
    reason:
      description:
        - Why it was refused, in the words of the API, why its load failed, why it is possibly loaded, or why its status was recorded.
        - Null for the others.
      type: str
      sample: null
counts:
  description: The number of entries in each status.
  returned: success
  type: dict
  sample: {pending: 0, dispatched: 130, recorded: 0, unknown: 0, refused: 0, failed: 0}
backfills:
  description: The number of entries for each binding, with what the ledger records of the binding itself.
  returned: success
  type: list
  elements: dict
  contains:
    binding_id:
      description: The binding. Null for extracts that were sent without a binding.
      type: int
      sample: 123
    datastream_id:
      description: Its datastream.
      type: int
      sample: 456
    pending:
      description: How many extracts are planned.
      type: int
      sample: 0
    dispatched:
      description: How many extracts are dispatched.
      type: int
      sample: 130
    recorded:
      description: How many extracts are recorded as loaded.
      version_added: 0.2.0
      type: int
      sample: 0
    unknown:
      description: How many extracts have an unknown outcome.
      type: int
      sample: 0
    refused:
      description: How many extracts Adverity refused.
      type: int
      sample: 0
    failed:
      description: How many extracts have a failed load.
      version_added: 0.2.0
      type: int
      sample: 0
    planned_at:
      description: When a backfill was planned that no run has started yet. Null if there is none.
      type: str
      sample: null
    updated:
      description: When the binding was last changed, according to the last run that read it. Null if the API did not return that.
      type: str
      sample: "2024-06-01T14:32:00Z"
    enabled:
      description: Whether the binding was enabled when a run last read it. Null if this is unknown.
      type: bool
      sample: true
    finished:
      description:
        - Whether nothing is recorded as pending, unknown or failed, and nothing is planned and not started. Finished means sent, not loaded.
        - Extracts that were created in one of RV(backfills[].unknown_periods) are not recorded. The next run finds and lists them.
      type: bool
      sample: true
    enabled_periods:
      description: The periods in which the binding was certainly enabled, and loaded new extracts automatically.
      type: list
      elements: dict
      sample: [{since: "2024-06-01T14:32:00Z", until: null}]
    unknown_periods:
      description: The periods in which it is unknown whether the binding was enabled, and why. Extracts of these periods are possibly loaded.
      type: list
      elements: dict
      sample: []
in_progress:
  description: V(true) while a run holds a lock for this instance. The extracts that it is sending count as unknown until the response comes.
  returned: success
  type: bool
  sample: false
ledger:
  description: The ledger that was read. It does not have to exist.
  returned: success
  type: str
  sample: /home/deploy/.ansible/adverity/requeue.sqlite3
"""

from ansible_collections.adverity.management.plugins.module_utils._requeue.report import report
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.module import run_module
from ansible_collections.adverity.management.plugins.module_utils._spec.options import (
    REQUEUE_RULES,
    REQUEUE_SELECTION,
    check_bounds,
)
from ansible_collections.adverity.management.plugins.module_utils._spec.result import Result

SPEC = dict(REQUEUE_SELECTION, summary_only={"type": "bool", "default": False})


def run(client, params, check_mode):
    selection.refuse_empty(params, "extract_ids", "datastream_ids", "binding_ids")
    check_bounds(params)
    return Result.of(report(client, params))


def main():
    run_module(SPEC, run, **REQUEUE_RULES)


if __name__ == "__main__":
    main()

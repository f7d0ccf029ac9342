#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_load_info
short_description: Show which of the extracts that were sent have been loaded, or wait for them
version_added: 0.2.0
description:
  - Reads the outcome of the extracts that M(adverity.management.adverity_requeue) sent, according to its ledger. The module reads the states of the
    extracts, the jobs and the issues of their datastreams, and compares them with what Adverity showed before the request.
  - An outcome is V(loaded), V(failed), V(loading) or V(unconfirmed). The module reports only what it has seen. An extract that was loaded before the
    request and is loaded now is V(unconfirmed), unless the module saw Adverity processing it in between. For this reason, use O(wait) right after sending.
  - An extract has one state, even if it was sent to several bindings. While another request of the ledger, or an automatic load into another binding, may
    have changed the state, the module reports neither V(loaded) nor V(failed). The module does not see what people do in Adverity at the same time, and
    that can mislead it.
  - The module records in the ledger which extracts it saw loaded or failed. Later runs of M(adverity.management.adverity_requeue) list the failed ones.
    While another run works with the same bindings, the module does not wait for it, records nothing about these bindings, and says so. In check mode, it
    returns the same and records nothing.
  - Each reading costs one list of jobs, one of issues, and one page of extracts for each datastream that is not settled; more pages if the extracts are not
    among the newest. At the beginning, it also reads the bindings once.
  - Adverity does not document the requests for extracts, jobs and issues that this module uses, nor their scopes. They are known from other clients.
author:
  - The adverity.management authors (@adverity-management)
extends_documentation_fragment:
  - adverity.management.connection
  - adverity.management.attributes.info
  - adverity.management.attributes.action_group
  - adverity.management.requeue_selection
  - adverity.management.ledger
attributes:
  check_mode:
    details:
      - The result is the same in check mode. Nothing is recorded in the ledger.
  diff_mode:
    details:
      - This module never changes anything in Adverity.
  idempotent:
    details:
      - This module never changes anything in Adverity. The outcome can be different later.
options:
  extract_ids:
    description: Only these extracts, by their integer IDs.
  datastream_ids:
    description: Only the extracts of these datastreams, by their integer IDs.
  binding_ids:
    description: Only the extracts for these bindings, by their integer IDs.
  target_id:
    description: Only the extracts for the bindings of this destination, by its integer ID.
  wait:
    description:
      - How many seconds to wait until every outcome is certain, at most 2592000 (30 days). V(0) reads once.
      - The module ends earlier if nothing is loading and nothing unconfirmed can still change. A failure ends the wait for its extract only.
      - An unconfirmed extract can change until a job of its datastream that came after the request has ended, or until two days after the request. Adverity
        discards a job that has not started by then.
      - When the time is over, the module succeeds and returns what it has seen.
    type: int
    default: 0
  poll_interval:
    description:
      - How many seconds to wait from one reading to the next, at most 2592000 (30 days). It grows to 60 seconds.
    type: int
    default: 15
  state_labels:
    description:
      - What the labels of states mean in your instance, if it shows other ones than C(Collected), C(Processing), C(Imported), C(Loaded), C(Import Error),
        C(Transform Error), C(Failed) and C(Overwritten). M(adverity.management.adverity_extract_info) shows them as C(state_label).
      - The keys are labels, in any case. The values are V(collected), V(loading), V(loaded) or V(failed).
      - An extract with a label that the module does not know is V(unconfirmed).
    type: dict
    default: {}
  outcomes:
    description:
      - List in RV(loads) only the extracts with these outcomes. The counts are those of all extracts. If omitted, all extracts are listed.
    type: list
    elements: str
    choices: [loaded, failed, loading, unconfirmed]
seealso:
  - module: adverity.management.adverity_requeue
  - module: adverity.management.adverity_requeue_info
  - module: adverity.management.adverity_issue_info
  - module: adverity.management.adverity_job_info
"""

EXAMPLES = r"""
- name: Wait for up to an hour until what was sent to destination 789 is loaded
  adverity.management.adverity_load_info:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    target_id: 789
    wait: 3600
  register: arrived
  failed_when: arrived.counts.failed > 0

- name: Show the extracts that are not confirmed as loaded, and why
  ansible.builtin.debug:
    msg: "{{ arrived.loads | rejectattr('outcome', 'equalto', 'loaded') }}"

- name: Read the outcome of two extracts once, in an instance that shows states in German
  adverity.management.adverity_load_info:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    extract_ids: [101, 102]
    state_labels:
      Gesammelt: collected
      In Verarbeitung: loading
      Importiert: loaded
      Importfehler: failed
"""

RETURN = r"""
loads:
  description:
    - The extracts that were sent, by binding, except those that you recorded as loaded and those that Adverity refused.
    - With O(outcomes), only those with these outcomes.
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
      description: The binding. Null if the request named no bindings.
      type: int
      sample: 123
    created:
      description: When the extract was created, if the API returned that.
      type: str
      sample: "2024-05-31T04:00:00Z"
    outcome:
      description: V(loaded), V(failed), V(loading) or V(unconfirmed).
      type: str
      sample: loaded
    label:
      description: The label of its state, as Adverity shows it. Null if it was not read, because the ledger records the outcome.
      type: str
      sample: Loaded
    since:
      description: When this run first read that label. Null if the API returned no time.
      type: str
      sample: "2024-06-01T14:33:10Z"
    reason:
      description: Why this is the outcome, for example the stage and message of the issue.
      type: str
      sample: it was not loaded before the request, and is loaded now
    issue:
      description: >-
        The address of the issue in Adverity. Null if there is none, and also if the ledger already records the outcome. RV(loads[].reason) then contains the
        address.
      type: str
      sample: null
bindings:
  description: How many extracts of each binding have which outcome.
  returned: success
  type: list
  elements: dict
  contains:
    binding_id:
      description: The binding. Null if the requests named no bindings.
      type: int
      sample: 123
    datastream_id:
      description: Its datastream. Null if the extracts were sent by their IDs alone.
      type: int
      sample: 456
    loaded:
      description: How many are loaded.
      type: int
      sample: 128
    failed:
      description: How many failed to load.
      type: int
      sample: 2
    loading:
      description: How many are being loaded.
      type: int
      sample: 0
    unconfirmed:
      description: Of how many nothing tells whether they were loaded.
      type: int
      sample: 0
counts:
  description: The number of extracts with each outcome.
  returned: success
  type: dict
  sample: {loaded: 128, failed: 2, loading: 0, unconfirmed: 0}
failed_extract_ids:
  description: The extracts that failed to load. The name is not C(failed), because Ansible treats a task with this key in its result as failed.
  returned: success
  type: list
  elements: int
  sample: [117, 118]
unconfirmed:
  description: The extracts whose outcome is not confirmed.
  returned: success
  type: list
  elements: int
  sample: []
jobs:
  description: The jobs of these datastreams that were running or scheduled, or began in the day before the first request or later, as the API returned them.
  returned: success
  type: list
  elements: dict
  sample: []
waited:
  description: How many seconds the module waited.
  returned: success
  type: float
  sample: 95.2
ledger:
  description: The ledger that was used. It does not have to exist.
  returned: success
  type: str
  sample: /home/deploy/.ansible/adverity/requeue.sqlite3
"""

from ansible_collections.adverity.management.plugins.module_utils._outcome.judge import Outcome
from ansible_collections.adverity.management.plugins.module_utils._outcome.loads import load_info
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.module import run_module
from ansible_collections.adverity.management.plugins.module_utils._spec.options import (
    REQUEUE_RULES,
    REQUEUE_SELECTION,
    STATE_LABELS,
    WAIT,
    check_bounds,
)
from ansible_collections.adverity.management.plugins.module_utils._spec.result import Result

SPEC = dict(
    REQUEUE_SELECTION,
    outcomes={"type": "list", "elements": "str", "choices": [outcome.value for outcome in Outcome]},
    **WAIT,
    **STATE_LABELS,
)


def run(client, params, check_mode):
    selection.refuse_empty(params, "extract_ids", "datastream_ids", "binding_ids")
    check_bounds(params)
    return Result.of(load_info(client, params, check_mode))


def main():
    run_module(SPEC, run, **REQUEUE_RULES)


if __name__ == "__main__":
    main()

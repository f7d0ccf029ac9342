#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_requeue
short_description: Send extracts to destinations, each extract only once
version_added: 0.1.0
description:
  - Sends extracts, so that Adverity loads them into the destinations of the selected bindings. Use it to send history to a new destination.
  - Adverity loads an extract again with every request, and the API keeps no record. For this reason, the module records in a ledger what it sent, and sends
    an extract to a binding only once, however often it runs. See O(ledger), O(force) and O(on_unknown).
  - The module checks its options and selects the extracts before it sends the first request. It sends datastream by datastream, oldest extract first,
    O(batch_size) in a request.
  - An extract with an unknown outcome, an extract that Adverity refuses, and a datastream whose requests fail do not stop the other datastreams. The module
    does everything else, then fails with RV(unfinished=true). The message says what was sent, what is open and why, and which option settles it.
  - A request that fails for a reason that concerns all requests ends the run. Such reasons are no connection, an invalid key, and too many requests. Three
    datastreams whose requests fail in succession also end the run.
  - V(dispatched) means that Adverity accepted the request. It loads in the background. M(adverity.management.adverity_load_info) shows whether the load
    succeeded, and can wait for that.
  - While the module sends extracts, it prints a line every 30 seconds on standard error, with the progress and the time left. To set another interval, use
    the environment variable E(ADVERITY_PROGRESS_SECONDS) of the controller; V(0) turns the lines off. They are printed if the module runs on the controller.
  - The role P(adverity.management.deploy_destination#role) enables bindings and uses this module.
author:
  - The adverity.management authors (@adverity-management)
extends_documentation_fragment:
  - adverity.management.connection
  - adverity.management.attributes
  - adverity.management.attributes.action_group
  - adverity.management.requeue_selection
  - adverity.management.ledger
attributes:
  idempotent:
    details:
      - The ledger makes the module idempotent. With O(force=true), or with another ledger, all selected extracts are sent again.
options:
  extract_ids:
    description:
      - Integer IDs of extracts.
      - If O(binding_ids) and O(target_id) are omitted, the request names no bindings, Adverity loads into all that are enabled, and the ledger records
        that. These extracts are sent in the order of their IDs, because nothing else is known about them. An extract that an enabled binding may have
        loaded automatically counts as unknown.
  datastream_ids:
    description:
      - Integer IDs of datastreams. Their extracts within O(created_from) and O(created_to) are selected.
      - If O(binding_ids) and O(target_id) are omitted, the module looks up the enabled bindings and sends to these.
      - If O(extract_ids) and O(datastream_ids) are omitted, the datastreams of O(binding_ids) or O(target_id) are selected.
  binding_ids:
    description:
      - Integer IDs of the bindings to send to. They must be enabled, and belong to the selected datastreams.
  target_id:
    description:
      - The integer ID of the destination to send to, through its bindings to the selected datastreams. These bindings must be enabled.
      - If O(binding_ids) is also set, a binding must match both.
  backfill:
    version_added: 0.2.0
    description:
      - V(always) sends the selected extracts that, according to the ledger, were neither dispatched nor loaded automatically by the binding. For a binding
        without a record in the ledger, it sends all selected extracts.
      - V(when_needed) does the same for bindings that are not enabled yet, for bindings that were enabled with this ledger after their backfill was
        planned, and for bindings whose backfill the ledger records, if a part of the period is missing. A binding that is already enabled and has no record
        in the ledger is left alone, with a warning. So is the binding of an assignment that was deleted and made again, if the ledger records that the
        history of its datastream was sent to this destination before. With O(extract_ids), it needs O(binding_ids) or
        O(target_id), because it is decided for each binding.
      - V(never) sends nothing.
      - V(recorded) sends nothing and records the selected extracts as loaded, as O(state=recorded) does.
    type: str
    choices: [always, when_needed, never, recorded]
    default: always
  sequential:
    description:
      - Whether Adverity loads the extracts of one request in chronological order. Requests are always sent oldest extract first. If Adverity refuses
        some extracts, the others keep their order.
    type: bool
    default: true
  batch_size:
    description: The maximum number of extracts in one request, 1 to 50.
    type: int
    default: 50
  limit:
    description: The maximum number of extracts in this call, the oldest ones first. The rest is left for a later call.
    type: int
  force:
    description:
      - Also send extracts that were dispatched, recorded as loaded, or loaded automatically by the binding, and those whose load failed. A destination that
        appends then contains the rows of what was loaded twice.
    type: bool
    default: false
  on_unknown:
    description:
      - What to do about extracts with an unknown outcome, because an earlier run was interrupted or received no response, and about possibly loaded
        extracts, which were created while the binding was being changed.
      - V(fail) sends everything else, then fails and lists them. Later extracts of the same binding wait, so that their order is kept.
      - V(check) first looks at the states of these extracts and the issues of their datastreams, as M(adverity.management.adverity_load_info) does.
        Evidence that the request was carried out makes an extract dispatched, or failed. Without evidence it stays unknown, and the module goes on as with
        V(fail). The module never concludes from missing evidence that an extract did not arrive. V(check) was added in version 0.2.0.
      - V(requeue) sends them. If they were loaded before, their rows are loaded twice.
      - V(skip) leaves them out and sends the rest, also the later extracts. They stay unknown.
      - V(dispatched) records in the ledger that they were loaded, and sends the rest. Use it after you checked in Adverity
        (Datastream > Activity) that they were loaded.
      - To settle only some of them, select these with O(extract_ids) and O(binding_ids).
    type: str
    choices: [fail, check, requeue, skip, dispatched]
    default: fail
  on_refused:
    version_added: 0.2.0
    description:
      - What to do about extracts that Adverity refuses. The module splits a refused request, first by binding and then in halves, until it knows which extracts
        are refused for which binding. It sends the rest in order.
      - V(fail) fails at the end and lists them with the message of the API. The next run tries them again, each in its own request.
      - V(skip) leaves them out with a warning, in this run and in later runs.
      - If Adverity refuses every extract of a request, or ten extracts in succession, for a binding, the module sends nothing more of this datastream to this
        binding, because the extracts are probably not the cause. The other bindings and datastreams go on, and the module fails at the end.
    type: str
    choices: [fail, skip]
    default: fail
  on_failed:
    version_added: 0.2.0
    description:
      - What to do about extracts of which the ledger records that their load failed. M(adverity.management.adverity_load_info),
        O(on_unknown=check), the role with O(adverity.management.deploy_destination#role:main:deploy_destination_wait), and the playbook
        C(adverity.management.report) record that. Until one of them has seen the failure, the extract counts as dispatched.
      - V(skip) leaves them out, and lists them in a warning with the reason and the address of the issue.
      - V(fail) does the same, sends everything else, then fails.
      - V(requeue) sends them again. Correct the cause in Adverity first. Extracts that Adverity shows as loaded or as being processed since then are not sent.
    type: str
    choices: [skip, fail, requeue]
    default: skip
  state_labels:
    version_added: 0.2.0
    description:
      - For O(on_unknown=check), what the labels of states mean in your instance. See O(adverity.management.adverity_load_info#module:state_labels).
    type: dict
    default: {}
  state:
    description:
      - V(requeued) sends the selected extracts, except those that were sent or loaded automatically before.
      - V(planned) writes the plan into the ledger and sends nothing. The bindings can still be disabled. A later task with V(requeued) sends the extracts.
      - V(recorded) sends nothing and records the selected extracts as loaded, also those that are unknown, refused or pending. Later runs do not send them.
        Use it after a ledger was lost, or for bindings whose history was loaded without this collection. Check at the destination first. The module does
        not check it. With O(extract_ids), it needs O(binding_ids) or O(target_id).
      - V(recorded) was added in version 0.2.0.
    type: str
    choices: [requeued, planned, recorded]
    default: requeued
  enabled_bindings:
    version_added: 0.2.0
    description:
      - The RV(adverity.management.adverity_binding#module:bindings) of the task that enables the bindings. In check mode, that task enables nothing, and
        this option lists the bindings that it would enable. In a real run, the module reads the bindings itself.
    type: list
    elements: dict
seealso:
  - module: adverity.management.adverity_load_info
  - module: adverity.management.adverity_requeue_info
  - module: adverity.management.adverity_extract_info
  - module: adverity.management.adverity_binding
"""

EXAMPLES = r"""
- name: Send the history of datastream 456 to destination 789, once
  adverity.management.adverity_requeue:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    datastream_id: 456
    target_id: 789

- name: Send three extracts to one binding
  adverity.management.adverity_requeue:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    extract_ids: [101, 102, 103]
    binding_ids: [123]

- name: Send the first half of 2024 again, although it was sent before
  adverity.management.adverity_requeue:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    datastream_id: 456
    created_from: "2024-01-01"
    created_to: "2024-06-30"
    binding_ids: [123]
    force: true

# After a ledger was lost, or if the binding was enabled and its history loaded without this collection. Nothing is sent.
- name: Record that the history of datastream 456 is loaded at destination 789
  adverity.management.adverity_requeue:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    datastream_id: 456
    target_id: 789
    state: recorded

# With when_needed, only what is open in the backfill is sent. The default, always, also sends the whole history to an enabled binding without a record in
# the ledger. If the backfill was limited to a period, set the same period here.
- name: Settle what Adverity shows of extracts with an unknown outcome, and send the rest
  adverity.management.adverity_requeue:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    datastream_id: 456
    target_id: 789
    backfill: when_needed
    on_unknown: check

- name: Send the extracts again whose load failed
  adverity.management.adverity_requeue:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    datastream_id: 456
    target_id: 789
    backfill: when_needed
    on_failed: requeue

# Only these two were loaded. A second task with on_unknown=requeue sends the others.
- name: Settle two unknown extracts of binding 123
  adverity.management.adverity_requeue:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    extract_ids: [101, 102]
    binding_ids: [123]
    on_unknown: dispatched

# What the role deploy_destination does, as tasks of your own: plan, enable, send. After an interruption, run it again.
- name: Write the plan of the backfill into the ledger
  adverity.management.adverity_requeue:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    target_id: 789
    backfill: when_needed
    state: planned

- name: Enable the bindings
  adverity.management.adverity_binding:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    target_id: 789
    enabled: true
  register: enabled

- name: Send the history
  adverity.management.adverity_requeue:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    target_id: 789
    backfill: when_needed
    enabled_bindings: "{{ enabled.bindings }}"
"""

RETURN = r"""
requeued_extract_ids:
  description: The extracts that were dispatched in this call, in the order of sending, or in check mode those that would be.
  returned: success, and on a failure after something was sent or is left open
  type: list
  elements: int
  sample: [101, 102, 103]
skipped_extract_ids:
  description: The extracts that were dispatched, recorded as loaded, or loaded automatically before, for all selected bindings.
  returned: success, and on a failure after something was sent or is left open
  type: list
  elements: int
  sample: []
unfinished:
  description: V(true) if the module did everything that it could and something is still open. It then fails, and RV(ignore:msg) says what settles it.
  returned: if something is left open
  version_added: 0.2.0
  type: bool
  sample: true
unknown_extract_ids:
  description: The extracts with an unknown outcome, and the possibly loaded ones.
  returned: success, and on a failure after something was sent or is left open
  type: list
  elements: int
  sample: []
refused_extract_ids:
  description: The extracts that Adverity refused.
  returned: success, and on a failure after something was sent or is left open
  type: list
  elements: int
  sample: []
failed_extract_ids:
  description: The extracts of which the ledger records that their load failed, and that are left out. See O(on_failed).
  returned: success, and on a failure after something was sent or is left open
  version_added: 0.2.0
  type: list
  elements: int
  sample: []
remaining_extract_ids:
  description: The extracts that are still to be sent, because of O(limit), a failure, O(state=planned), or an unknown extract before them.
  returned: success, and on a failure after something was sent or is left open
  type: list
  elements: int
  sample: []
extract_count:
  description: The number of extracts that were dispatched in this call.
  returned: success, and on a failure after something was sent or is left open
  type: int
  sample: 3
batches:
  description: The requests that the API confirmed, in the order of sending.
  returned: success, and on a failure after something was sent or is left open
  type: list
  elements: dict
  contains:
    datastream_id:
      description: The datastream of the extracts. Empty if only extracts were selected.
      type: int
      sample: 456
    binding_ids:
      description: The bindings that the request named. Empty if it named none.
      type: list
      elements: int
      sample: [123]
    extract_count:
      description: The number of extracts in the request. Their IDs are the next ones in RV(requeued_extract_ids).
      type: int
      sample: 3
    message:
      description: The message of the API. Empty in check mode.
      type: str
      sample: Dispatched requeue for 3 extract(s).
summary:
  description:
    - The same, counted by binding. C(skipped) counts what was dispatched or recorded as loaded, C(recorded) the part that this run recorded as loaded,
      C(settled) the part whose outcome was unknown before and that this run recorded as dispatched, because of O(on_unknown), and C(loaded_by_itself) what
      the binding loaded automatically. C(settled) was added in version 0.2.0.
  returned: success, and on a failure after something was sent or is left open
  type: list
  elements: dict
  sample:
    - datastream_id: 456
      binding_id: 123
      requeued: 3
      skipped: 0
      recorded: 0
      settled: 0
      loaded_by_itself: 0
      unknown: 0
      refused: 0
      failed: 0
      remaining: 0
bindings:
  description: The selected bindings, and what happens to the history of each.
  returned: success, and on a failure after something was sent or is left open
  type: list
  elements: dict
  contains:
    binding_id:
      description: The binding.
      type: int
      sample: 123
    datastream_id:
      description: Its datastream.
      type: int
      sample: 456
    target_id:
      description: Its destination.
      type: int
      sample: 789
    target_name:
      description: The name of the destination, if the API returns it.
      type: str
      sample: Marketing DWH
    enabled:
      description: Whether the binding is enabled. Null if this is unknown.
      type: bool
      sample: true
    action:
      description:
        - V(backfill), V(record) if the extracts are recorded as loaded, V(done) if everything was sent before, V(left_alone) if the ledger has no record
          of whether the history was loaded, or V(none).
      type: str
      sample: backfill
ledger:
  description: The ledger that was used. A URL is shown without its password.
  returned: success
  type: str
  sample: /home/deploy/.ansible/adverity/requeue.sqlite3
check_mode:
  description: Whether this is a result of check mode, which sends nothing.
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.adverity.management.plugins.module_utils._requeue.requeue import requeue
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.kinds import whole_number
from ansible_collections.adverity.management.plugins.module_utils._spec.module import run_module
from ansible_collections.adverity.management.plugins.module_utils._spec.options import (
    BACKFILL,
    REQUEUE_HOW,
    REQUEUE_RULES,
    REQUEUE_SELECTION,
    STATE_LABELS,
    check_bounds,
)
from ansible_collections.adverity.management.plugins.module_utils._spec.result import Result

SPEC = dict(
    REQUEUE_SELECTION,
    **REQUEUE_HOW,
    **STATE_LABELS,
    backfill={"type": "str", "choices": BACKFILL, "default": "always"},
    limit={"type": whole_number(1)},
    state={"type": "str", "choices": ["requeued", "planned", "recorded"], "default": "requeued"},
    enabled_bindings={"type": "list", "elements": "dict"},
)
CHOICE = ("extract_ids", "datastream_ids", "binding_ids", "target_id")


def run(client, params, check_mode):
    selection.refuse_empty(params, "extract_ids", "datastream_ids", "binding_ids")
    selection.require_one(params, *CHOICE)
    check_bounds(params)
    return Result.of(requeue(client, params, check_mode))


def main():
    run_module(
        SPEC,
        run,
        returns_check_mode=True,
        required_one_of=[CHOICE],
        mutually_exclusive=[
            *REQUEUE_RULES["mutually_exclusive"],
            ("extract_ids", "created_from"),
            ("extract_ids", "created_to"),
        ],
    )


if __name__ == "__main__":
    main()

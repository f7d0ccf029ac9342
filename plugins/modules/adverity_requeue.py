#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_requeue
short_description: Load data extracts into destinations again, each once
version_added: 0.1.0
description:
  - Requeues extracts, so that the service loads them into the destinations of the chosen bindings; the way to bring history into a new destination.
  - The service loads again with every request and remembers nothing. So this module keeps a ledger of what it dispatched, and sends an extract
    to a binding once, however often it runs. See O(ledger), O(force) and O(on_unknown).
  - All checks come before the first request that loads anything. Extracts go datastream by datastream, oldest first, in requests of O(batch_size).
  - Dispatched is all the service tells. Loading goes on in the background, and whether it succeeded can be seen in Adverity only.
  - The role P(adverity.management.deploy_destination#role) enables bindings and uses this module.
author:
  - The adverity.management authors (@adverity-management)
extends_documentation_fragment:
  - adverity.management.connection
  - adverity.management.attributes
  - adverity.management.attributes.action_group
  - adverity.management.requeue_choice
  - adverity.management.ledger
attributes:
  idempotent:
    details:
      - By the ledger. With O(force=true), or with another ledger, everything that is chosen is sent again.
options:
  extract_ids:
    description:
      - Integer ids of extracts.
      - Without O(binding_ids) and O(target_id) the request names no bindings, the service takes all that are enabled, and the ledger remembers
        just that. Such extracts go in the order of their ids, because nothing else is known of them.
  datastream_ids:
    description:
      - Integer ids of datastreams, all of whose extracts are meant, within O(created_from) and O(created_to).
      - Without O(binding_ids) and O(target_id) their enabled bindings are looked up and named in the requests.
      - One of O(extract_ids) and O(datastream_ids) is required.
  binding_ids:
    description:
      - Integer ids of the bindings to load into. They must be enabled, and be of the datastreams in question.
  target_id:
    description:
      - The integer id of the destination to load into, by its bindings to the datastreams in question. These must be enabled.
      - Together with O(binding_ids) both must hold.
  sequential:
    description:
      - Whether the service loads the extracts of one request in the order of time. The order across requests is that of sending in any case.
    type: bool
    default: true
  batch_size:
    description: At most so many extracts in one request, 1 to 50.
    type: int
    default: 50
  limit:
    description: At most so many extracts in this call, the oldest ones. The rest is left for a later call.
    type: int
  force:
    description:
      - Also send what the ledger knows as dispatched. A destination that appends then holds those rows twice.
    type: bool
    default: false
  on_unknown:
    description:
      - What to do about extracts whose outcome is unknown, because an earlier run was killed or cut off between sending and answer.
      - V(fail) stops before anything is sent, and names them.
      - V(requeue) sends them again. Where the first request did arrive, their rows are loaded twice.
      - V(skip) leaves them out, and sends the rest. They stay unknown.
      - V(dispatched) is for when you looked, and they did arrive. The ledger takes your word for it, and the rest is sent.
    type: str
    choices: [fail, requeue, skip, dispatched]
    default: fail
  state:
    description:
      - V(requeued) sends what is not dispatched yet.
      - V(planned) writes the plan into the ledger and sends nothing. Bindings need not be enabled yet. A later call with V(requeued) sends it.
    type: str
    choices: [requeued, planned]
    default: requeued
  assume_enabled:
    description:
      - In check mode, that the bindings are not enabled is no matter for a warning, because an earlier task enables them, which it only pretends then.
        In a real run this makes no difference.
    type: bool
    default: false
  self_loading:
    description:
      - The periods in which a binding is or was enabled, and so loads or loaded new extracts by itself. Extracts that were created in one of
        them are left out for that binding, unless they were planned before.
      - The ledger remembers them in place of those it knew of that binding, see M(adverity.management.adverity_requeue_info).
    type: list
    elements: dict
    suboptions:
      binding_id:
        description: The integer id of one of the chosen bindings.
        type: int
        required: true
      since:
        description: When it was enabled, which is the C(updated) of the answer that enabled it. Later extracts load by themselves.
        type: str
        required: true
      until:
        description: When it was disabled again. Left out, it still is enabled.
        type: str
seealso:
  - module: adverity.management.adverity_requeue_info
  - module: adverity.management.adverity_extract_info
  - module: adverity.management.adverity_binding
"""

EXAMPLES = r"""
- name: Load the history of datastream 456 into destination 789, once
  adverity.management.adverity_requeue:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    datastream_id: 456
    target_id: 789

- name: Load three extracts into one binding
  adverity.management.adverity_requeue:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    extract_ids: [101, 102, 103]
    binding_ids: [123]

- name: Load the first half of 2024 again, though it was loaded before
  adverity.management.adverity_requeue:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    datastream_id: 456
    created_from: "2024-01-01"
    created_to: "2024-06-30"
    binding_ids: [123]
    force: true
"""

RETURN = r"""
requeued_extract_ids:
  description: The extracts that were dispatched in this call, in the order of sending. In check mode those that would be.
  returned: success, and on a failure half way
  type: list
  elements: int
  sample: [101, 102, 103]
skipped_extract_ids:
  description: The extracts that were dispatched before, to all the bindings in question.
  returned: success, and on a failure half way
  type: list
  elements: int
  sample: []
unknown_extract_ids:
  description: The extracts of which it is not known whether the service took them.
  returned: success, and on a failure half way
  type: list
  elements: int
  sample: []
remaining_extract_ids:
  description: The extracts that are still to be sent, because of O(limit), a failure, or O(state=planned).
  returned: success, and on a failure half way
  type: list
  elements: int
  sample: []
extract_count:
  description: How many extracts were dispatched in this call.
  returned: success, and on a failure half way
  type: int
  sample: 3
batches:
  description: The requests that were answered with success.
  returned: success, and on a failure half way
  type: list
  elements: dict
  contains:
    extract_ids:
      description: The extracts of the request.
      type: list
      elements: int
      sample: [101, 102, 103]
    binding_ids:
      description: The bindings it named. Empty where it named none.
      type: list
      elements: int
      sample: [123]
    message:
      description: The service's message. Empty in check mode.
      type: str
      sample: Dispatched requeue for 3 extract(s).
summary:
  description: The same, counted by binding.
  returned: success, and on a failure half way
  type: list
  elements: dict
  sample:
    - datastream_id: 456
      binding_id: 123
      requeued: 3
      skipped: 0
      unknown: 0
      remaining: 0
ledger:
  description: The ledger that was used.
  returned: success
  type: str
  sample: /home/deploy/.ansible/adverity/requeue.sqlite3
check_mode:
  description: Whether this only tells what a real run would do.
  returned: success
  type: bool
  sample: false
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.adverity.management.plugins.module_utils._api.connection import CONNECTION_SPEC, connect
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.plugins.module_utils._requeue import run as _run
from ansible_collections.adverity.management.plugins.module_utils._spec import selection
from ansible_collections.adverity.management.plugins.module_utils._spec.kinds import BATCH_SIZE, END, INTEGER_ID, START, whole_number
from ansible_collections.adverity.management.plugins.module_utils._spec.options import REQUEUE_CHOICE, REQUEUE_RULES, check_bounds

PERIOD = {
    "binding_id": {"type": INTEGER_ID, "required": True},
    "since": {"type": START, "required": True},
    "until": {"type": END},
}
SPEC = dict(
    CONNECTION_SPEC,
    **REQUEUE_CHOICE,
    sequential={"type": "bool", "default": True},
    batch_size={"type": BATCH_SIZE, "default": 50},
    limit={"type": whole_number(1)},
    force={"type": "bool", "default": False},
    on_unknown={"type": "str", "choices": ["fail", "requeue", "skip", "dispatched"], "default": "fail"},
    state={"type": "str", "choices": ["requeued", "planned"], "default": "requeued"},
    assume_enabled={"type": "bool", "default": False},
    self_loading={"type": "list", "elements": "dict", "options": PERIOD},
)


def run(params, check_mode):
    selection.refuse_empty(params, "extract_ids", "datastream_ids", "binding_ids")
    selection.require_one(params, "extract_ids", "datastream_ids")
    check_bounds(params)
    return _run.requeue(connect(params), params, check_mode)


def main():
    module = AnsibleModule(
        argument_spec=SPEC,
        required_one_of=[("extract_ids", "datastream_ids")],
        required_by={"created_from": "datastream_ids", "created_to": "datastream_ids"},
        supports_check_mode=True,
        **REQUEUE_RULES,
    )
    try:
        result = run(module.params, module.check_mode)
    except AdverityError as error:
        module.fail_json(**error.result())
    for warning in result.pop("warnings"):
        module.warn(warning)
    module.exit_json(check_mode=module.check_mode, **result)


if __name__ == "__main__":
    main()

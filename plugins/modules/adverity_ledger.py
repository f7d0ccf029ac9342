#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_ledger
short_description: Carry the ledger of requeues from one machine, or one job, to the next
version_added: 0.1.0
description:
  - The ledger is what keeps M(adverity.management.adverity_requeue) from loading anything twice. Where its file does not outlive a run, as in an
    execution environment, this module turns it into data that does, a fact of the host for example, and such data into the ledger again.
  - Both sides keep what they know. Of an extract that two ledgers know differently, dispatched counts more than unknown, and unknown more than pending.
  - Asks the service nothing. The role P(adverity.management.deploy_destination#role) uses it with C(deploy_destination_ledger_in_facts).
author:
  - The adverity.management authors (@adverity-management)
extends_documentation_fragment:
  - adverity.management.connection
  - adverity.management.ledger
  - adverity.management.attributes
  - adverity.management.attributes.action_group
options:
  fact:
    description: An earlier RV(fact). What it holds of other instances is handed on in the new one.
    type: dict
  learn:
    description:
      - Whether the ledger learns what O(fact) knows of this instance.
      - With O(bindings), what is pending for one that changed since becomes unknown. A fact can be lost with the job that sent; the service's last
        change of the binding then shows that there was one, as long as whoever sends writes to the binding before, see
        O(adverity.management.adverity_binding#module:touch).
    type: bool
    default: false
  bindings:
    description:
      - Bindings as the service shows them now, see M(adverity.management.adverity_binding_info). Without O(learn) the ledger notes their last change.
    type: list
    elements: dict
  as_fact:
    description:
      - Whether to make RV(fact) the fact C(adverity_ledger) of the host, which Ansible caches where a cache of facts is set up. Only where it differs
        from O(fact).
    type: bool
    default: false
seealso:
  - module: adverity.management.adverity_requeue
  - module: adverity.management.adverity_requeue_info
"""

EXAMPLES = r"""
- name: Let the ledger learn what the jobs before knew
  adverity.management.adverity_ledger:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    fact: "{{ ansible_facts.adverity_ledger | default({}) }}"
    learn: true

- name: Hand on what is known now
  adverity.management.adverity_ledger:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    fact: "{{ ansible_facts.adverity_ledger | default({}) }}"
    as_fact: true
"""

RETURN = r"""
fact:
  description:
    - The ledger as data. For each binding it holds the extracts by status; C(7+2,12) stands for 7, 8, 9 and 21. Each number is how far a run of ids
      is from the id before, each number after a plus how many follow its first.
  returned: success
  type: dict
  sample:
    version: 1
    instances:
      acme.datatap.adverity.com:
        "123":
          datastream_id: 456
          self_loading: [["2024-06-01T14:32:00Z", null]]
          dispatched: 101+129
known:
  description: Whether the ledger, or O(fact), had heard of this instance before.
  returned: success
  type: bool
  sample: true
moved:
  description: The O(bindings) that changed since the ledger, or O(fact), saw them. Only with O(learn).
  returned: success
  type: list
  elements: int
  sample: []
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
from ansible_collections.adverity.management.plugins.module_utils._ledger import carry
from ansible_collections.adverity.management.plugins.module_utils._spec.options import LEDGER


def run(params, check_mode):
    return carry.carry(connect(params).host, params, check_mode)


def main():
    module = AnsibleModule(
        argument_spec=dict(
            CONNECTION_SPEC,
            **LEDGER,
            fact={"type": "dict"},
            learn={"type": "bool", "default": False},
            bindings={"type": "list", "elements": "dict"},
            as_fact={"type": "bool", "default": False},
        ),
        supports_check_mode=True,
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

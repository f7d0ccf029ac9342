#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_ledger_copy
short_description: Move what a ledger knows of an instance into another ledger
version_added: 0.2.0
description:
  - Copies what one ledger knows of an instance into another one, from an SQLite file to PostgreSQL or back. After that the first one is marked, and runs
    that still use it are refused with the place of the other one.
  - The copy is one transaction. A run that is killed is finished by running it again. The service is not asked anything.
  - The playbook C(adverity.management.ledger_copy) does just this.
author:
  - The adverity.management authors (@adverity-management)
extends_documentation_fragment:
  - adverity.management.connection
  - adverity.management.attributes
  - adverity.management.attributes.action_group
attributes:
  diff_mode:
    support: none
options:
  source:
    description: The ledger to copy from, an absolute path or a URL, as the option O(adverity.management.adverity_requeue#module:ledger).
    type: path
    required: true
  source_password:
    description: The password of a source in PostgreSQL.
    type: str
  destination:
    description: The ledger to copy to. It must not know the instance yet.
    type: path
    required: true
  destination_password:
    description:
      - The password of a destination in PostgreSQL.
      - If not set, the environment variable E(ADVERITY_LEDGER_PASSWORD) is used.
    type: str
  ledger_wait:
    description:
      - How many seconds to wait for runs that work with one of the two ledgers.
      - If not set, the environment variable E(ADVERITY_LEDGER_WAIT) is used.
    type: int
    default: 300
seealso:
  - module: adverity.management.adverity_requeue
"""

EXAMPLES = r"""
- name: Move the memory of one machine to the database of the team
  adverity.management.adverity_ledger_copy:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    source: ~/.ansible/adverity/requeue.sqlite3
    destination: postgresql://adverity@db.example.com/ledger
    destination_password: "{{ vault_ledger_password }}"
"""

RETURN = r"""
source:
  description: The ledger that was copied from.
  returned: success
  type: str
  sample: /home/deploy/.ansible/adverity/requeue.sqlite3
destination:
  description: The ledger that holds the content now.
  returned: success
  type: str
  sample: postgresql://adverity@db.example.com/ledger
binding_count:
  description: How many bindings the ledger knows.
  returned: success
  type: int
  sample: 4
extract_count:
  description: How many entries it holds, one for each extract and binding.
  returned: success
  type: int
  sample: 520
check_mode:
  description: Whether this is a result of check mode, which changes nothing.
  returned: success
  type: bool
  sample: false
"""

from ansible.module_utils.basic import env_fallback
from ansible_collections.adverity.management.plugins.module_utils._api.connection import CONNECTION_SPEC, connect
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.plugins.module_utils._ledger.copy import move
from ansible_collections.adverity.management.plugins.module_utils._spec.module import Module
from ansible_collections.adverity.management.plugins.module_utils._spec.options import LEDGER

SPEC = dict(
    CONNECTION_SPEC,
    source={"type": LEDGER["ledger"]["type"], "required": True},
    source_password={"type": "str", "no_log": True},
    destination={"type": LEDGER["ledger"]["type"], "required": True},
    destination_password={"type": "str", "no_log": True, "fallback": (env_fallback, ["ADVERITY_LEDGER_PASSWORD"])},
    ledger_wait=LEDGER["ledger_wait"],
)


def run(params, check_mode):
    return move(params, connect(params).host, check_mode)


def main():
    module = Module(argument_spec=SPEC, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except AdverityError as error:
        module.fail_json(**error.result())
    module.exit_json(check_mode=module.check_mode, **result)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adverity_ledger_copy
short_description: Move the records of an instance to another ledger
version_added: 0.2.0
description:
  - Moves the records of an instance from one ledger to another, for example from an SQLite file to a PostgreSQL database. Afterwards, runs that still use
    the old ledger fail, and the message names the new one. A run that waits for its lock during the move fails, too.
  - You can move the records back later. The copy that stayed behind is then replaced.
  - With O(source_instance), the records get the host name of O(instance). Use it after Adverity renamed the host of your instance. Both ledgers can then be
    the same one.
  - The copy is one transaction. If the module is interrupted, run it again. As soon as the module has begun to copy, runs that use O(source) fail until it
    is finished, so that the two ledgers are never used at once.
  - The module sends no requests to Adverity.
  - The playbook C(adverity.management.ledger_copy) does the same.
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
    description: The ledger to move from, an absolute path or a URL, as the option O(adverity.management.adverity_requeue#module:ledger).
    type: path
    required: true
  source_password:
    description: The password of the ledger to move from, if it is a PostgreSQL database.
    type: str
  destination:
    description: The ledger to move to. It must not have records of the instance, except a copy that was moved away to O(source).
    type: path
    required: true
  destination_password:
    description:
      - The password of the ledger to move to, if it is a PostgreSQL database.
      - If not set, the environment variable E(ADVERITY_LEDGER_PASSWORD) is used.
    type: str
  source_instance:
    description:
      - The host name under which O(source) has the records, for example V(acme-old.datatap.adverity.com), or V(https://host[:port]).
      - The default is the host of O(instance).
    version_added: 0.2.0
    type: str
  ledger_wait:
    description:
      - How many seconds to wait for runs that are using one of the two ledgers for this instance.
      - If not set, the environment variable E(ADVERITY_LEDGER_WAIT) is used.
    type: int
    default: 300
seealso:
  - module: adverity.management.adverity_requeue
"""

EXAMPLES = r"""
- name: Move the ledger of this machine to the PostgreSQL database of the team
  adverity.management.adverity_ledger_copy:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    source: ~/.ansible/adverity/requeue.sqlite3
    destination: postgresql://adverity@db.example.com/ledger
    destination_password: "{{ vault_ledger_password }}"

- name: Move the records back
  adverity.management.adverity_ledger_copy:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    source: postgresql://adverity@db.example.com/ledger
    source_password: "{{ vault_ledger_password }}"
    destination: ~/.ansible/adverity/requeue.sqlite3

# To keep them in the same ledger under the new name, set destination to the same place as source.
- name: Move the records of an instance whose host was renamed
  adverity.management.adverity_ledger_copy:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    source_instance: acme-old.datatap.adverity.com
    source: ~/.ansible/adverity/requeue.sqlite3
    destination: postgresql://adverity@db.example.com/ledger
    destination_password: "{{ vault_ledger_password }}"
"""

RETURN = r"""
source:
  description: The ledger that the records were moved from.
  returned: success
  type: str
  sample: /home/deploy/.ansible/adverity/requeue.sqlite3
destination:
  description: The ledger that has the records now.
  returned: success
  type: str
  sample: postgresql://adverity@db.example.com/ledger
binding_count:
  description: The number of bindings with records.
  returned: success
  type: int
  sample: 4
extract_count:
  description: The number of extracts with records, counted once for each binding.
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
from ansible_collections.adverity.management.plugins.module_utils._api.connection import read_host
from ansible_collections.adverity.management.plugins.module_utils._ledger.copy import move
from ansible_collections.adverity.management.plugins.module_utils._spec.module import run_module
from ansible_collections.adverity.management.plugins.module_utils._spec.options import LEDGER
from ansible_collections.adverity.management.plugins.module_utils._spec.result import Result

SPEC = dict(
    source={"type": LEDGER["ledger"]["type"], "required": True},
    source_password={"type": "str", "no_log": True},
    destination={"type": LEDGER["ledger"]["type"], "required": True},
    destination_password={
        "type": "str",
        "no_log": True,
        "fallback": (env_fallback, ["ADVERITY_LEDGER_PASSWORD"]),
    },
    source_instance={"type": "str"},
    ledger_wait=LEDGER["ledger_wait"],
)


def run(client, params, check_mode):
    if params["source_instance"]:
        params = dict(params, source_instance=read_host(params["source_instance"], "source_instance"))
    return Result.of(move(params, client.host, check_mode))


def main():
    run_module(SPEC, run, returns_check_mode=True)


if __name__ == "__main__":
    main()

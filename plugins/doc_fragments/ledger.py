# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """For modules that read or write the ledger."""

    DOCUMENTATION = r"""
options:
  ledger:
    description:
      - The ledger. It records which extract was sent to which binding, and when bindings were enabled. It also has the locks that keep runs apart. Keep it
        for as long as you deploy to the same destinations.
      - An absolute path is an SQLite file. If the file or its folder does not exist, it is created so that only this user can read it.
      - A URL such as V(postgresql://user@host:5432/database) is a PostgreSQL database, which several machines can share. This requires psycopg 3 where the
        module runs. The URL can have parameters of libpq, such as V(sslmode=verify-full). For the password, use O(ledger_password).
      - If not set, the environment variable E(ADVERITY_LEDGER) is used.
    type: path
    default: ~/.ansible/adverity/requeue.sqlite3
  ledger_password:
    version_added: 0.2.0
    description:
      - The password for a ledger in PostgreSQL. You can also use what libpq offers, such as E(PGPASSFILE).
      - If not set, the environment variable E(ADVERITY_LEDGER_PASSWORD) is used.
    type: str
  ledger_wait:
    version_added: 0.2.0
    description:
      - How many seconds to wait for another run that works on the same bindings, or creates the same destination or assignments. After that, the module fails
        and names that run. At most 2592000 (30 days).
      - If not set, the environment variable E(ADVERITY_LEDGER_WAIT) is used.
    type: int
    default: 300
"""

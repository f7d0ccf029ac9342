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
      - Where the collection remembers which extract went to which binding, and when bindings were enabled. Keep it as long as nothing is to be loaded twice.
      - An absolute path names an SQLite file. It is created if it does not exist, with its folder, readable by this user only.
      - A URL such as V(postgresql://user@host:5432/database) names a PostgreSQL database, one memory for all machines. It needs psycopg 3 where the module
        runs. Parameters of libpq, such as V(sslmode=verify-full), may follow. A password does not belong in it, see O(ledger_password).
      - If not set, the environment variable E(ADVERITY_LEDGER) is used.
    type: path
    default: ~/.ansible/adverity/requeue.sqlite3
  ledger_password:
    description:
      - The password for a ledger in PostgreSQL. The ways of libpq, such as E(PGPASSFILE), work too.
      - If not set, the environment variable E(ADVERITY_LEDGER_PASSWORD) is used.
    type: str
  ledger_wait:
    description:
      - How many seconds to wait for another run that works on the same bindings. After that the module fails and names that run.
      - If not set, the environment variable E(ADVERITY_LEDGER_WAIT) is used.
    type: int
    default: 300
"""

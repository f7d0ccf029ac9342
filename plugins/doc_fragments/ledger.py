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
      - The ledger, an SQLite file. It is made where it does not exist, with its folder, for this user only.
      - It knows of each instance which extract went to which binding. Keep it as long as nothing shall be loaded twice; where the home is
        not kept, as in an execution environment, name a place that is.
      - If not set, the environment variable E(ADVERITY_LEDGER) is used.
    type: path
    default: ~/.ansible/adverity/requeue.sqlite3
"""

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options by which extracts and bindings are chosen for a requeue; a module adds what each of them means for it."""

    DOCUMENTATION = r"""
options:
  extract_ids:
    description: []
    type: list
    elements: int
  datastream_ids:
    description: []
    type: list
    elements: int
    aliases: [datastream_id]
  created_from:
    description:
      - Only extracts that were created at this time or later. A date like V(2024-01-15) or a time like V(2024-01-15T10:00:00Z), in UTC
        unless it says otherwise.
    type: str
  created_to:
    description:
      - Only extracts that were created at this time or earlier. A date includes its whole day.
    type: str
  binding_ids:
    description: []
    type: list
    elements: int
    aliases: [binding_id]
  target_id:
    description: []
    type: int
  ledger:
    description:
      - The ledger, an SQLite file. It is made where it does not exist, with its folder, for this user only.
      - It knows of each instance which extract went to which binding. Keep it as long as nothing shall be loaded twice; where the home is
        not kept, as in an execution environment, name a place that is.
      - If not set, the environment variable E(ADVERITY_LEDGER) is used.
    type: path
    default: ~/.ansible/adverity/requeue.sqlite3
"""

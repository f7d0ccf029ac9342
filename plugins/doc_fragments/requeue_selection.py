# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options that select extracts and bindings for a requeue. A module adds what each of them means for it."""

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
        unless it has an offset.
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
"""

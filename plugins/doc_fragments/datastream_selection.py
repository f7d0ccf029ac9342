# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options by which datastreams are chosen: for a change, and for a list (``INFO``), where the filters stand at the top."""

    DOCUMENTATION = r"""
options:
  datastream_ids:
    description:
      - UUIDs of datastreams. Each of them must be one that the key can see; otherwise nothing is changed, and the error names all that are not.
      - With O(filters) too, those of them are meant for which all filters hold.
      - One of O(datastream_ids), O(filters) and O(all_datastreams) is required. An empty list is refused.
    type: list
    elements: str
    aliases: [datastream_id]
  filters:
    description:
      - The datastreams for which all of these hold. At least one must be given, and an empty list is refused.
      - Where none is found, nothing is done. That is not an error.
    type: dict
    suboptions:
      workspace_ids:
        description: Only datastreams in these workspaces. UUIDs.
        type: list
        elements: str
      workspace_scope:
        description:
          - Extends O(filters.workspace_ids), which it requires, to the workspaces above them, below them, or both.
        type: str
        choices: [ancestors, descendants, family]
      enabled:
        description: Only datastreams that are enabled, or only those that are not.
        type: bool
      active_pulling_mode:
        description: Only datastreams that pull in this mode. V(smart-bundle) is deprecated by the service.
        type: str
        choices: [smart, smart-bundle, schedule]
  all_datastreams:
    description:
      - V(true) means every datastream that the key can see. It excludes the other two, and V(false) alone chooses nothing and is refused.
    type: bool
notes:
  - The datastreams are read first. Only those that differ are written, at most 50 in one request, each named by its UUID.
  - What the service says it changed is held against what was asked for. More or fewer is told in a warning.
  - It is not documented how the service pages its list of datastreams. The module stops, and changes nothing, where it does not get the whole list.
"""

    INFO = r"""
options:
  datastream_ids:
    description: UUIDs of datastreams. An id that is not found is left out of the answer. An empty list is refused.
    type: list
    elements: str
    aliases: [datastream_id]
  workspace_ids:
    description: Only datastreams in these workspaces. UUIDs. An empty list is refused.
    type: list
    elements: str
  workspace_scope:
    description: Extends O(workspace_ids), which it requires, to the workspaces above them, below them, or both.
    type: str
    choices: [ancestors, descendants, family]
  enabled:
    description: Only datastreams that are enabled, or only those that are not.
    type: bool
  active_pulling_mode:
    description: Only datastreams that pull in this mode. V(smart-bundle) is deprecated by the service.
    type: str
    choices: [smart, smart-bundle, schedule]
"""

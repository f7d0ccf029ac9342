# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options that select datastreams: for a change, and for a list (``INFO``), where the filters are options of their own."""

    DOCUMENTATION = r"""
options:
  datastream_ids:
    description:
      - UUIDs of the datastreams. If the key cannot see one of them, nothing is changed, and the error lists all that were not found.
      - Together with O(filters), only those of them are selected that match all filters.
      - One of O(datastream_ids), O(filters) and O(all_datastreams) is required. An empty list is an error.
    type: list
    elements: str
    aliases: [datastream_id]
  filters:
    description:
      - Selects the datastreams that match all of these filters. At least one filter is required. An empty list is an error.
      - If no datastream matches, nothing is changed. That is not an error.
    type: dict
    suboptions:
      workspace_ids:
        description: UUIDs of workspaces. Selects the datastreams in them.
        type: list
        elements: str
      workspace_scope:
        description:
          - Extends O(filters.workspace_ids) to the workspaces above them, below them, or both. Requires O(filters.workspace_ids).
        type: str
        choices: [ancestors, descendants, family]
      enabled:
        description: Selects enabled datastreams if V(true), and disabled datastreams if V(false).
        type: bool
      active_pulling_mode:
        description: Selects datastreams with this pulling mode. Adverity has deprecated V(smart-bundle).
        type: str
        choices: [smart, smart-bundle, schedule]
  all_datastreams:
    description:
      - Set to V(true) to select every datastream that the key can see. Mutually exclusive with O(datastream_ids) and O(filters). V(false) selects nothing
        and is an error.
    type: bool
notes:
  - The module reads the datastreams first, and writes only those that differ, by UUID, at most 50 in one request.
  - The module compares the datastreams that the API reports as changed with those in the request, and warns about a difference.
  - How the API divides its list of datastreams into pages is not documented. If the module does not get the complete list, it fails and changes nothing.
"""

    INFO = r"""
options:
  datastream_ids:
    description: UUIDs of datastreams. IDs that are not found are omitted from the result. An empty list is an error.
    type: list
    elements: str
    aliases: [datastream_id]
  workspace_ids:
    description: UUIDs of workspaces. Lists the datastreams in them. An empty list is an error.
    type: list
    elements: str
  workspace_scope:
    description: Extends O(workspace_ids) to the workspaces above them, below them, or both. Requires O(workspace_ids).
    type: str
    choices: [ancestors, descendants, family]
  enabled:
    description: Lists enabled datastreams if V(true), and disabled datastreams if V(false).
    type: bool
  active_pulling_mode:
    description: Lists datastreams with this pulling mode. Adverity has deprecated V(smart-bundle).
    type: str
    choices: [smart, smart-bundle, schedule]
"""

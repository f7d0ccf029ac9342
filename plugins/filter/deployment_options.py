# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: deployment_options
short_description: Read the variables of the role deploy_destination
version_added: 0.1.0
description:
  - The variables of the role P(adverity.management.deploy_destination#role), as a playbook gives them or as a survey of AWX sends them. There all is text,
    lists are separated by commas, and an answer that was left empty is empty text, which means the same as leaving the variable out.
author:
  - The adverity.management authors (@adverity-management)
options:
  _input:
    description: The variables, without the role's prefix.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Read what a survey sent
  ansible.builtin.debug:
    msg: "{{ {'target_id': '789', 'datastream_ids': '456, 457', 'enabled': 'yes'} | adverity.management.deployment_options }}"
"""

RETURN = r"""
_value:
  description:
    - All variables with their defaults, as numbers, lists, booleans; and C(refusal), which is not empty where one of them is wrong, and says which.
  type: dict
"""

import typing as t

from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.plugins.module_utils._deploy import options


def deployment_options(given: dict[str, t.Any]) -> dict[str, t.Any]:
    """See ``options.read``. What is wrong is a ``refusal``, for a task that shows it without the noise of a failed template."""
    try:
        return dict(options.read(given), refusal=None)
    except AdverityError as error:
        return dict(options.defaults(), refusal=str(error))


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Its name and function."""
        return {"deployment_options": deployment_options}

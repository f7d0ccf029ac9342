# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The attributes of the modules: those that write, and those that only read (``INFO``)."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode, and then predicts what a real run would do without writing anything.
    support: full
  diff_mode:
    description: Returns what differs, before and after, in diff mode.
    support: full
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second time changes nothing.
    support: full
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode, which makes no difference, since it never writes.
    support: full
    details:
      - This module only reads.
  diff_mode:
    description: Returns what differs, before and after, in diff mode.
    support: N/A
    details:
      - This module only reads.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second time changes nothing.
    support: full
    details:
      - This module only reads.
"""

    ACTION_GROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/adverity.management.adverity) in C(module_defaults) to set the connection options for every module.
    support: full
    membership:
      - adverity.management.adverity
"""

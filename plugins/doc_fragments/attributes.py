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
    description: Can run in check_mode and return changed status prediction without changing anything in Adverity.
    support: full
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in check_mode) when in diff mode.
    support: full
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without changing anything in Adverity.
    support: full
    details:
      - This module only reads and never changes anything.
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in check_mode) when in diff mode.
    support: N/A
    details:
      - This module only reads and never changes anything.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
    details:
      - This module only reads and never changes anything.
"""

    ACTION_GROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/adverity.management.adverity) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - adverity.management.adverity
"""

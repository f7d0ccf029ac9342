# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the present label says of an extract whose load is recorded as failed: somebody may have corrected the cause and sent it again in Adverity. Pure.

The label of then is recorded with the failure. So a label that says *loaded* now, and did not then, shows a load since.
"""

from __future__ import annotations

import enum
import typing as t

from .._resources.labels import Meaning

WORDS = "its load failed before, and Adverity shows it as loaded now"
_NOT_LOADED = (Meaning.COLLECTED, Meaning.FAILED)


class Recovery(enum.Enum):
    """What became of an extract since its load failed."""

    NONE = "none"  # nothing that its label shows
    LOADING = "loading"  # Adverity is processing it
    LOADED = "loaded"
    UNTOLD = "untold"  # it is loaded now, which something else may explain


def recovery(
    present: Meaning, at_failure: Meaning | None, before: Meaning | None, beside: t.Collection[t.Any]
) -> Recovery:
    """``at_failure``: what the label meant when the failure was recorded, None where that is not recorded. ``before``: the same before the request that
    failed. ``beside``: what else may have changed the label since."""
    if present is Meaning.LOADING:
        return Recovery.LOADING
    if present is not Meaning.LOADED or at_failure is Meaning.LOADED:
        return Recovery.NONE  # a label that says loaded whether a load fails or not shows nothing
    meaning_before = before if at_failure is None else at_failure
    return Recovery.UNTOLD if beside or meaning_before not in _NOT_LOADED else Recovery.LOADED

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

from .._ledger.sent import Sent
from .._ledger.status import EventKind
from .._resources.labels import Labels, Meaning
from . import others
from .judge import Other

WORDS = "its load failed before, and Adverity shows it as loaded now"
_NOT_LOADED = (Meaning.COLLECTED, Meaning.FAILED)


class Recovery(enum.Enum):
    """What became of an extract since its load failed."""

    NONE = "none"  # nothing that its label shows
    LOADING = "loading"  # Adverity is processing it
    LOADED = "loaded"
    UNTOLD = "untold"  # it is loaded now, which something else may explain


def recovery(
    present: Meaning, at_failure: Meaning | None, before: Meaning | None, beside: t.Collection[Other]
) -> Recovery:
    """``at_failure``: what the label meant when the failure was recorded, None where that is not recorded. ``before``: the same before the request that
    failed. ``beside``: what else may have changed the label since."""
    if present is Meaning.LOADING:
        return Recovery.LOADING
    if present is not Meaning.LOADED or at_failure is Meaning.LOADED:
        return Recovery.NONE  # a label that says loaded whether a load fails or not shows nothing
    meaning_before = before if at_failure is None else at_failure
    return Recovery.UNTOLD if beside or meaning_before not in _NOT_LOADED else Recovery.LOADED


def of_failed(
    sent: Sent,
    label: str | None,
    of_extract: t.Iterable[Sent],
    of_datastream: t.Iterable[others.MergedBinding],
    labels: Labels,
) -> Recovery:
    """What became of an extract whose load is recorded as failed. ``label`` is its present one, ``of_extract`` everything that was sent of it, for all
    bindings, and ``of_datastream`` the bindings of its datastream."""
    present = labels.meaning(label)
    request = others.last_request(sent)
    failure = next((event for event in reversed(sent.events) if event.kind is EventKind.FAILED), None)
    if request is None or failure is None:
        return recovery(present, None, None, ())
    beside = [
        *others.other_requests(sent, request, of_extract),
        *others.automatic_loads(sent, request, of_datastream),
    ]
    at_failure = labels.meaning(failure.label) if failure.has_label else None
    before = labels.meaning(request.label) if request.has_label else None
    return recovery(present, at_failure, before, beside)

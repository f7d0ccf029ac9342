# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What became of an extract since its load failed, from what the ledger has recorded and the present label. Pure."""

from __future__ import annotations

import typing as t

from .._ledger.sent import Sent
from .._ledger.status import EventKind
from .._resources.labels import Labels
from . import others
from .recovery import Recovery, recovery


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

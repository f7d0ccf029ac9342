# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Which entries of the ledger a module's options choose. Reads only."""

from __future__ import annotations

import typing as t

from .._api.client import Client
from .._ledger.ledger import Ledger
from .._ledger.rows import Entry
from .._resources import bindings, extracts
from .._spec import times


def binding_ids(client: Client, params: t.Mapping[str, t.Any]) -> list[int] | None:
    """The bindings that are selected; None: all. The API is asked for nothing but the bindings of ``target_id``."""
    named: list[int] | None = params["binding_ids"]
    if params["target_id"] is None:
        return named
    found = bindings.read(client, target_id=params["target_id"])
    bindings.refuse_none(found, None, params["target_id"])
    return [binding.id for binding in found if named is None or binding.id in named]


def entries(
    ledger: Ledger, params: t.Mapping[str, t.Any], of_bindings: list[int] | None
) -> t.Iterator[Entry]:
    """The entries of these bindings that are selected."""
    inside = extracts.within(params["created_from"], params["created_to"])
    for entry in ledger.entries(of_bindings, params["extract_ids"]):
        if (params["datastream_ids"] is None or entry.datastream_id in params["datastream_ids"]) and inside(
            times.parse_or_none(entry.created)
        ):
            yield entry

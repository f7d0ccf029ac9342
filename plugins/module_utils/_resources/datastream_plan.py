# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Which datastreams have to be written so that they are enabled, or not, and pull in a mode (pulling guide). Pure: nothing is sent from here."""

from __future__ import annotations

from .._api.paging import Row
from .datastream_writes import DatastreamChange
from .datastreams import PATH as DATASTREAMS
from .datastreams import Datastream

_NEEDS_SCHEDULE = (
    "pulling_mode: schedule requires a custom fetch schedule, which is created in Adverity."
    " If one datastream of a request has none, Adverity changes none of them."
)


def plan(
    selected: list[Datastream], enabled: bool | None, pulling_mode: str | None
) -> list[DatastreamChange]:
    """The changes that are due, each for the datastreams that differ; one that does not tell its state differs. None asks for nothing.

    Mode and state go in separate requests, as the guide shows them; whether one body may hold both is not documented. A datastream changes its
    mode while it is disabled: before it is enabled, or after it was disabled. So it never fetches in an unwanted mode.
    """
    changes: list[DatastreamChange] = []
    if pulling_mode is not None:
        hint = _NEEDS_SCHEDULE if pulling_mode == "schedule" else ""
        differing = [datastream for datastream in selected if datastream.active_mode != pulling_mode]
        changes.append(_patch(("pulling",), {"active_mode": pulling_mode}, differing, hint))
    if enabled is not None:
        differing = [datastream for datastream in selected if datastream.enabled is not enabled]
        changes.insert(len(changes) if enabled else 0, _patch((), {"enabled": enabled}, differing))
    return changes


def _patch(
    field_path: tuple[str, ...], fields: Row, differing: list[Datastream], hint: str = ""
) -> DatastreamChange:
    body = fields
    for name in reversed(field_path):
        body = {name: body}
    return DatastreamChange(
        "PATCH", DATASTREAMS, field_path, body, {datastream.id: fields for datastream in differing}, hint=hint
    )

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Writing to many datastreams: requests that name them, and what came of these (pulling guide).

The API responds to a change with the UUIDs of those that really changed. That is held against what was asked for.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, replace

from .._api import text
from .._api.client import MOST_IDS, Client
from .._api.errors import AdverityError, Refused, UnreadableAnswer
from .._api.paging import Row
from .._spec.kinds import to_uuid
from .._spec.result import Diff, Result
from .changes import Applied, Noun, apply
from .datastreams import Datastream

_DATASTREAMS = Noun("datastream", "datastreams", "datastream_ids", counted=True)


@dataclass(frozen=True)
class DatastreamChange:
    """One change, asked of every datastream in ``patches`` with the same ``body``.

    ``patches`` holds by UUID the fields that will read otherwise, at ``field_path`` in the row. Of those in ``uncertain`` it is not known
    whether they differ at all, so that the API's answer decides. ``hint`` is what a 400 may mean.
    """

    method: str
    path: str
    field_path: tuple[str, ...]
    body: Row
    patches: dict[str, Row]
    uncertain: frozenset[str] = frozenset()
    hint: str = ""

    @property
    def ids(self) -> list[str]:
        """The UUIDs of the datastreams."""
        return list(self.patches)

    @property
    def words(self) -> str:
        """The request, for a message."""
        return text.line(f"{self.method} {json.dumps(self.body)}")

    def in_chunks(self) -> list[DatastreamChange]:
        """The same as requests of at most 50 datastreams, in their order."""
        ids = self.ids
        chunks = [ids[start : start + MOST_IDS] for start in range(0, len(ids), MOST_IDS)]
        return [replace(self, patches={each: self.patches[each] for each in chunk}) for chunk in chunks]

    def preview(self) -> DatastreamsChanged:
        """As if all of them had changed."""
        return DatastreamsChanged(self, self.ids)

    def send(self, client: Client) -> DatastreamsChanged:
        """Those that the API says have changed. Raises AdverityError."""
        try:
            answer = client.request(
                self.method, self.path, {"datastream_id": self.ids}, self.body, rows_in="datastream_id"
            )
            changed = _affected(answer.data, self)
        except AdverityError as error:
            if self.hint and isinstance(error, Refused) and error.status == 400:
                error.say(self.hint)
            error.say(f"Requested: {self.words} for {text.several(self.ids)}.")
            raise
        if answer.repeated:  # an earlier try may have changed what this one found as it should be
            changed += [each for each in self.patches if each not in changed]
        return DatastreamsChanged(self, changed)


class DatastreamsChanged(t.NamedTuple):
    """What came of a change: the UUIDs of the datastreams that have changed, also of such that were not asked for."""

    change: DatastreamChange
    ids: list[str]


def write(
    client: Client, selected: list[Datastream], changes: list[DatastreamChange], check_mode: bool
) -> Result:
    """Makes the changes of the selected datastreams. An error carries the result so far, and ``remaining``: what the API did not confirm."""
    requests = [request for change in changes for request in change.in_chunks()]
    applied = apply(requests, client, check_mode, _DATASTREAMS)
    result = _Outcome(selected, applied).result()
    applied.check(result)
    return result


class _Outcome:
    """What came of changes of the selected datastreams. Pure. ``now``: their rows with what has changed."""

    def __init__(self, selected: list[Datastream], applied: Applied[DatastreamsChanged]) -> None:
        self._selected = {datastream.id: datastream for datastream in selected}
        self._now = {datastream.id: datastream.row for datastream in selected}
        self._before: dict[str, Row] = {}
        self._after: dict[str, Row] = {}
        self._unrequested: list[str] = []
        self._warnings: list[str] = []
        for change, changed in applied.made:
            self._take(change, changed)
            self._compare(change, changed)

    def result(self) -> Result:
        """The rows as they are now, what was affected, and the diff by name."""
        changed = [each for each in self._selected if each in self._after]
        affected = changed + [each for each in self._unrequested if each not in changed]
        before = {self._selected[each].label: text.lines(self._before[each]) for each in changed}
        after = {self._selected[each].label: text.lines(self._after[each]) for each in changed}
        values = {"datastreams": list(self._now.values()), "affected": {"datastream_ids": affected}}
        return Result(bool(affected), values, Diff(before, after), self._warnings)

    def _take(self, change: DatastreamChange, changed: list[str]) -> None:
        for each in changed:
            if each not in change.patches:
                self._unrequested.append(each)
                continue
            patch, old = change.patches[each], _at(self._now[each], change.field_path)
            differs = [name for name in patch if old.get(name) != patch[name]]
            self._before.setdefault(each, {}).update({name: old.get(name) for name in differs})
            self._after.setdefault(each, {}).update({name: patch[name] for name in differs})
            self._now[each] = _put(self._now[each], change.field_path, patch)

    def _compare(self, change: DatastreamChange, changed: list[str]) -> None:
        same = [each for each in change.patches if each not in changed and each not in change.uncertain]
        if same:
            self._warnings.append(
                f"The API reports that {change.words} did not change these datastreams, although they differed when read:"
                f" {text.several(same)}. Somebody else may have changed them in the meantime. Read them again."
            )
        more = [each for each in changed if each not in change.patches]
        if more:
            self._warnings.append(
                f"The API reports that {change.words} also changed datastreams that were not requested: {text.several(more)}."
            )


def _affected(data: t.Any, change: DatastreamChange) -> list[str]:
    """The UUIDs that the API says have changed. Raises UnreadableAnswer."""
    affected = data.get("affected") if isinstance(data, dict) else None
    ids = affected.get("datastream_ids") if isinstance(affected, dict) else None
    try:
        if isinstance(ids, list):
            return list(dict.fromkeys(to_uuid(each) for each in ids))
    except ValueError:
        pass
    raise UnreadableAnswer(
        f"{change.method} {change.path} returned success, but the response does not say which datastreams changed.",
        method=change.method,
        path=change.path,
    )


def _at(row: Row, field_path: tuple[str, ...]) -> Row:
    """What a row holds at a path of fields; nothing where there is none."""
    for name in field_path:
        inner = row.get(name)
        row = inner if isinstance(inner, dict) else {}
    return row


def _put(row: Row, field_path: tuple[str, ...], fields: Row) -> Row:
    """The row with these fields at that path."""
    if not field_path:
        return dict(row, **fields)
    return dict(row, **{field_path[0]: _put(_at(row, field_path[:1]), field_path[1:], fields)})

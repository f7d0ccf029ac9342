# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Writing to many datastreams: requests that name them, and what came of these (pulling guide).

The service answers a change with the UUIDs of those that really changed. That is held against what was asked for.
"""

from __future__ import annotations

import json
import typing as t

from .._api import text
from .._api.client import MOST_IDS, Client
from .._api.errors import AdverityError, Refused, UnreadableAnswer
from .._api.paging import Row
from .._spec.kinds import to_uuid
from .._spec.result import Diff, Result
from .datastreams import label


class Write(t.NamedTuple):
    """One change, asked of every datastream in ``patches`` with the same ``body``.

    ``patches`` holds by UUID the fields that will read otherwise, at ``place`` in the row. Of those in ``uncertain`` it is not known whether they
    differ at all, so that the service's answer decides. ``hint`` is what a 400 may mean.
    """

    method: str
    path: str
    place: tuple[str, ...]
    body: Row
    patches: dict[str, Row]
    uncertain: frozenset[str] = frozenset()
    hint: str = ""

    def in_chunks(self) -> list[Write]:
        """The same as requests of at most 50 datastreams, in their order."""
        ids = list(self.patches)
        chunks = [ids[start : start + MOST_IDS] for start in range(0, len(ids), MOST_IDS)]
        return [self._replace(patches={one: self.patches[one] for one in chunk}) for chunk in chunks]


class Writing:
    """Writes to the datastreams ``rows``, one request after the other, and what came of them so far."""

    def __init__(self, rows: list[Row], writes: list[Write]) -> None:
        self._requests = [request for write in writes for request in write.in_chunks()]
        self._rows = {row["id"]: row for row in rows}
        self._now = dict(self._rows)
        self._before: dict[str, Row] = {}
        self._after: dict[str, Row] = {}
        self._unrequested: list[str] = []
        self._warnings: list[str] = []

    def predict(self) -> Result:
        """The module's result, as if the service had done all that is asked for."""
        for request in self._requests:
            self._note(request, list(request.patches))
        return self.result()

    def send(self, client: Client) -> Result:
        """The module's result. An error carries the result so far, and ``remaining``: what the service did not confirm."""
        for number, request in enumerate(self._requests):
            try:
                answer = client.request(request.method, request.path, {"datastream_id": list(request.patches)}, request.body)
                said = _affected(answer.data, request)
            except AdverityError as error:
                self._explain(error, self._requests[number:])
                raise
            if answer.repeated:  # an earlier try may have changed what this one found as it should be
                said += [one for one in request.patches if one not in said]
            self._note(request, said)
            self._compare(request, said)
        return self.result()

    def result(self) -> Result:
        """``changed``, the rows as they are now, what was affected, the diff by name, and ``warnings``."""
        changed = [one for one in self._rows if one in self._after]
        affected = changed + [one for one in self._unrequested if one not in changed]
        diff = Diff(
            {label(self._rows[one]): text.lines(self._before[one]) for one in changed},
            {label(self._rows[one]): text.lines(self._after[one]) for one in changed},
        )
        values = {"datastreams": list(self._now.values()), "affected": {"datastream_ids": affected}}
        return Result(bool(affected), values, diff, self._warnings)

    def _note(self, request: Write, said: list[str]) -> None:
        for one in said:
            if one not in request.patches:
                self._unrequested.append(one)
                continue
            patch, old = request.patches[one], _at(self._now[one], request.place)
            differs = [name for name in patch if old.get(name) != patch[name]]
            self._before.setdefault(one, {}).update({name: old.get(name) for name in differs})
            self._after.setdefault(one, {}).update({name: patch[name] for name in differs})
            self._now[one] = _put(self._now[one], request.place, patch)

    def _compare(self, request: Write, said: list[str]) -> None:
        same = [one for one in request.patches if one not in said and one not in request.uncertain]
        if same:
            self._warnings.append(
                f"The service reports that {_words(request)} did not change these datastreams, although they differed when read: {text.several(same)}."
                " Somebody else may have changed them in the meantime. Read them again."
            )
        more = [one for one in said if one not in request.patches]
        if more:
            self._warnings.append(
                f"The service reports that {_words(request)} also changed datastreams that were not requested: {text.several(more)}."
            )

    def _explain(self, error: AdverityError, rest: list[Write]) -> None:
        """Adds to the error what was asked for, what was done before, and what to do next."""
        due = {one for request in rest for one in request.patches}
        remaining = [one for one in self._rows if one in due]
        facts = self.result().as_dict()
        error.facts = dict(facts, remaining={"datastream_ids": remaining}, **error.facts)
        if rest[0].hint and isinstance(error, Refused) and error.status == 400:
            error.say(rest[0].hint)
        error.say(f"Requested: {_words(rest[0])} for {text.several(list(rest[0].patches))}.")
        error.say(
            "Changed before that: {0} datastreams (affected). Not confirmed: {1} (remaining)."
            " A new run reads first and writes only what still differs.".format(len(facts["affected"]["datastream_ids"]), len(remaining))
        )
        for warning in self._warnings:
            error.say(warning)


def _words(request: Write) -> str:
    return text.line(f"{request.method} {json.dumps(request.body)}")


def _affected(data: t.Any, request: Write) -> list[str]:
    """The UUIDs that the service says have changed. Raises UnreadableAnswer."""
    affected = data.get("affected") if isinstance(data, dict) else None
    ids = affected.get("datastream_ids") if isinstance(affected, dict) else None
    try:
        if isinstance(ids, list):
            return list(dict.fromkeys(to_uuid(one) for one in ids))
    except ValueError:
        pass
    raise UnreadableAnswer(
        f"{request.method} {request.path} was answered with success, but the answer does not say which datastreams changed.",
        method=request.method,
        path=request.path,
    )


def _at(row: Row, place: tuple[str, ...]) -> Row:
    """What a row holds at a place; nothing where there is none."""
    for name in place:
        inner = row.get(name)
        row = inner if isinstance(inner, dict) else {}
    return row


def _put(row: Row, place: tuple[str, ...], fields: Row) -> Row:
    """The row with these fields at that place."""
    if not place:
        return dict(row, **fields)
    return dict(row, **{place[0]: _put(_at(row, place[:1]), place[1:], fields)})

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Making the changes of a plan, one request after the other, and what to say where one fails. The only place that knows check mode and that wording."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._api import text
from .._api.errors import AdverityError
from .._spec.result import Result

if t.TYPE_CHECKING:
    from .._api.client import Client

Made = t.TypeVar("Made")
Made_co = t.TypeVar("Made_co", covariant=True)
Ids = t.Sequence[t.Union[int, str]]


class Noun(t.NamedTuple):
    """What changes are made to, in words: one, and several.

    ``key`` names their ids in a result; without it a result does not list them. Those that are ``counted`` are too long to be named in a message.
    """

    one: str
    many: str
    key: str = ""
    counted: bool = False

    def show(self, ids: Ids) -> str:
        """These, in words: ``bindings 5-7, 9``, ``50 datastreams``, or ``none``."""
        if not ids:
            return "none"
        word = self.one if len(ids) == 1 else self.many
        if self.counted:
            return f"{len(ids)} {word}"
        numbers = [each for each in ids if isinstance(each, int)]
        return f"{word} {text.ids(numbers) if numbers else text.several([str(each) for each in ids], 20)}"


class Change(t.Protocol[Made_co]):
    """One request of a plan."""

    @property
    def ids(self) -> Ids:
        """What it writes to: ids, UUIDs, or a name where there is no id yet."""

    def preview(self) -> Made_co:
        """What is there afterwards, as far as that can be predicted."""

    def send(self, client: Client) -> Made_co:
        """Sends it. What is there afterwards, as the API says; None where nothing was to be written any more. Raises AdverityError."""


@dataclass
class Applied(t.Generic[Made]):
    """What came of changes, in their order. ``made`` are the results of those that were made, ``written_ids`` what these wrote to.

    ``stopped_by`` is the error after which no further change was sent; None where all were.
    """

    noun: Noun
    made: list[Made] = field(default_factory=list)
    written_ids: list[int | str] = field(default_factory=list)
    failed: list[tuple[Change[Made], AdverityError]] = field(default_factory=list)
    not_sent: list[Change[Made]] = field(default_factory=list)
    stopped_by: AdverityError | None = None

    @property
    def unknown_ids(self) -> list[int | str]:
        """Those that a change with an unknown outcome was for."""
        return _ids(change for change, error in self.failed if not error.not_executed)

    @property
    def remaining_ids(self) -> list[int | str]:
        """Those that were not written, or not for certain."""
        return _ids([*(change for change, _error in self.failed), *self.not_sent])

    def check(self, result: Result | None = None) -> None:
        """Raises the error that stopped it, if one did. It carries ``result``, that of the changes that were made, and says what to do."""
        if self.stopped_by is not None:
            raise self.explained(self.stopped_by, result)

    def explained(self, error: AdverityError, result: Result | None = None) -> AdverityError:
        """The error with the result so far, with what was written, what nobody knows, and what was not sent."""
        remaining = {"remaining": {self.noun.key: self.remaining_ids}} if self.noun.key else {}
        if result is not None:
            error.facts = {**result.as_dict(), **remaining, **error.facts}
            for warning in result.warnings:
                error.say(warning)
        written, unknown = list(dict.fromkeys(self.written_ids)), self.unknown_ids
        if not written and not unknown:
            error.say("Nothing was written.")
            return error
        error.say(f"Written before that: {self.noun.show(written)}.")
        if unknown:
            verb = "was" if len(unknown) == 1 else "were"
            error.say(f"Whether {self.noun.show(unknown)} {verb} written is unknown.")
        rest = [each for each in self.remaining_ids if each not in set(unknown)]
        error.say(f"Not written: {self.noun.show(rest)}.")
        error.say("Run it again: it reads first and writes only what differs.")
        return error


def apply(
    changes: t.Iterable[Change[Made]],
    client: Client,
    check_mode: bool,
    noun: Noun,
    stops: t.Callable[[AdverityError], bool] = lambda _error: True,
) -> Applied[Made]:
    """Sends the changes in their order; in check mode it sends none, and takes each for made.

    After an error for which ``stops`` is true no further one is sent; without it that is any error. Other errors are only collected.
    """
    applied: Applied[Made] = Applied(noun)
    for change in changes:
        if applied.stopped_by is not None:
            applied.not_sent.append(change)
            continue
        try:
            made = change.preview() if check_mode else change.send(client)
            applied.made.append(made)
            applied.written_ids += [] if made is None else change.ids
        except AdverityError as error:
            applied.failed.append((change, error))
            if stops(error):
                applied.stopped_by = error
    return applied


def _ids(changes: t.Iterable[Change[t.Any]]) -> list[int | str]:
    return list(dict.fromkeys(each for change in changes for each in change.ids))

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Every error this collection raises. Only ``run_module()`` makes a failed task of one."""

from __future__ import annotations

import typing as t


class AdverityError(Exception):
    """Something the user has to know. ``facts`` are further keys of the module's failed result.

    ``not_executed``: the API certainly did not do what was asked for.
    """

    not_executed = True

    def __init__(self, message: str, **facts: t.Any) -> None:
        super().__init__(message)
        self.facts = facts
        self._more: list[str] = []

    def say(self, sentence: str) -> None:
        """Adds to the message what only the caller knows: what was done already, what to do next."""
        self._more.append(sentence)

    def result(self) -> dict[str, t.Any]:
        """What a task that fails with it returns: ``msg`` and the facts."""
        return dict(self.facts, msg=" ".join([str(self)] + self._more))


class InputError(AdverityError):
    """What the user asked for cannot be right. Raised before anything is written."""


class Unfinished(AdverityError):
    """A run did everything that it could, and something is left open. The result says what was done, and has ``unfinished: true``."""

    def __init__(self, message: str, **facts: t.Any) -> None:
        super().__init__(message, unfinished=True, **facts)


class MissingLibrary(AdverityError):
    """The Python that runs the module lacks a library."""


class LedgerError(AdverityError):
    """The ledger cannot be read or written, or is not a ledger."""


class UnreadableAnswer(AdverityError):
    """The API returned with success, but not in the shape the guides describe.

    ``not_executed`` is false: whatever was asked for may well have been done.
    """

    not_executed = False


class IncompleteList(UnreadableAnswer):
    """A list that the API did not give whole, as far as its own count tells."""


class RequestError(AdverityError):
    """A request that did not succeed.

    ``method`` and ``path`` say what was asked, ``reason`` what came of it in one line. ``not_executed`` is true
    where the API certainly did nothing: it refused, or was never reached. Everything else is not known.
    """

    def __init__(self, method: str, path: str, reason: str, not_executed: bool, hint: str = "") -> None:
        super().__init__("", method=method, path=path)
        self.method, self.path, self.reason, self.hint = method, path, reason, hint
        self.not_executed = not_executed
        self.tries = 1

    def __str__(self) -> str:
        tries = f" (tried {self.tries} times)" if self.tries > 1 else ""
        sentence = "{0} {1} {2}{3}.".format(self.method, self.path, self.reason.rstrip("."), tries)
        return " ".join(part for part in (sentence, self.hint) if part)


class NotReached(RequestError):
    """No connection was made, or it broke before the request's body was on its way (of a read: at any time)."""

    def __init__(self, method: str, path: str, reason: str, repeatable: bool = True, hint: str = "") -> None:
        super().__init__(method, path, reason, not_executed=True, hint=hint)
        self.repeatable = repeatable


class Lost(RequestError):
    """The request went out and no whole answer came back: what the API did is not known."""

    def __init__(self, method: str, path: str, reason: str) -> None:
        super().__init__(method, path, reason, not_executed=False)


class Refused(RequestError):
    """The API, or something in between, returned another status than success.

    ``retry_after`` is what the answer asked to wait, in seconds, or None.
    """

    def __init__(
        self, method: str, path: str, status: int, text: str, retry_after: float | None = None, hint: str = ""
    ) -> None:
        certain = 400 <= status < 500 or (status == 503 and retry_after is not None)
        super().__init__(method, path, f"returned {status}: {text}", certain, hint)
        self.status, self.text, self.retry_after = status, text, retry_after
        self.facts.update(status=status, response=text)

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The one client of the Management API: one kept-alive connection, one request at a time, as Adverity asks."""

from __future__ import annotations

import json
import re
import typing as t
from datetime import datetime

from . import clock, retry, scopes, secrets, text
from .errors import AdverityError, InputError, Lost, NotReached, Refused, RequestError, UnreadableAnswer
from .transport import NoResponse, Params, Request, Response, Transport

VERSION = "0.2.0"
BODY = "body"  # rows_in of a POST whose body names what it acts on, or creates

# The API takes at most so many datastream_id values in one call (contract), and so many extracts in one requeue (guide).
MOST_IDS = 50


class Answer:
    """What the API returned with success. ``data`` is the JSON value, ``date`` when it answered: the header ``Date``, in UTC to the second, or None.

    ``repeated`` is true where an earlier try of the same request may have been carried out already, so that what this answer
    says of *changes* may be too little.
    """

    __slots__ = ("data", "date", "repeated")

    def __init__(self, data: t.Any, repeated: bool, date: datetime | None = None) -> None:
        self.data, self.repeated, self.date = data, repeated, date


def _nothing() -> None:
    pass


class Client:
    """Requests to one instance with one key, over a transport.

    ``base_url`` is ``https://host[:port]``; ``retries`` counts further tries; ``retry_max_delay`` caps one wait, in seconds; ``sleep`` does the waiting.
    ``date`` is that of the last answer with success.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        transport: Transport,
        retries: int = 4,
        retry_max_delay: float = 60.0,
        sleep: t.Callable[[float], t.Any] | None = None,
    ) -> None:
        self.base_url = base_url
        self.host = base_url.split("://", 1)[1]
        secrets.register_key(api_key)
        self.transport = transport
        self.date: datetime | None = None
        self._retries, self._longest, self._sleep = retries, retry_max_delay, sleep or clock.sleep
        self._headers = {
            "Authorization": "Bearer " + api_key,
            "Accept": "application/json",
            "User-Agent": "adverity.management/" + VERSION,
        }

    def get(self, path: str, params: Params | None = None) -> t.Any:
        """The JSON value of a GET."""
        return self.request("GET", path, params).data

    def request(
        self,
        method: str,
        path: str,
        params: Params | None = None,
        body: t.Any = None,
        before: t.Callable[[], t.Any] = _nothing,
        undo: t.Callable[[], t.Any] = _nothing,
        confirm: t.Callable[[], t.Any] = _nothing,
        rows_in: str = "",
    ) -> Answer:
        """One request, repeated as ``_retry`` allows. Raises InputError, NotReached, Refused, Lost or UnreadableAnswer.

        ``rows_in`` is for a write whose path does not name a row: the parameter of its query that names 1 to 50, or ``BODY``.

        ``before`` is called before each try, and ``undo`` after each try with which the API certainly did nothing, in this one and those
        before it: so what ``before`` noted holds exactly while the request may have been carried out.

        ``confirm`` looks whether a request without a certain outcome was carried out, before it is repeated or given up: what it returns is then
        the answer's data, None stands for "not carried out". Where it fails the request is not repeated.
        """
        _refuse_unbounded(method, path, params or {}, rows_in)
        repeated = False
        tries = 0
        while True:
            tries += 1
            before()
            try:
                return Answer(self._send(method, path, params, body, tries > 1), repeated, self.date)
            except RequestError as error:
                failure = error
            failure.tries = tries
            repeated = repeated or not failure.not_executed
            if repeated:
                failure.not_executed = False  # an earlier try may have been carried out
            else:
                undo()
            again = tries <= self._retries and retry.may_repeat(failure)
            if again:
                self._sleep(retry.wait(tries, getattr(failure, "retry_after", None), self._longest))
            data = self._ask(confirm, failure) if repeated else None
            if data is not None:
                return Answer(data, repeated)
            if not again:
                raise failure

    @staticmethod
    def _ask(confirm: t.Callable[[], t.Any], failure: RequestError) -> t.Any:
        try:
            return confirm()
        except AdverityError as error:
            raise failure from error

    def _send(self, method: str, path: str, params: Params | None, body: t.Any, again: bool = False) -> t.Any:
        """One try. After a wait, however short it was, a POST does not trust a connection that was kept."""
        payload = None if body is None else json.dumps(body).encode()
        headers = dict(self._headers, **{"Content-Type": "application/json"}) if payload else self._headers
        try:
            response = self.transport.send(Request(method, path, params, headers, payload, again))
        except NoResponse as error:
            raise self._broken(method, path, error) from error
        kind = response.headers.get("Content-Type", "")
        if 200 <= response.status < 300:
            data = self._parse(method, path, response.status, response.content, kind)
            self.date = retry.read_date(response.headers.get("Date"))
            return data
        raise self._refused(method, path, response, kind)

    def _parse(self, method: str, path: str, status: int, content: bytes, kind: str) -> t.Any:
        if method == "DELETE" and not content:
            return None
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            if "json" in kind.lower():
                raise Lost(method, path, f"returned {status}, but the response is cut short") from error
            raise UnreadableAnswer(
                f"{method} {path} returned {status}, but no JSON: {text.body(content, kind)}."
                " Check that instance is the host of the Management API and that no proxy or login page is in its place.",
                method=method,
                path=path,
                status=status,
            ) from error

    def _refused(self, method: str, path: str, response: Response, kind: str) -> RequestError:
        status = response.status
        if 300 <= status < 400:
            where = text.foreign(response.headers.get("Location") or "nowhere", 200)
            said = f"a redirect to {where}"
            hint = "Redirects are not followed, so that the key stays with its host. Check instance."
        else:
            said = text.body(response.content, kind)
            hint = _hint(method, path, status)
        retry_after = retry.read_retry_after(response.headers.get("Retry-After"))
        return Refused(method, path, status, said, retry_after, hint)

    def _broken(self, method: str, path: str, error: NoResponse) -> RequestError:
        reason = f"{error.reason}: {text.foreign(error.words)}" if error.words else error.reason
        if (
            method == "DELETE" or error.body_taken
        ):  # of a request without a body nobody can tell how far it came
            return Lost(method, path, reason)
        return NotReached(method, path, reason, repeatable=error.passing, hint=error.hint)


def _refuse_unbounded(method: str, path: str, params: Params, rows_in: str) -> None:
    """No write may leave without naming what it changes: an unfiltered one changes every row that the key reaches (pulling guide).

    A path names a row by the number at its end. A POST, and the OPTIONS that describe it, can have a word after that: it acts on the row, or creates one
    below it.
    """
    if method == "GET" or (method == "POST" and rows_in == BODY):
        return
    if not rows_in:
        word = "([a-z_-]+/?)?" if method in ("POST", "OPTIONS") else ""
        if not re.fullmatch("[^?#]*/[0-9]+/" + word, path):
            raise InputError(f"{method} {path} does not name what it changes. Nothing was sent.")
        return
    named = params.get(rows_in)
    if (
        not isinstance(named, (list, tuple))
        or not 1 <= len(named) <= MOST_IDS
        or not all(isinstance(each, str) and each for each in named)
    ):
        raise InputError(f"{method} {path} must name 1 to {MOST_IDS} rows in {rows_in}. Nothing was sent.")


def _hint(method: str, path: str, status: int) -> str:
    if status == 401:
        return "Check api_key. It must be a Management API key that was created in the Adverity user interface of this instance."
    if status == 403:
        return scopes.hint(method, path)
    return ""

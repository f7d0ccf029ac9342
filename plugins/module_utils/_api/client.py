# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The one client of the Management API: one kept-alive connection, one request at a time, as the vendor asks (contract)."""

from __future__ import annotations

import io
import json
import os
import re
import ssl
import time
import traceback
import typing as t
from datetime import datetime
from urllib.parse import urlsplit

from . import retry, secrets, text, time_limit
from .errors import AdverityError, InputError, Lost, NotReached, Refused, RequestError, UnreadableAnswer

try:
    import requests
    import requests.utils
    import urllib3.exceptions
except ImportError:
    _REQUESTS_MISSING: str | None = traceback.format_exc()
else:
    _REQUESTS_MISSING = None

from ansible.module_utils.basic import missing_required_lib

VERSION = "0.1.0"
DATASTREAMS = "/api/v1/datastreams/"

# The service takes at most so many datastream_id values in one call (contract), and so many extracts in one requeue (guide).
MOST_IDS = 50

# A kept connection that was idle for longer may have been closed by the other side; a POST that finds out too late has an unknown outcome.
_FRESH_FOR = 1.0
_LONG_AGO = float("-inf")

_SCOPES = (
    ("/api/v1/bindings/", "destination"),
    ("/api/v1/extracts/requeue/", "destination"),
    (DATASTREAMS, "datastream"),
    ("/api/target-types/", "destination"),
    ("/api/datastreams/", "datastream"),
    ("/api/stacks/", "workspace"),
)

Params = dict[str, t.Any]


class MissingLibrary(AdverityError):
    """The Python that runs the module has no requests."""


class _Body(io.BytesIO):
    """A request body that knows whether it was taken for sending. Until then the service cannot have acted on it."""

    taken = False

    def read(self, *args: t.Any) -> bytes:
        self.taken = True
        return super().read(*args)


class Answer:
    """What the service answered with success. ``data`` is the JSON value, ``date`` when it answered: the header ``Date``, in UTC to the second, or None.

    ``repeated`` is true where an earlier try of the same request may have been carried out already, so that what this answer
    says of *changes* may be too little.
    """

    __slots__ = ("data", "date", "repeated")

    def __init__(self, data: t.Any, repeated: bool, date: datetime | None = None) -> None:
        self.data, self.repeated, self.date = data, repeated, date


def _nothing() -> None:
    pass


class Client:
    """Requests to one instance with one key.

    ``base_url`` is ``https://host[:port]``; ``verify`` is true, false, or the path of a PEM bundle; ``timeout`` is in seconds, to connect and
    between bytes (for a whole answer, ten times that and at least 60 s); ``retries`` counts further tries; ``retry_max_delay`` caps one wait, in
    seconds. ``date`` is that of the last answer with success.
    Proxies come from the environment (never for http://, which is loopback only); ``~/.netrc`` is not read; redirects are not followed.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        verify: bool | str = True,
        timeout: float = 30.0,
        retries: int = 4,
        retry_max_delay: float = 60.0,
    ) -> None:
        if _REQUESTS_MISSING:
            raise MissingLibrary(missing_required_lib("requests"), exception=_REQUESTS_MISSING)
        self.base_url = base_url
        self.host = base_url.split("://", 1)[1]
        secrets.register_key(api_key)
        self._timeout, self._retries, self._longest = timeout, retries, retry_max_delay
        self._last_used = _LONG_AGO
        self._session = _session(base_url, api_key, verify)
        time_limit.limit_answers(self._session, time_limit.of_whole_answer(timeout))
        self.date: datetime | None = None
        self._posts: dict[str, t.Any] = {}

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
    ) -> Answer:
        """One request, repeated as ``_retry`` allows. Raises NotReached, Refused, Lost or UnreadableAnswer.

        ``before`` is called before each try, and ``undo`` after each try with which the service certainly did nothing, in this one and those
        before it: so what ``before`` noted holds exactly while the request may have been carried out.

        ``confirm`` looks whether a request without a certain outcome was carried out, before it is repeated or given up: what it returns is then
        the answer's data, None stands for "not carried out". Where it fails the request is not repeated.
        """
        _refuse_unbounded(method, path, params or {})
        repeated = False
        tries = 0
        while True:
            tries += 1
            before()
            try:
                return Answer(self._send(method, path, params, body), repeated, self.date)
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
                time.sleep(retry.wait(tries, getattr(failure, "retry_after", None), self._longest))
                self._last_used = _LONG_AGO  # however short the wait was
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

    def _send(self, method: str, path: str, params: Params | None, body: t.Any) -> t.Any:
        payload = None if body is None else _Body(json.dumps(body).encode())
        if method == "POST" and time.monotonic() - self._last_used > _FRESH_FOR:
            self._session.close()  # drops the kept connection; the next request makes a new one
        try:
            request = self._prepare(method, path, params, payload)
            timeout = (self._timeout, self._timeout)
            response = self._session.send(request, proxies=self._session.proxies, timeout=timeout, allow_redirects=False)
            content = response.content
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise self._broken(method, path, error, payload) from error
        self._last_used = time.monotonic()
        kind = response.headers.get("Content-Type", "")
        if 200 <= response.status_code < 300:
            data = self._parse(method, path, response.status_code, content, kind)
            self.date = retry.read_date(response.headers.get("Date"))
            return data
        raise self._refused(method, path, response, content, kind)

    def _prepare(self, method: str, path: str, params: Params | None, payload: _Body | None) -> t.Any:
        """The request as ``requests`` sends it. Of POSTs to one path, which come by the hundred, only the body differs."""
        alike = method == "POST" and not params
        if alike and path in self._posts:
            self._posts[path].prepare_body(payload, None)
            return self._posts[path]
        headers = {"Content-Type": "application/json"} if payload else None
        prepared = self._session.prepare_request(requests.Request(method, self.base_url + path, headers, data=payload, params=params))
        if alike:
            self._posts[path] = prepared
        return prepared

    def _parse(self, method: str, path: str, status: int, content: bytes, kind: str) -> t.Any:
        if method == "DELETE" and not content:
            return None
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            if "json" in kind.lower():
                raise Lost(method, path, f"was answered with {status}, but the answer is cut short") from error
            raise UnreadableAnswer(
                f"{method} {path} was answered with {status}, but not with JSON: {text.body(content, kind)}."
                " Check that instance is the host of the Management API and that no proxy or log-in page answers in its place.",
                method=method,
                path=path,
                status=status,
            ) from error

    def _refused(self, method: str, path: str, response: t.Any, content: bytes, kind: str) -> RequestError:
        status = response.status_code
        if 300 <= status < 400:
            where = text.foreign(response.headers.get("Location", "nowhere"), 200)
            said = f"a redirect to {where}"
            hint = "Redirects are not followed, so that the key stays with its host. Check instance."
        else:
            said = text.body(content, kind)
            hint = _hint(method, path, status)
        retry_after = retry.read_retry_after(response.headers.get("Retry-After"))
        return Refused(method, path, status, said, retry_after, hint)

    def _broken(self, method: str, path: str, error: Exception, payload: _Body | None) -> RequestError:
        cause = _innermost(error)
        reason = _reason(error, cause, self.host, self._timeout)
        if method == "DELETE" or (payload is not None and payload.taken):  # of a request without a body nobody can tell how far it came
            return Lost(method, path, reason)
        # urllib3 1 has an error of its own for a certificate that names another host.
        untrusted = isinstance(cause, ssl.SSLCertVerificationError) or type(cause).__name__ == "CertificateError"
        passing = not untrusted and not isinstance(error, (requests.exceptions.InvalidURL, UnicodeError))
        hint = "For a private CA or a TLS-inspecting proxy, set ca_path to its PEM bundle." if untrusted else ""
        return NotReached(method, path, reason, repeatable=passing, hint=hint)


def _session(base_url: str, api_key: str, verify: bool | str) -> t.Any:
    session: t.Any = requests.Session()
    # The environment is read here, once, and nothing else of it: with trust_env requests would put ~/.netrc in place of the key and
    # REQUESTS_CA_BUNDLE in place of ca_path.
    session.trust_env = False
    # Otherwise requests would read the Location of a redirect that it does not follow, and stumble over one that is no address.
    session.get_redirect_target = lambda _response: None
    if base_url.startswith("https://"):
        session.proxies = requests.utils.get_environ_proxies(base_url, no_proxy=None)
        _check_proxy(requests.utils.select_proxy(base_url, session.proxies))
        if verify is True:
            verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    if verify is False:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    session.verify = verify
    session.headers.update(
        {
            "Authorization": "Bearer " + api_key,
            "Accept": "application/json",
            "User-Agent": "adverity.management/" + VERSION,
        }
    )
    return session


def _check_proxy(proxy: str | None) -> None:
    """Its credentials are secrets. Raises InputError where it is no URL: the libraries would take a part of the password for a host, and show it."""
    if not proxy:
        return
    whole = proxy if "://" in proxy else "http://" + proxy
    user, at, _host = whole.partition("://")[2].rpartition("@")
    name, colon, password = user.partition(":")
    secrets.register(user, password if colon else name)
    try:
        url = urlsplit(whole)
        usable = bool(url.hostname) and url.port != 0 and not url.query and not url.fragment and url.path in ("", "/") and "\\" not in whole
        usable = usable and not re.search(r"[\x00-\x20\x7f]|[?#]$", whole) and (not at or url.netloc.endswith(at + _host.rstrip("/")))
    except ValueError:
        usable = False
    if not usable:
        raise InputError(
            "The proxy that the environment names (HTTPS_PROXY or ALL_PROXY) is not a URL like http://proxy:3128 (not shown, because it may hold a password)."
            " In a user name and a password, write %23 for #, %2F for /, %3F for ?, %40 for @ and %25 for %. A port is at most 65535. Nothing was sent."
        )


def _refuse_unbounded(method: str, path: str, params: Params) -> None:
    """No write to datastreams may leave without naming them: unfiltered it would change every one the key reaches (pulling guide)."""
    if method == "GET" or not path.startswith(DATASTREAMS):
        return
    named = params.get("datastream_id")
    if not isinstance(named, (list, tuple)) or not 1 <= len(named) <= MOST_IDS or not all(isinstance(one, str) and one for one in named):
        raise InputError(f"A write to datastreams must name 1 to {MOST_IDS} of them. Nothing was sent.")


def _hint(method: str, path: str, status: int) -> str:
    if status == 401:
        return "Check api_key. It must be a Management API key that was created in the Adverity user interface of this instance."
    if status == 403:
        right = "read" if method in ("GET", "OPTIONS") else "write"
        for beginning, thing in _SCOPES:
            if path.startswith(beginning):
                more = ", which only keys of the root workspace can have" if thing == "destination" and right == "write" else ""
                return f"Check the scopes of the key. This request needs {thing}:{right}{more}."
    return ""


def _innermost(error: BaseException) -> BaseException:
    """The cause at the bottom of what requests and urllib3 have wrapped: the one that says something."""
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        inside = (error.__cause__, getattr(error, "reason", None), error.__context__) + error.args
        error = next((one for one in inside if isinstance(one, BaseException) and id(one) not in seen), error)
    return error


def _reason(error: BaseException, cause: BaseException, host: str, timeout: float) -> str:
    """One line on why no answer came."""
    if isinstance(cause, time_limit.TooSlow):
        return f"got no whole answer from {host} within {cause}"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return f"did not reach {host}: no connection within {timeout:g} s"
    if isinstance(error, requests.exceptions.Timeout):
        return f"got no answer from {host} within {timeout:g} s"
    words = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return f"got no answer from {host}: {text.foreign(words or type(cause).__name__)}"

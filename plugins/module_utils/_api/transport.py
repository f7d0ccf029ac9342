# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The seam between the collection and the network: one request goes out, one response comes back. Nothing here knows the API, or tries again."""

from __future__ import annotations

import io
import os
import re
import ssl
import traceback
import typing as t
from urllib.parse import urlsplit

from . import clock, secrets, time_limit
from .errors import InputError, MissingLibrary

try:
    import requests
    import requests.utils
    import urllib3.exceptions
except ImportError:
    _REQUESTS_MISSING: str | None = traceback.format_exc()
else:
    _REQUESTS_MISSING = None

from ansible.module_utils.basic import missing_required_lib

# A kept connection that was idle for longer may have been closed by the other side; a POST that finds out too late has an unknown outcome.
_FRESH_FOR = 1.0
_LONG_AGO = float("-inf")

Params = dict[str, t.Any]


class Request(t.NamedTuple):
    """One request, ready to go. ``path`` begins with a slash; a value of ``params`` may be a list; ``headers`` hold the key.

    With ``new_connection`` a connection that is kept from before does not serve for a POST, however fresh it is.
    """

    method: str
    path: str
    params: Params | None
    headers: t.Mapping[str, str]
    body: bytes | None
    new_connection: bool = False


class Response(t.NamedTuple):
    """One whole response, of any status. ``headers`` are looked up with ``get``, in whatever case."""

    status: int
    headers: t.Mapping[str, str]
    content: bytes


class NoResponse(Exception):
    """No whole response came.

    ``reason`` says why, ``words`` what somebody else says about it, which may hold the key. ``body_taken``: the request's body was taken for sending,
    and before that nobody can have acted on it; of a request without a body it is false, and tells nothing. ``passing``: it may go well
    the next time. ``hint`` is a sentence for the user.
    """

    def __init__(
        self, reason: str, words: str = "", body_taken: bool = False, passing: bool = True, hint: str = ""
    ) -> None:
        super().__init__(reason)
        self.reason, self.words, self.body_taken, self.passing, self.hint = (
            reason,
            words,
            body_taken,
            passing,
            hint,
        )


class Transport(t.Protocol):
    """What carries requests to one instance, one at a time."""

    def send(self, request: Request) -> Response:
        """Sends a request, once, and returns its response. Raises NoResponse."""


class _Body(io.BytesIO):
    """A request body that knows whether it was taken for sending."""

    taken = False

    def read(self, *args: t.Any) -> bytes:
        self.taken = True
        return super().read(*args)


class RequestsTransport:
    """The real one: ``requests``, with one kept-alive connection.

    ``base_url`` is ``https://host[:port]``; ``verify`` is true, false, or the path of a PEM bundle; ``timeout`` is in seconds, to connect and
    between bytes (for a whole response, ten times that and at least 60 s). Proxies come from the environment (never for http://,
    which is loopback only); ``~/.netrc`` is not read; redirects are not followed.
    """

    def __init__(self, base_url: str, verify: bool | str = True, timeout: float = 30.0) -> None:
        if _REQUESTS_MISSING:
            raise MissingLibrary(missing_required_lib("requests"), exception=_REQUESTS_MISSING)
        self._base_url, self._timeout = base_url, timeout
        self._last_used = _LONG_AGO
        self._posts: dict[str, t.Any] = {}
        self.session = _session(base_url, verify)
        time_limit.limit_answers(self.session, time_limit.of_whole_answer(timeout))

    def send(self, request: Request) -> Response:
        body = None if request.body is None else _Body(request.body)
        if request.method == "POST" and (
            request.new_connection or clock.monotonic() - self._last_used > _FRESH_FOR
        ):
            self.session.close()  # drops the kept connection; the next request makes a new one
        self._last_used = _LONG_AGO
        try:
            prepared = self._prepare(request, body)
            timeout = (self._timeout, self._timeout)
            response = self.session.send(
                prepared, proxies=self.session.proxies, timeout=timeout, allow_redirects=False
            )
            content = response.content
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise self._failure(error, body is not None and body.taken) from error
        self._last_used = clock.monotonic()
        return Response(response.status_code, response.headers, content)

    def _prepare(self, request: Request, body: _Body | None) -> t.Any:
        """The request as ``requests`` sends it. Of POSTs to one path, which come by the hundred, only the body differs."""
        method, path, params = request[:3]
        alike = method == "POST" and not params
        if alike and path in self._posts:
            self._posts[path].prepare_body(body, None)
            return self._posts[path]
        prepared = self.session.prepare_request(
            requests.Request(method, self._base_url + path, dict(request.headers), data=body, params=params)
        )
        if alike:
            self._posts[path] = prepared
        return prepared

    def _failure(self, error: Exception, body_taken: bool) -> NoResponse:
        cause = _innermost(error)
        # urllib3 1 has an error of its own for a certificate that names another host.
        untrusted = (
            isinstance(cause, ssl.SSLCertVerificationError) or type(cause).__name__ == "CertificateError"
        )
        passing = not untrusted and not isinstance(error, (requests.exceptions.InvalidURL, UnicodeError))
        hint = (
            "For a private CA or a TLS-inspecting proxy, set ca_path to its PEM bundle." if untrusted else ""
        )
        reason, words = _reason(error, cause, self._base_url.split("://", 1)[1], self._timeout)
        return NoResponse(reason, words, body_taken, passing, hint)


def _session(base_url: str, verify: bool | str) -> t.Any:
    session: t.Any = requests.Session()
    # The environment is read here, once, and nothing else of it: with trust_env requests would put ~/.netrc in place of the key and
    # REQUESTS_CA_BUNDLE in place of ca_path.
    session.trust_env = False
    # Otherwise requests would read the Location of a redirect that it does not follow, and stumble over one that is no address.
    session.get_redirect_target = _follow_no_redirect
    if base_url.startswith("https://"):
        session.proxies = requests.utils.get_environ_proxies(base_url, no_proxy=None)
        _check_proxy(requests.utils.select_proxy(base_url, session.proxies))
        if verify is True:
            verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    if verify is False:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    session.verify = verify
    return session


def _follow_no_redirect(_response: t.Any) -> None:
    """The address of a redirect that is followed: none."""


def _check_proxy(proxy: str | None) -> None:
    """Its credentials are secrets. Raises InputError where it is no URL: the libraries would take a part of the password for a host, and show it."""
    if not proxy:
        return
    whole = proxy if "://" in proxy else "http://" + proxy
    user, at, host = whole.partition("://")[2].rpartition("@")
    name, colon, password = user.partition(":")
    secrets.register(user, password if colon else name)
    if not _is_server(whole, at + host.rstrip("/") if at else ""):
        raise InputError(
            "The proxy that the environment names (HTTPS_PROXY or ALL_PROXY) is not a URL like http://proxy:3128 (not shown, because it may hold a password)."
            " In a user name and a password, write %23 for #, %2F for /, %3F for ?, %40 for @ and %25 for %. A port is at most 65535. Nothing was sent."
        )


def _is_server(address: str, end: str) -> bool:
    """Whether an address is a URL of a server, and nothing else. ``end``: what has to come last in its user,
    host and port.
    """
    try:
        url = urlsplit(address)
        is_named = bool(url.hostname) and url.port != 0
    except ValueError:
        return False
    has_more = bool(url.query or url.fragment) or url.path not in ("", "/")
    is_unclear = "\\" in address or bool(re.search(r"[\x00-\x20\x7f]|[?#]$", address))
    return is_named and not has_more and not is_unclear and url.netloc.endswith(end)


def _innermost(error: BaseException) -> BaseException:
    """The cause at the bottom of what requests and urllib3 have wrapped: the one that says something."""
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        inside = (error.__cause__, getattr(error, "reason", None), error.__context__) + error.args
        error = next((one for one in inside if isinstance(one, BaseException) and id(one) not in seen), error)
    return error


def _reason(error: BaseException, cause: BaseException, host: str, timeout: float) -> tuple[str, str]:
    """One line on why no response came, and the words of the library where it has any."""
    if isinstance(cause, time_limit.TooSlow):
        return f"got no complete response from {host} within {cause}", ""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return f"did not reach {host}: no connection within {timeout:g} s", ""
    if isinstance(error, requests.exceptions.Timeout):
        return f"got no response from {host} within {timeout:g} s", ""
    words = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return f"got no response from {host}", words or type(cause).__name__

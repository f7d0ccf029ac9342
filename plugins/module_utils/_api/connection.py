# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The connection options of every module, and the client made of them. Their documentation: ``doc_fragments/connection.py``."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
import typing as t
from urllib.parse import urlsplit

from ansible.module_utils.basic import env_fallback

from . import text
from .client import Client
from .errors import InputError
from .transport import RequestsTransport, Transport


def _from_environment(name: str) -> tuple[t.Callable[..., t.Any], list[str]]:
    return (env_fallback, [name])


CONNECTION_SPEC: dict[str, dict[str, t.Any]] = {
    "instance": {"type": "str", "required": True, "fallback": _from_environment("ADVERITY_INSTANCE")},
    "api_key": {
        "type": "str",
        "required": True,
        "no_log": True,
        "fallback": _from_environment("ADVERITY_API_KEY"),
    },
    "validate_certs": {
        "type": "bool",
        "default": True,
        "fallback": _from_environment("ADVERITY_VALIDATE_CERTS"),
    },
    "ca_path": {"type": "path", "fallback": _from_environment("ADVERITY_CA_PATH")},
    "timeout": {"type": "float", "default": 30.0, "fallback": _from_environment("ADVERITY_TIMEOUT")},
    "retries": {"type": "int", "default": 4, "fallback": _from_environment("ADVERITY_RETRIES")},
    "retry_max_delay": {
        "type": "float",
        "default": 60.0,
        "fallback": _from_environment("ADVERITY_RETRY_MAX_DELAY"),
    },
}

# ASCII alone, so that one instance has one name: the ledger knows it by that.
_HOST_NAME = re.compile(r"^(?!-)[\w-]{1,63}(\.[\w-]{1,63})*$", re.ASCII)


class _Server(t.NamedTuple):
    """What an address says of a server. ``has_more``: a path, a query or a fragment follows."""

    scheme: str
    host: str
    port: int | None
    has_more: bool

    @property
    def is_host(self) -> bool:
        """Whether the host is an IP address or a host name."""
        return _address(self.host) is not None or bool(_HOST_NAME.match(self.host))

    @property
    def is_loopback(self) -> bool:
        """Whether what is sent does not leave this machine."""
        address = _address(self.host)
        return self.host == "localhost" or (address is not None and address.is_loopback)

    @property
    def base_url(self) -> str:
        """``https://host[:port]``, without the port where it is that of the scheme."""
        host = f"[{_address(self.host)}]" if ":" in self.host else self.host
        default = 443 if self.scheme == "https" else 80
        return (
            f"{self.scheme}://{host}"
            if self.port in (None, default)
            else f"{self.scheme}://{host}:{self.port}"
        )


def _read_server(instance: str) -> _Server:
    """The parts of an address; without a scheme it is taken as https. Raises ValueError."""
    url = urlsplit(instance if "://" in instance else "https://" + instance)
    host, port = url.hostname or "", url.port
    has_more = bool(url.path) or "?" in instance or "#" in instance
    return _Server(url.scheme, host[:-1] if host.endswith(".") else host, port, has_more)


def read_instance(instance: str, option: str = "instance") -> str:
    """The base URL (``https://host[:port]``, in lower case, no path) of what the option says. Raises InputError."""
    if "@" in instance:
        # Not quoted: it may hold a password.
        raise InputError(
            f"{option} must be a host name, or https://host[:port], without a user name or password."
        )
    wrong = (
        f"{option} is {text.foreign(repr(instance), 200)}, but it must be a host name, or https://host[:port]"
    )
    if not instance or re.search(r"[\x00-\x20\x7f-\xa0\\]", instance):
        raise InputError(f"{wrong}: it is empty or contains white space or control characters.")
    try:
        server = _read_server(instance)
    except ValueError as error:
        raise InputError(f"{wrong}: {text.foreign(error)}.") from error
    if server.scheme not in ("https", "http") or server.has_more:
        raise InputError(f"{wrong}, without a path, query or fragment.")
    if not server.is_host or ("[" in instance and ":" not in server.host):
        raise InputError(f"{wrong}: {server.host!r:.80} is not a host name.")
    if server.scheme == "http" and not server.is_loopback:
        raise InputError(
            f"{wrong}. http:// would send the API key unencrypted, so it is accepted for loopback addresses"
            " only."
        )
    return server.base_url


def read_host(instance: str, option: str) -> str:
    """The name under which the ledger has records of the instance that this option says. Raises InputError."""
    return read_instance(instance, option).split("://", 1)[1]


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def check_key(key: str) -> str:
    """The key, if it can be one. No message of this shows any of it. Raises InputError."""
    if key[:7].lower() in ("bearer ", "bearer"):
        raise InputError(
            "api_key begins with the word Bearer. Set the key alone. The collection adds the scheme."
        )
    if not key:
        raise InputError("api_key is empty.")
    if not all("!" <= character <= "~" for character in key):
        raise InputError(
            "api_key contains white space, a line break, or a character outside printable ASCII (the key is not shown)."
            " A key that is read from a file often ends in a line break. Use the trim filter."
        )
    return key


def _check_certificates(path: str) -> None:
    try:
        if os.path.isdir(
            path
        ):  # of certificates by the hash of their names; they are read when one is looked for
            os.listdir(path)
        else:
            ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as error:  # what ssl raises is an OSError, too
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(
            f"ca_path is {text.foreign(repr(path))}, but no certificates (PEM) can be read from it: {text.foreign(reason)}."
        ) from error


def connect(params: dict[str, t.Any], transport: Transport | None = None) -> Client:
    """The client for a module's parameters, over ``requests`` if no other transport is given. Sends nothing yet. Raises InputError, or MissingLibrary
    without requests."""
    timeout, retries, longest = params["timeout"], params["retries"], params["retry_max_delay"]
    if not 0 < timeout <= 86400:
        raise InputError(f"timeout is {timeout:g}, but it must be more than 0 and at most 86400 (seconds).")
    if not 0 <= retries <= 100:
        raise InputError(f"retries is {retries}, but it must be 0 to 100.")
    if not 0 <= longest <= 86400:
        raise InputError(f"retry_max_delay is {longest:g}, but it must be 0 to 86400 (seconds).")
    ca_path = params["ca_path"]
    if ca_path:
        _check_certificates(ca_path)
    base_url, key = read_instance(params["instance"]), check_key(params["api_key"])
    if transport is None:
        transport = RequestsTransport(
            base_url, (ca_path or True) if params["validate_certs"] else False, timeout
        )
    return Client(base_url, key, transport, retries, longest)

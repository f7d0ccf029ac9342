# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The connection options of every module (``module_utils/_api/connection.py``)."""

    DOCUMENTATION = r"""
options:
  instance:
    description:
      - The host name of the Adverity instance, or V(https://host[:port]). For example V(acme.datatap.adverity.com).
      - V(http://) is accepted only for a loopback address, such as that of the simulator. A path, a query string or a user name is an error.
      - If not set, the environment variable E(ADVERITY_INSTANCE) is used.
    type: str
    required: true
  api_key:
    description:
      - The Management API key, created in the Adverity user interface. It is sent as a bearer token.
      - Spaces, control characters and a leading C(Bearer) are errors. The error message does not show the key.
      - If not set, the environment variable E(ADVERITY_API_KEY) is used.
    type: str
    required: true
  validate_certs:
    description:
      - Whether to validate the TLS certificate of the instance.
      - If not set, the environment variable E(ADVERITY_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - Path of a PEM bundle with the CA certificates to trust. Set it for a private CA or a TLS-inspecting proxy.
      - Takes precedence over E(REQUESTS_CA_BUNDLE).
      - If not set, the environment variable E(ADVERITY_CA_PATH) is used.
    type: path
  timeout:
    description:
      - Timeout in seconds, for the connection and for each read from it.
      - A complete response may take ten times as long, and at least 60 seconds.
      - If not set, the environment variable E(ADVERITY_TIMEOUT) is used.
    type: float
    default: 30.0
  retries:
    description:
      - How many times a failed request is repeated when that is safe.
      - Reads and settings are repeated after every temporary failure. Requests that send extracts are repeated only if Adverity certainly did nothing. That
        means no connection, status 429, or status 503 with C(Retry-After).
      - If not set, the environment variable E(ADVERITY_RETRIES) is used.
    type: int
    default: 4
  retry_max_delay:
    description:
      - The maximum time in seconds to wait before a request is repeated. It also limits a longer time that the server sends in C(Retry-After).
      - If not set, the environment variable E(ADVERITY_RETRY_MAX_DELAY) is used.
    type: float
    default: 60.0
requirements:
  - "requests (Python library)"
notes:
  - Run this module on the controller, with C(connection=local) or C(delegate_to=localhost). It does not need a managed host.
  - Proxies are read from E(HTTPS_PROXY) and E(NO_PROXY), except for a loopback C(http://) address. The module does not read C(~/.netrc) and does not
    follow redirects.
  - Adverity asks clients to run one Management API task at a time. Each module uses one connection and sends one request after the other.
"""

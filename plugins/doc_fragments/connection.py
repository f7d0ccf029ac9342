# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The connection options, which every module has (``module_utils/_connection.py``)."""

    DOCUMENTATION = r"""
options:
  instance:
    description:
      - The Adverity instance, as a host name or as V(https://host[:port]), for example V(acme.datatap.adverity.com).
      - V(http://) is taken for a loopback address only, such as that of the simulator. A path, a query or a user name is refused.
      - If not set, the environment variable E(ADVERITY_INSTANCE) is used.
    type: str
    required: true
  api_key:
    description:
      - A Management API key, made in the Adverity user interface. It is sent as a bearer token.
      - White space, control characters, or a leading C(Bearer) are refused, with a message that does not show the key.
      - If not set, the environment variable E(ADVERITY_API_KEY) is used.
    type: str
    required: true
  validate_certs:
    description:
      - Whether to check the certificate of the instance.
      - If not set, the environment variable E(ADVERITY_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - A file with the certificates (PEM) of the authorities to trust, for a private authority or a proxy that inspects TLS.
      - It wins over E(REQUESTS_CA_BUNDLE).
      - If not set, the environment variable E(ADVERITY_CA_PATH) is used.
    type: path
  timeout:
    description:
      - Seconds to wait for a connection, and between bytes of an answer.
      - A whole answer may take ten times as long, and at least 60 seconds.
      - If not set, the environment variable E(ADVERITY_TIMEOUT) is used.
    type: float
    default: 30.0
  retries:
    description:
      - How many further times a request is tried where that is safe.
      - A read or a setting is tried again after anything that may pass. A requeue only where the service certainly did nothing, that
        is without a connection, after status 429, and after status 503 that says when to come back.
      - If not set, the environment variable E(ADVERITY_RETRIES) is used.
    type: int
    default: 4
  retry_max_delay:
    description:
      - The longest wait before one further try, in seconds, also where the server asks for more with C(Retry-After).
      - If not set, the environment variable E(ADVERITY_RETRY_MAX_DELAY) is used.
    type: float
    default: 60.0
requirements:
  - "requests (Python library)"
notes:
  - Runs best on the controller, with C(connection=local) or C(delegate_to=localhost). It needs no access to any managed host.
  - Proxies are taken from E(HTTPS_PROXY) and E(NO_PROXY), never for a loopback C(http://) address. C(~/.netrc) is not read, and redirects are not followed.
  - The vendor asks callers to run one Management API task at a time. Each module uses one connection and sends one request after the other.
"""

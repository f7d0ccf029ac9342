# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import certifi
import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import connection
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError


@pytest.mark.parametrize(
    ("base_url", "written"),
    [
        # One instance must have one name: the ledger knows it by that.
        ("https://acme.example", ["acme.example", "HTTPS://ACME.Example", "https://acme.example:443", "acme.example:", "acme.example."]),
        ("https://acme.example:8443", ["https://acme.example:8443", "acme.example:8443"]),
        ("https://acme", ["acme"]),
        ("https://a_b.example", ["a_b.example"]),
        ("https://xn--mnchen-3ya.example", ["xn--mnchen-3ya.example"]),
        ("https://[2001:db8::1]", ["https://[2001:DB8:0::0001]"]),
        ("https://192.0.2.7", ["192.0.2.7"]),
        ("https://localhost", ["localhost"]),
        ("http://localhost", ["http://LOCALHOST:80"]),
        ("http://localhost:8080", ["http://localhost:8080", "http://localhost.:8080"]),
        ("http://127.1.2.3:8080", ["http://127.1.2.3:8080"]),
        ("http://[::1]:8080", ["http://[::1]:8080"]),
    ],
)
def test_instance_has_one_name(base_url, written):
    assert {connection.read_instance(text) for text in written} == {base_url}


@pytest.mark.parametrize(
    ("says", "wrong"),
    [
        ("white space or control characters", ["", " ", " acme", "acme\n", "acme\r\nX: y", "acme\x00", "acme\xa0", "{{ instance }}", "https://acme\\x"]),
        ("loopback", ["http://acme.example", "http://192.0.2.7", "http://127.1", "http://127.0.0.1.evil.example", "http://localhost.evil.example"]),
        ("without a path", ["https://acme.example/", "acme.example/api/v1/", "https://acme.example?", "https://acme.example#", "ftp://acme.example"]),
        ("not a host name", ["https://", "https://:443", "-acme.example", "acme..example", ".", "a" * 64 + ".example", "a," * 5000, "acme%2eexample"]),
        # Another spelling of the same host would be another instance to the ledger.
        ("not a host name", ["\uff41cme.example", "m\u00fcnchen.example", "acme\u3002example"]),
        (".", ["https://https://acme.example", "acme.example:port", "acme.example:65536", "https://[::1", "https://[acme]", "https://[127.0.0.1]"]),
        ("user name or password", ["https://user:passw0rd@acme.example", "passw0rd@acme.example", "https://:passw0rd@acme.example", "https://@acme.example"]),
        ("user name or password", ["https://user:passw0rd@[bad", "https://user:passw0rd@acme.example:port", "https://user:pass@w0rd@acme.example"]),
    ],
)
def test_what_is_no_instance_is_refused_and_a_password_not_shown(says, wrong):
    for text in wrong:
        with pytest.raises(InputError, match="^instance ") as caught:
            connection.read_instance(text)
        message = str(caught.value)
        assert says in message
        assert "\n" not in message
        assert "w0rd" not in message
        assert len(message) < 500


@pytest.mark.parametrize("key", ["k", "abc-DEF_0123", "a+/=.~!", "a" * 4096, "bearertoken", "\"'\\"])
def test_key_that_can_be_one_is_taken_as_it_is(key):
    assert connection.check_key(key) == key


@pytest.mark.parametrize(
    ("says", "wrong"),
    [
        ("is empty", [""]),
        ("word Bearer", ["Bearer secret0", "bearer secret0", "BEARER  secret0", "bearer"]),
        (
            "white space, a line break, or a character outside printable ASCII",
            ["secret0\n", "secret0\r\nX: 1", " secret0", "sec ret0", "Bearer\tsecret0", "secret0\x00", "secret0\x7f", "secret0\xe4", "secret0\ud800"],
        ),
    ],
)
def test_what_can_be_no_key_is_refused_and_not_shown(says, wrong):
    for key in wrong:
        with pytest.raises(InputError, match="^api_key ") as caught:
            connection.check_key(key)
        assert says in str(caught.value)
        assert "ret0" not in str(caught.value)


def connect(**changed):
    plain = {"validate_certs": True, "ca_path": None, "timeout": 30.0, "retries": 4, "retry_max_delay": 60.0}
    return connection.connect({"instance": "acme.example", "api_key": "key", **plain, **changed})


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        *(({"timeout": value}, f"timeout is {value:g}") for value in (0.0, -1.0, float("nan"), float("inf"), 86401.0)),
        *(({"retries": value}, f"retries is {value}") for value in (-1, 101, 10**30)),
        *(({"retry_max_delay": value}, f"retry_max_delay is {value}") for value in (-0.1, float("nan"), float("inf"), 86400.5)),
        ({"ca_path": "/nowhere/ca.pem", "validate_certs": False}, "ca_path is"),
        ({"instance": "http://acme.example"}, "loopback"),
        ({"api_key": "a b"}, "api_key contains white space"),
    ],
)
def test_bad_options_are_refused(changed, says):
    with pytest.raises(InputError, match=re.escape(says)):
        connect(**changed)


@pytest.mark.parametrize(("validate", "with_ca", "verify"), [(True, False, True), (True, True, "CA"), (False, False, False), (False, True, False)])
def test_connect_hands_the_options_on(monkeypatch, validate, with_ca, verify):
    monkeypatch.setattr(connection, "Client", lambda *options: options)
    monkeypatch.setattr(connection, "RequestsTransport", lambda *options: options)
    ca_path = certifi.where() if with_ca else None
    handed = connect(instance="ACME.example:443", validate_certs=validate, ca_path=ca_path, timeout=0.5, retries=0, retry_max_delay=0.0)
    assert handed == ("https://acme.example", "key", ("https://acme.example", ca_path if verify == "CA" else verify, 0.5), 0, 0.0)


def test_a_ca_path_is_a_file_with_certificates_or_a_folder(tmp_path):
    client = connect(ca_path=str(tmp_path))
    client.transport.session.close()
    assert client.transport.session.verify == str(tmp_path)
    for content in (b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\x00\xff" * 100):
        (tmp_path / "ca.pem").write_bytes(content)
        with pytest.raises(InputError, match=r"^ca_path is '.*ca\.pem', but no certificates \(PEM\) can be read from it: .*[^\n]$"):
            connect(ca_path=str(tmp_path / "ca.pem"))

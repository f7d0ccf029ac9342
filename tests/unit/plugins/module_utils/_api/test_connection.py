# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import certifi
import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import connection
from ansible_collections.adverity.management.plugins.module_utils._api import transport as _transport
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, MissingLibrary


def test_read_instance():
    table = [
        ("acme.datatap.adverity.com", "https://acme.datatap.adverity.com"),
        ("https://acme.datatap.adverity.com", "https://acme.datatap.adverity.com"),
        ("HTTPS://ACME.eu.Adverity.com", "https://acme.eu.adverity.com"),
        ("https://acme.example:8443", "https://acme.example:8443"),
        ("acme.example:8443", "https://acme.example:8443"),
        # One instance must have one name: the ledger knows it by that.
        ("https://acme.example:443", "https://acme.example"),
        ("acme.example:", "https://acme.example"),
        ("acme.example.", "https://acme.example"),
        ("acme", "https://acme"),
        ("localhost", "https://localhost"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://LOCALHOST:80", "http://localhost"),
        ("http://localhost.:8080", "http://localhost:8080"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.1.2.3", "http://127.1.2.3"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://[2001:DB8:0::0001]", "https://[2001:db8::1]"),
        ("192.0.2.7", "https://192.0.2.7"),
        ("xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example"),
        ("a_b.example", "https://a_b.example"),
    ]
    for text, base_url in table:
        assert connection.read_instance(text) == base_url


def test_what_is_no_instance_is_refused():
    table = [
        ("", "empty"),
        (" ", "white space"),
        (" acme.example", "white space"),
        ("acme.example\n", "control characters"),
        ("acme.example\r\nX: y", "control characters"),
        ("acme.example\x00", "control characters"),
        ("acme.example\xa0", "control characters"),
        ("https://acme.example\\@evil.example", "."),
        ("http://acme.example", "loopback"),
        ("http://acme.datatap.adverity.com:8080", "loopback"),
        ("http://192.0.2.7", "loopback"),
        ("http://0.0.0.0", "loopback"),
        ("http://2130706433", "loopback"),
        ("http://127.1", "loopback"),
        ("http://127.0.0.1.evil.example", "loopback"),
        ("http://localhost.evil.example", "loopback"),
        ("http://[::2]", "loopback"),
        ("https://acme.example/", "without a path"),
        ("https://acme.example/api", "without a path"),
        ("acme.example/api/v1/", "without a path"),
        ("https://acme.example?x=1", "without a path"),
        ("https://acme.example?", "without a path"),
        ("https://acme.example#", "without a path"),
        ("https://", "host name"),
        ("https:///", "without a path"),
        ("https://https://acme.example", "."),
        ("ftp://acme.example", "https://host"),
        ("file:///etc/passwd", "https://host"),
        ("acme.example:port", "."),
        ("acme.example:65536", "."),
        ("acme.example:-1", "."),
        ("https://:443", "not a host name"),
        ("https://[::1", "."),
        ("https://[acme]", "."),
        ("https://[127.0.0.1]", "."),
        ("-acme.example", "not a host name"),
        ("acme..example", "not a host name"),
        ("acme.example..", "not a host name"),
        (".", "not a host name"),
        (".acme.example", "not a host name"),
        ("a" * 64 + ".example", "not a host name"),
        ("a," * 5000, "not a host name"),
        ("acme,example", "not a host name"),
        ("acme%2eexample", "not a host name"),
        ("{{ instance }}", "white space"),
        # Another spelling of the same host would be another instance to the ledger.
        ("\uff41cme.example", "not a host name"),
        ("m\u00fcnchen.example", "not a host name"),
        ("acme\u3002example", "not a host name"),
    ]
    for text, says in table:
        with pytest.raises(InputError, match="^instance ") as caught:
            connection.read_instance(text)
        assert says in str(caught.value)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 500


def test_a_user_or_password_is_refused_and_not_shown():
    table = [
        "https://user:passw0rd@acme.example",
        "user:passw0rd@acme.example",
        "https://passw0rd@acme.example",
        "https://:passw0rd@acme.example",
        "https://user:passw0rd @acme.example",
        "https://user:passw0rd\n@acme.example",
        "https://user:passw0rd@[bad",
        "https://user:passw0rd@acme.example:port",
        "ftp://user:passw0rd@acme.example/x",
        "http://user:passw0rd@acme.example",
        "https://user:pass@w0rd@acme.example",
        "https://@acme.example",
    ]
    for text in table:
        with pytest.raises(InputError, match="user name or password") as caught:
            connection.read_instance(text)
        assert "w0rd" not in str(caught.value)


def test_a_key_that_can_be_one_is_taken_as_it_is():
    for key in ("k", "abc-DEF_0123", "a+/=.~!", "a" * 4096, "bearertoken", "\"'\\"):
        assert connection.check_key(key) == key


def test_what_can_be_no_key_is_refused_and_not_shown():
    table = [
        ("", "empty"),
        ("Bearer secret0", "word Bearer"),
        ("bearer secret0", "word Bearer"),
        ("BEARER  secret0", "word Bearer"),
        ("Bearer\tsecret0", "white space"),
        ("bearer", "word Bearer"),
        ("secret0\n", "line break"),
        ("secret0\r\nX-Evil: 1", "line break"),
        (" secret0", "white space"),
        ("sec ret0", "white space"),
        ("secret0\x00", "white space"),
        ("secret0\x7f", "outside printable ASCII"),
        ("secret0\u00e4", "outside printable ASCII"),
        ("secret0\u200b", "outside printable ASCII"),
        ("secret0\ud800", "outside printable ASCII"),
    ]
    for key, says in table:
        with pytest.raises(InputError, match="^api_key ") as caught:
            connection.check_key(key)
        assert says in str(caught.value)
        assert "ret0" not in str(caught.value)


def params(**changed):
    plain = {
        "instance": "acme.example", "api_key": "key", "validate_certs": True, "ca_path": None, "timeout": 30.0, "retries": 4, "retry_max_delay": 60.0
    }
    return dict(plain, **changed)


def test_bad_options_are_refused():
    table = [
        ({"timeout": 0.0}, "timeout is 0"),
        ({"timeout": -1.0}, "timeout is -1"),
        ({"timeout": float("nan")}, "timeout is nan"),
        ({"timeout": float("inf")}, "timeout is inf"),
        ({"timeout": 86401.0}, "timeout is 86401"),
        ({"retries": -1}, "retries is -1"),
        ({"retries": 101}, "retries is 101"),
        ({"retries": 10**30}, "retries is 1"),
        ({"retry_max_delay": -0.1}, "retry_max_delay is -0.1"),
        ({"retry_max_delay": float("nan")}, "retry_max_delay is nan"),
        ({"retry_max_delay": float("inf")}, "retry_max_delay is inf"),
        ({"ca_path": "/nowhere/ca.pem"}, "ca_path is '/nowhere/ca.pem'"),
        ({"ca_path": "/nowhere/ca.pem", "validate_certs": False}, "ca_path is"),
        ({"instance": "http://acme.example"}, "loopback"),
        ({"api_key": "a b"}, "api_key contains white space"),
    ]
    for changed, says in table:
        with pytest.raises(InputError) as caught:
            connection.connect(params(**changed))
        assert says in str(caught.value)


@pytest.mark.parametrize(("validate", "with_ca"), [(True, False), (True, True), (False, False), (False, True)])
def test_connect_hands_the_options_on(monkeypatch, validate, with_ca):
    ca_path = certifi.where()
    handed = []
    monkeypatch.setattr(connection, "Client", lambda *options: handed.append(options))
    monkeypatch.setattr(connection, "RequestsTransport", lambda *options: options)
    options = {"validate_certs": validate, "ca_path": ca_path if with_ca else None, "timeout": 0.5, "retries": 0, "retry_max_delay": 0.0}
    connection.connect(params(instance="ACME.example:443", **options))
    verify = (ca_path if with_ca else True) if validate else False
    assert handed == [("https://acme.example", "key", ("https://acme.example", verify, 0.5), 0, 0.0)]


def test_connect_takes_another_transport():
    transport = object()
    assert connection.connect(params(), transport).transport is transport


@pytest.mark.parametrize("content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\x00\xff" * 100])
def test_a_ca_path_without_certificates_is_refused(tmp_path, content):
    (tmp_path / "ca.pem").write_bytes(content)
    with pytest.raises(InputError, match=r"^ca_path is '.*ca\.pem', but no certificates \(PEM\) can be read from it: .") as caught:
        connection.connect(params(ca_path=str(tmp_path / "ca.pem")))
    assert "\n" not in str(caught.value)


def test_a_folder_of_certificates_is_taken(tmp_path):
    client = connection.connect(params(ca_path=str(tmp_path)))
    client.transport.session.close()
    assert client.transport.session.verify == str(tmp_path)


def test_connect_sends_nothing(server):
    client = connection.connect(params(instance=server.url))
    client.transport.session.close()
    assert (client.base_url, client.host) == (server.url, f"127.0.0.1:{server.port}")
    assert server.connections == 0


def test_without_requests_the_library_is_named(monkeypatch):
    monkeypatch.setattr(_transport, "_REQUESTS_MISSING", "Traceback: no requests")
    with pytest.raises(MissingLibrary) as caught:
        connection.connect(params())
    result = caught.value.result()
    assert "requests" in result["msg"]
    assert "Python" in result["msg"]
    assert result["exception"] == "Traceback: no requests"


def test_bad_input_comes_before_a_missing_library(monkeypatch):
    monkeypatch.setattr(_transport, "_REQUESTS_MISSING", "Traceback: no requests")
    with pytest.raises(InputError):
        connection.connect(params(api_key=""))

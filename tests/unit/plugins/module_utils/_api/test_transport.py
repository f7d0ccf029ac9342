# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes over the network, through real sockets, and what is known where no response came.

Certificates, proxies and ~/.netrc: integration/targets/modules.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
from unittest import mock

import pytest
import requests
import urllib3
from ansible_collections.adverity.management.plugins.module_utils._api import clock, time_limit
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, NotReached
from ansible_collections.adverity.management.plugins.module_utils._api.transport import NoResponse, Request
from ansible_collections.adverity.management.tests.unit.plugins.support.runs import Time


@pytest.fixture
def make_transport(make_client):
    return lambda where, **options: make_client(where, **options).transport


def send(transport, method="GET", path="/a/", params=None, body=None, new_connection=False):
    body = b"{}" if body is None and method != "GET" else body
    return transport.send(Request(method, path, params, {"Authorization": "Bearer k3y"}, body, new_connection))


def fail(transport, method="POST"):
    """The error of a request without a response."""
    with pytest.raises(NoResponse) as caught:
        send(transport, method)
    return caught.value


def raw(content, more=None):
    """The step of a server that sends these bytes, and closes the connection, or waits until ``more(talk)`` is over."""

    def step(talk):
        talk.received()
        talk.socket.sendall(content)
        return bool(more and more(talk))

    return step


# What goes out


@pytest.mark.parametrize(
    ("method", "params", "body", "target"),
    [
        ("GET", {"datastream_id": 456, "page": 1}, None, "/a/?datastream_id=456&page=1"),
        ("GET", {"a": ["1", "2 3"], "b": "\u00e4&=#?/", "c": None}, None, "/a/?a=1&a=2+3&b=%C3%A4%26%3D%23%3F%2F"),
        ("PATCH", None, b'{"enabled": true}', "/a/"),
        ("PUT", {"a": "1"}, b"[]", "/a/?a=1"),
        ("POST", None, b"null", "/a/"),
    ],
)
def test_request_goes_out_as_it_is(server, make_transport, method, params, body, target):
    server.answer(200, {"ok": 1}, headers={"X-More": "yes"})
    response = send(make_transport(server), method, params=params, body=body)
    assert (response.status, response.content, response.headers.get("x-more")) == (200, b'{"ok": 1}', "yes")
    [request] = server.requests
    assert (request.method, request.target, request.body) == (method, target, body or b"")
    sent = {name: request.headers.get(name) for name in ("authorization", "host", "content-length", "transfer-encoding")}
    length = str(len(body)) if body else None
    assert sent == {"authorization": "Bearer k3y", "host": f"127.0.0.1:{server.port}", "content-length": length, "transfer-encoding": None}


def test_each_post_has_its_own_body_params_and_path(server, make_transport):
    transport = make_transport(server)
    requests = [
        ("POST", "/a/", None, b"[1]"), ("POST", "/a/", None, b"[1, 2, 3]"), ("POST", "/a/", {"b": "1"}, b"[]"), ("POST", "/a/", {"b": "2"}, b"[2]"),
        ("POST", "/b/", None, b"{}"), ("POST", "/a/", None, b"[4]"), ("PATCH", "/a/", None, b"[5]"), ("GET", "/a/", None, b""),
    ]  # fmt: skip
    for method, path, params, body in requests:
        server.answer(200, {})
        send(transport, method, path, params, body or None)
    seen = [(request.method, request.target, request.body, int(request.headers.get("content-length", 0))) for request in server.requests]
    assert seen == [(method, path + (f"?b={params['b']}" if params else ""), body, len(body)) for method, path, params, body in requests]


# One connection


def test_requests_share_one_connection_also_after_a_refusal(server, make_transport):
    transport = make_transport(server)
    for status, method in ((200, "GET"), (404, "PATCH"), (200, "POST"), (503, "POST"), (200, "PUT")):
        server.answer(status, {})
        send(transport, method)
    assert [request.connection for request in server.requests] == [1] * 5


def test_connection_that_the_server_closed_is_replaced(server, make_transport):
    transport = make_transport(server)
    server.answer(200, {}, close=True).answer(200, {})
    send(transport)
    assert server.closed[0].wait(300)
    assert send(transport).status == 200
    assert [request.connection for request in server.requests] == [1, 2]


@pytest.mark.parametrize(
    ("method", "idle", "new_connection", "connections"),
    [("POST", 0.5, False, [1, 1]), ("POST", 1.5, False, [1, 2]), ("POST", 0, True, [1, 2]), ("GET", 1.5, False, [1, 1]), ("GET", 0, True, [1, 1])],
)
def test_post_takes_a_new_connection_after_a_pause_or_on_request(server, make_transport, monkeypatch, method, idle, new_connection, connections):
    held = Time()
    monkeypatch.setattr(clock, "monotonic", held.monotonic)
    transport = make_transport(server)
    server.answer(200, {}).answer(200, {})
    send(transport, method)
    held.move(idle)
    send(transport, method, new_connection=new_connection)
    assert [request.connection for request in server.requests] == connections


# Connections that break

EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n"
BREAKS = {
    "closed": lambda server: server.drop(),
    "reset": lambda server: server.drop(read_body=False),
    "cut short": lambda server: server.answer(200, body=b"x" * 30, cut=10),
    "cut in a chunk": lambda server: server.steps.append(raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n5\r\n12")),
    "no HTTP": lambda server: server.steps.append(raw(b"SSH-2.0-OpenSSH\r\n\r\n")),
    "a header without an end": lambda server: server.steps.append(raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70000 + b"\r\n\r\n")),
    "not what its encoding says": lambda server: server.answer(200, body=b"not gzip", headers={"Content-Encoding": "gzip"}, close=True),
    "informational alone": lambda server: server.steps.append(raw(EARLY_HINTS)),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("how", BREAKS)
def test_broken_connection_tells_whether_the_body_was_taken_and_is_replaced(server, make_transport, method, how):
    transport = make_transport(server)
    BREAKS[how](server)
    error = fail(transport, method)
    assert (error.reason, error.body_taken, error.passing, error.hint) == (f"got no response from 127.0.0.1:{server.port}", method == "POST", True, "")
    assert error.words
    assert server.closed[0].wait(300)
    server.answer(200, {})
    assert send(transport, method).status == 200
    assert [request.connection for request in server.requests] == [1, 2]


@pytest.mark.parametrize(("method", "first"), [("GET", b""), ("POST", EARLY_HINTS)])
def test_no_response_in_time(server, make_transport, method, first):
    server.steps.append(raw(first, lambda talk: talk.socket.recv(1)))
    error = fail(make_transport(server, timeout=0.2), method)
    assert (error.reason, error.words) == (f"got no response from 127.0.0.1:{server.port} within 0.2 s", "")
    assert (error.body_taken, error.passing) == (method == "POST", True)


@pytest.mark.parametrize(
    ("where", "name", "error", "reason", "words"),
    [
        (socket, "getaddrinfo", socket.gaierror(socket.EAI_NONAME, "Name not known"), "got no response from {0}", "Name not known"),
        (socket.socket, "connect", ConnectionRefusedError(111, "Connection refused"), "got no response from {0}", "Connection refused"),
        (socket.socket, "connect", socket.timeout("timed out"), "did not reach {0}: no connection within 300 s", ""),
    ],
)
def test_without_a_connection_the_body_was_not_taken(make_transport, monkeypatch, where, name, error, reason, words):
    monkeypatch.setattr(where, name, mock.Mock(side_effect=error))
    error = fail(make_transport("http://127.0.0.1:9"))
    assert (error.reason, error.words, error.body_taken, error.passing) == (reason.format("127.0.0.1:9"), words, False, True)


@pytest.mark.parametrize("reply", [b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", b""])
def test_server_that_speaks_no_tls_is_not_reached(make_transport, reply):
    def speak():
        with listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(reply)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=speak).start()
        assert not fail(make_transport(f"https://127.0.0.1:{listener.getsockname()[1]}")).body_taken


def untrusted(cause):
    """A bad certificate, as requests wraps it."""
    return requests.exceptions.SSLError(urllib3.exceptions.MaxRetryError(None, "/", cause))


FIRST, SECOND = OSError("first"), OSError("second")
FIRST.__cause__, SECOND.__cause__ = SECOND, FIRST  # causes that contain each other have an end, too


@pytest.mark.parametrize("taken", [False, True])
@pytest.mark.parametrize(
    ("error", "words", "passing"),
    [
        (requests.RequestException("its words"), "its words", True),
        (urllib3.exceptions.HTTPError("its words"), "its words", True),
        (ValueError("its words"), "its words", True),
        (OSError("its words"), "its words", True),
        (FIRST, "second", True),
        (ConnectionResetError(), "ConnectionResetError", True),
        (requests.exceptions.InvalidURL("no URL"), "no URL", False),
        (untrusted(ssl.SSLCertVerificationError(1, "certificate verify failed")), "certificate verify failed", False),
        (untrusted(type("CertificateError", (ValueError,), {})("another host")), "another host", False),
    ],
)
def test_every_error_of_the_library_is_caught(make_transport, monkeypatch, taken, error, words, passing):
    transport = make_transport("https://acme.invalid")

    def give_up(request, **_more):
        if taken:
            request.body.read(1)
        raise error

    monkeypatch.setattr(transport.session, "send", give_up)
    caught = fail(transport)
    assert (caught.words, caught.body_taken, caught.passing) == (words, taken, passing)
    assert ("set ca_path" in caught.hint) is isinstance(error, requests.exceptions.SSLError)


# Responses

INFORMATIONAL = [
    b"HTTP/1.1 100 Continue\r\n\r\n",
    EARLY_HINTS,
    b"HTTP/1.1 199 Whatever\r\nConnection: close\r\nContent-Length: 5\r\n\r\n",
    EARLY_HINTS + b"HTTP/1.1 100 Continue\r\n\r\n" + b"HTTP/1.1 102 Processing\r\n\r\n" * 3 + EARLY_HINTS,
]


@pytest.mark.parametrize("status", [200, 503])
@pytest.mark.parametrize("first", INFORMATIONAL)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_informational_responses_are_passed_over(server, make_transport, method, first, status):
    final = f"HTTP/1.1 {status} Whatever\r\nContent-Length: 2\r\nRetry-After: 3\r\n\r\n{{}}".encode()
    server.steps.append(raw(first + final, lambda _talk: True))
    server.answer(200, {"b": 2})
    transport = make_transport(server)
    response = send(transport, method)
    assert (response.status, response.content, response.headers.get("Retry-After")) == (status, b"{}", "3")
    assert send(transport).content == b'{"b": 2}'  # the connection is as it was
    assert [request.connection for request in server.requests] == [1, 1]


@pytest.mark.parametrize("status", [101, 204, 304, 999])
def test_unusual_status_is_a_response(server, make_transport, status):
    server.answer(status, body=b"", content_type=None)
    assert send(make_transport(server))[::2] == (status, b"")


def test_redirect_is_not_followed(server, make_server, make_transport):
    other, transport = make_server(), make_transport(server)
    for status, location in ((301, other.url + "/elsewhere/"), (302, "http://[::1"), (307, "http://host:port:x/"), (308, ""), (303, None)):
        server.answer(status, {}, headers={} if location is None else {"Location": location})
        response = send(transport, "POST")
        assert (response.status, response.headers.get("Location")) == (status, location)
    assert other.connections == 0


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def drip(server, monkeypatch, head, byte=b" "):
    """The answer begins with ``head`` and goes on, a byte in five seconds, until the client has gone. Returns the time, which is held."""
    held = Time()
    monkeypatch.setattr(clock, "monotonic", held.monotonic)

    def more(talk):
        while not threading.Event().wait(0.005):
            held.move(5)
            talk.socket.sendall(byte)

    server.steps.append(raw(head, more))
    return held


@pytest.mark.parametrize(
    ("head", "byte"),
    [
        (HEAD + b"Content-Length: 9999\r\n\r\n", b" "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (HEAD + b"Connection: close\r\n\r\n", b" "),
        (HEAD + b"X-Slow: ", b"x"),
        (b"", b"H"),
        (b"", EARLY_HINTS),
    ],
)
def test_answer_that_drips_has_an_end(server, make_transport, monkeypatch, head, byte):
    held = drip(server, monkeypatch, head, byte)
    error = fail(make_transport(server, timeout=30))
    assert (error.reason, error.body_taken) == (f"got no complete response from 127.0.0.1:{server.port} within 300 s", True)
    assert held.seconds > 300


def test_proxy_that_drips_has_an_end(server, make_transport, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    drip(server, monkeypatch, b"HTTP/1.1 200 OK\r\nX: ", b"x")
    assert fail(make_transport("https://acme.invalid", timeout=30)).reason == "got no complete response from acme.invalid within 300 s"


@pytest.mark.parametrize(("timeout", "whole"), [(0.1, 60), (6, 60), (6.5, 65), (30, 300)])
def test_time_of_a_whole_answer(timeout, whole):
    assert time_limit.of_whole_answer(timeout) == whole


# Proxies


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"])
def test_http_never_takes_a_proxy(server, make_server, make_transport, monkeypatch, name):
    proxy = make_server()
    monkeypatch.setenv(name, proxy.url)
    server.answer(200, {})
    send(make_transport(server))
    assert proxy.connections == 0


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize(
    "proxy",
    [
        "http://me:pa#PASSWORD@proxy:3128", "http://me:pa/PASSWORD@proxy:3128", "http://me:12/PASSWORD@proxy:3128", "http://me:pa?PASSWORD@proxy:3128",
        "http://m#e:PASSWORD@proxy:3128", "http://me:PASSWORD@proxy:70000", "http://me:PASSWORD@", "http://PASSWORD#", "me:pa/PASSWORD@proxy:3128",
        "http://me:pa\\PASSWORD@proxy", "http://me:PASSWORD@[proxy:3128", "http://PASS WORD@proxy", "http://", "http://127.0.0.1:port",
    ],
)  # fmt: skip
def test_proxy_that_is_no_url_is_refused_and_not_shown(make_transport, monkeypatch, name, proxy):
    monkeypatch.setenv(name, proxy)
    with pytest.raises(InputError, match="is not a URL like http://proxy:3128 .not shown") as caught:
        make_transport("https://acme.example")
    assert not [piece for piece in ("PASS", "WORD") if piece in str(caught.value.result())]


@pytest.mark.parametrize("proxy", ["http://me:p%23%2F%3F%40w@127.0.0.1:1", "me:p%23w@127.0.0.1:1/", "http://tok3n@127.0.0.1:1", "socks5h://tok3n@127.0.0.1:9"])
def test_proxy_that_does_not_answer_is_shown_without_its_password(make_client, monkeypatch, proxy):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(NotReached) as caught:
        make_client("https://acme.example", retries=0).request("POST", "/x/1/")
    assert not [piece for piece in ("p%23", "p#", "tok3n") if piece in str(caught.value.result())]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_https_takes_the_proxy_which_sees_no_key(server, make_transport, monkeypatch, name):
    before = make_transport("https://127.0.0.1:9")
    monkeypatch.setenv(name, server.url)
    fail(before)  # one that is set later is not taken
    server.answer(403, {"detail": "not from here"}, close=True)
    error = fail(make_transport("https://acme.invalid"))
    assert "403" in error.words
    assert not error.body_taken
    [request] = server.requests
    assert (request.method, request.target) == ("CONNECT", "acme.invalid:443")
    assert "authorization" not in request.headers


# The environment


def test_netrc_is_not_read(server, make_transport, monkeypatch, tmp_path):
    netrc = tmp_path / "home" / ".netrc"
    netrc.parent.mkdir()
    netrc.write_text("machine 127.0.0.1 login thief password stolen\ndefault login thief password stolen\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.answer(200, {})
    send(make_transport(server))
    assert os.path.expanduser("~/.netrc") == str(netrc)
    assert server.requests[0].headers["authorization"] == "Bearer k3y"


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize(("verify", "wins"), [(True, False), (False, True), ("own.pem", True)])
def test_which_certificates_count(make_transport, monkeypatch, name, verify, wins):
    monkeypatch.setenv(name, "environment.pem")
    transport = make_transport("https://acme.invalid", verify=verify)
    settings = transport.session.merge_environment_settings("https://acme.invalid/", {}, None, None, None)
    assert settings["verify"] == (verify if wins else "environment.pem")

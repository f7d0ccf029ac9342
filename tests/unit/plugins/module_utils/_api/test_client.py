# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import socket
import ssl
import threading
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import client as _client
from ansible_collections.adverity.management.plugins.module_utils._api import clock, time_limit
from ansible_collections.adverity.management.plugins.module_utils._api import transport as _transport
from ansible_collections.adverity.management.plugins.module_utils._api.errors import (
    AdverityError,
    InputError,
    Lost,
    NotReached,
    Refused,
    UnreadableAnswer,
)
from ansible_collections.adverity.management.tests.unit.plugins.support.runs import Time

BINDINGS = "/api/v1/bindings/"
REQUEUE = "/api/v1/extracts/requeue/"
UUID = "9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10"


def send(client, method, **more):
    """A request of this kind to a path on which it is common."""
    paths = {"GET": BINDINGS, "PATCH": BINDINGS + "1/", "POST": REQUEUE, "PUT": _client.DATASTREAMS + "pulling/smart/"}
    if method == "PUT":
        more.setdefault("params", {"datastream_id": [UUID]})
    body = None if method == "GET" else {"enabled": True}
    return client.request(method, paths[method], body=body, **more)


class Hooks:
    """Records when a client calls before and undo."""

    def __init__(self):
        self.calls = []

    def before(self):
        self.calls.append("before")

    def undo(self):
        self.calls.append("undo")


@pytest.fixture
def hooks():
    return Hooks()


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


# What goes out


def test_a_get(server, make_client, key):
    server.answer(200, {"items": [], "count": 0})
    assert make_client(server).get(BINDINGS, {"datastream_id": 456, "page": 1}) == {"items": [], "count": 0}
    [request] = server.requests
    assert (request.method, request.target, request.body) == ("GET", BINDINGS + "?datastream_id=456&page=1", b"")
    assert request.headers["authorization"] == "Bearer " + key
    assert request.headers["accept"] == "application/json"
    assert request.headers["user-agent"] == "adverity.management/" + _client.VERSION
    assert request.headers["host"] == f"127.0.0.1:{server.port}"
    assert "content-type" not in request.headers


@pytest.mark.parametrize("method", ["PATCH", "PUT", "POST"])
def test_a_write(server, make_client, method):
    server.answer(200, {"id": 1})
    answer = send(make_client(server), method)
    assert (answer.data, answer.repeated) == ({"id": 1}, False)
    [request] = server.requests
    assert (request.method, request.body) == (method, b'{"enabled": true}')
    assert request.headers["content-type"] == "application/json"
    assert request.headers["content-length"] == "17"
    assert "transfer-encoding" not in request.headers


@pytest.mark.parametrize("body", [[], {}, 0, False, "", {"name": "Z\u00fcrich \U0001f600"}])
def test_a_body_is_sent_as_it_is_also_an_empty_one(server, make_client, body):
    server.answer(200, {})
    make_client(server).request("POST", REQUEUE, body=body)
    assert json.loads(server.requests[0].body) == body


def test_each_post_has_its_own_body_params_and_path(server, make_client):
    client = make_client(server)
    bodies = [{"extract_ids": list(range(length))} for length in (50, 3, 50)]
    for params, path in [(None, REQUEUE), (None, REQUEUE), ({"a": "1"}, REQUEUE), ({"a": "2"}, REQUEUE), (None, "/b/"), (None, REQUEUE)]:
        server.answer(200, {})
        client.request("POST", path, params, body=bodies[len(server.requests) % 3])
    ends = ["", "", "?a=1", "?a=2", None, ""]
    assert [request.target for request in server.requests] == [REQUEUE + end if end is not None else "/b/" for end in ends]
    assert [json.loads(request.body) for request in server.requests] == bodies * 2
    assert [int(request.headers["content-length"]) for request in server.requests] == [len(json.dumps(body)) for body in bodies] * 2
    server.answer(200, {}).answer(200, {})
    client.request("PATCH", REQUEUE, body={"enabled": True})
    client.get(REQUEUE)
    assert [(request.method, request.body) for request in server.requests[-2:]] == [("PATCH", b'{"enabled": true}'), ("GET", b"")]


def test_params_are_quoted_and_repeated(server, make_client):
    server.answer(200, {})
    make_client(server).get("/api/x/", {"a": ["1", "2 3"], "b": "\u00e4&=#?/", "c": None})
    assert parse_qsl(urlsplit(server.requests[0].target).query) == [("a", "1"), ("a", "2 3"), ("b", "\u00e4&=#?/")]


# One connection


def test_requests_share_one_connection(server, make_client):
    client = make_client(server)
    for method in ["GET", "PATCH", "POST", "POST", "PUT", "GET"]:
        server.answer(200, {})
        send(client, method)
    assert [request.connection for request in server.requests] == [1] * 6
    assert server.connections == 1


def test_refusals_keep_the_connection(server, make_client):
    client = make_client(server)
    server.answer(404, {"detail": "no"}).answer(200, {})
    pytest.raises(Refused, client.get, "/a/")
    client.get("/b/")
    assert server.connections == 1


def test_a_connection_that_the_server_closed_is_replaced(server, make_client):
    client = make_client(server)
    server.answer(200, {}, close=True).answer(200, {})
    client.get("/a/")
    server.wait_for_close(1)
    assert client.get("/b/") == {}
    assert [request.connection for request in server.requests] == [1, 2]


@pytest.mark.parametrize(("idle", "connections"), [(0.5, [1, 1]), (1.5, [1, 2])])
def test_a_post_takes_a_new_connection_after_a_pause(server, make_client, monkeypatch, idle, connections):
    held = Time()
    monkeypatch.setattr(clock, "monotonic", held.monotonic)
    client = make_client(server)
    server.answer(200, {}).answer(200, {})
    send(client, "POST")
    held.move(idle)
    send(client, "POST")
    assert [request.connection for request in server.requests] == connections


@pytest.mark.parametrize(
    ("status", "headers"), [(429, {}), (429, {"Retry-After": "0"}), (429, {"Retry-After": "1"}), (503, {"Retry-After": "0"}), (503, {"Retry-After": "3"})]
)
def test_after_a_wait_a_post_takes_a_new_connection(server, make_client, status, headers, waits):
    server.answer(status, {}, headers=headers).answer(200, {"ok": 1})
    assert send(make_client(server), "POST").data == {"ok": 1}
    assert [request.connection for request in server.requests] == [1, 2]
    assert len(waits) == 1


def test_after_a_wait_a_read_stays_on_its_connection(server, make_client):
    server.answer(503, {}).answer(200, {})
    make_client(server).get("/a/")
    assert [request.connection for request in server.requests] == [1, 1]


# Repeating


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT"])
def test_reads_and_settings_are_repeated(server, make_client, waits, method):
    client = make_client(server)
    for status in (408, 425, 429, 500, 502, 503, 504):
        server.answer(status, {}).answer(status, {}).answer(200, {"ok": 1})
        assert send(client, method).data == {"ok": 1}
        assert 0.375 <= waits[-2] <= 0.5 <= 0.75 <= waits[-1] <= 1.0
    assert [request[1:] for request in server.requests] == [server.requests[0][1:]] * 21
    assert len(waits) == 14


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 422, 425, 500, 501, 502, 503, 504])
def test_a_post_is_never_repeated_after_an_answer_that_may_mean_it_was_done(server, make_client, waits, status):
    # 503 that says when to come back is another thing.
    every = [{}] if status == 503 else [{}, {"Retry-After": "1"}]
    client = make_client(server)
    for headers in every:
        server.answer(status, {}, headers=headers)
        with pytest.raises(Refused) as caught:
            send(client, "POST")
        assert caught.value.status == status
    assert len(server.requests) == len(every)
    assert waits == []


@pytest.mark.parametrize("method", ["GET", "PATCH", "POST", "PUT"])
@pytest.mark.parametrize("retries", [0, 1, 3])
def test_tries_are_counted(server, make_client, waits, method, retries):
    for _try in range(retries + 1):
        server.answer(429, {"detail": "slow down"})
    with pytest.raises(Refused) as caught:
        send(make_client(server, retries=retries), method)
    assert len(server.requests) == retries + 1
    assert len(waits) == retries
    assert caught.value.tries == retries + 1
    assert (f"tried {retries + 1} times" in str(caught.value)) is (retries > 0)


@pytest.mark.parametrize(
    ("retry_after", "longest", "wait"),
    [
        ("7", 60.0, (7, 7)),
        ("0", 60.0, (0, 0)),
        ("3600", 60.0, (60, 60)),
        ("99999999999999999999", 2.5, (2.5, 2.5)),
        ("in 30 s", 60.0, (28, 30)),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 60.0, (0, 0)),
        ("soon", 60.0, (0.375, 0.5)),
        ("", 60.0, (0.375, 0.5)),
        ("soon", 0.1, (0.075, 0.1)),
    ],
)
def test_retry_after_is_honoured_up_to_the_cap(server, make_client, waits, retry_after, longest, wait):
    if retry_after == "in 30 s":
        retry_after = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=30), usegmt=True)
    client = make_client(server, retry_max_delay=longest)
    for method in ("GET", "POST"):
        server.answer(429, {}, headers={"Retry-After": retry_after}).answer(200, {})
        send(client, method)
    assert len(waits) == 2
    assert all(wait[0] <= one <= wait[1] for one in waits)


def test_503_that_names_no_readable_time_does_not_repeat_a_post(server, make_client):
    server.answer(503, {}, headers={"Retry-After": "later"})
    with pytest.raises(Refused) as caught:
        send(make_client(server), "POST")
    assert not caught.value.not_executed


# Connections that break


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT"])
@pytest.mark.parametrize("how", ["drop", "drop_unread", "cut"])
def test_reads_and_settings_are_repeated_when_the_connection_breaks(server, make_client, method, how):
    break_off(server, how)
    server.answer(200, {"ok": 1})
    answer = send(make_client(server), method)
    assert answer.data == {"ok": 1}
    # Where a write may have been carried out before, what the answer says of changes may be too little.
    assert answer.repeated or method == "GET"
    assert server.connections == 2


def break_off(server, how):
    if how == "cut":
        server.answer(200, {"items": [1, 2, 3], "count": 3}, cut=10)
    elif how == "cut html":
        server.answer(200, body=b"<html>" * 10, content_type="text/html", cut=10)
    elif how == "no http":
        server.steps.append(lambda talk: (talk.received(), talk.socket.sendall(b"SSH-2.0-OpenSSH\r\n\r\n"))[0] is None)
    elif how == "huge header":
        server.steps.append(lambda talk: (talk.received(), talk.socket.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70000 + b"\r\n\r\n"))[0] is None)
    else:
        getattr(server, how)()


@pytest.mark.parametrize(("status", "body", "data"), [(204, b"", None), (200, b"", None), (200, b'{"id": 5}', {"id": 5})])
def test_a_delete_may_be_answered_with_nothing(server, make_client, status, body, data):
    server.answer(status, body=body)
    assert make_client(server).request("DELETE", "/a/").data == data
    assert [(one.method, one.target, one.body) for one in server.requests] == [("DELETE", "/a/", b"")]


def test_a_delete_answered_with_a_page_is_no_success(server, make_client):
    server.answer(200, body=b"<p>Log in</p>", content_type="text/html")
    with pytest.raises(UnreadableAnswer):
        make_client(server).request("DELETE", "/a/")


def test_a_delete_that_broke_is_repeated_and_its_404_says_so(server, make_client):
    server.drop().answer(404, {"detail": "Not found."})
    with pytest.raises(Refused) as caught:
        make_client(server).request("DELETE", "/a/")
    assert (caught.value.status, caught.value.tries, caught.value.not_executed) == (404, 2, False)


def test_a_delete_that_broke_to_the_end_is_lost(server, make_client):
    server.drop()
    with pytest.raises(Lost):
        make_client(server, retries=0).request("DELETE", "/a/")


def test_options_are_a_read(server, make_client):
    server.drop().answer(500).answer(data={"actions": {}})
    assert make_client(server).request("OPTIONS", "/a/").data == {"actions": {}}
    assert [one.method for one in server.requests] == ["OPTIONS"] * 3


@pytest.mark.parametrize("how", ["drop", "drop_unread", "cut", "no http", "huge header"])
def test_a_post_that_broke_after_it_was_sent_is_lost(server, make_client, waits, hooks, how):
    break_off(server, how)
    with pytest.raises(Lost) as caught:
        send(make_client(server), "POST", before=hooks.before, undo=hooks.undo)
    assert not caught.value.not_executed
    assert hooks.calls == ["before"]
    assert len(server.requests) == 1
    assert waits == []
    assert str(caught.value).startswith(f"POST {REQUEUE} got no answer from 127.0.0.1:") or "cut short" in str(caught.value)


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_no_answer_in_time(server, make_client, method, hooks):
    server.hang()
    with pytest.raises(AdverityError) as caught:
        send(make_client(server, timeout=0.1, retries=0), method, before=hooks.before, undo=hooks.undo)
    assert isinstance(caught.value, NotReached if method == "GET" else Lost)
    assert f"got no answer from 127.0.0.1:{server.port} within 0.1 s" in str(caught.value)
    assert hooks.calls == (["before", "undo"] if method == "GET" else ["before"])


def test_a_time_out_of_a_read_is_repeated(server, make_client):
    client = make_client(server, timeout=0.2)

    def hang(talk):
        talk.received()
        client.transport._timeout = 300.0  # the next try may take its time
        return bool(talk.socket.recv(1))

    server.steps.append(hang)
    server.answer(200, {"ok": 1})
    assert client.get("/a/") == {"ok": 1}
    assert len(server.requests) == 2


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT"])
def test_where_nobody_listens_everything_is_tried_again(make_client, waits, hooks, method):
    with pytest.raises(NotReached) as caught:
        send(make_client(f"http://127.0.0.1:{closed_port()}", retries=2), method, before=hooks.before, undo=hooks.undo)
    assert caught.value.not_executed
    assert hooks.calls == ["before", "undo"] * 3
    assert len(waits) == 2
    assert "Connection refused (tried 3 times)." in str(caught.value)


def test_a_name_that_does_not_resolve(make_client, monkeypatch):
    def fail(*_args, **_more):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(NotReached, match="got no answer from acme.invalid: Name or service not known"):
        make_client("https://acme.invalid", retries=0).get("/a/")


def test_no_connection_in_time(make_client, monkeypatch):
    def fail(*_args, **_more):
        raise socket.timeout("timed out")

    monkeypatch.setattr(socket.socket, "connect", fail)
    with pytest.raises(NotReached, match="did not reach 127.0.0.1:9: no connection within 300 s"):
        send(make_client("http://127.0.0.1:9", retries=0), "POST")


def test_a_post_goes_through_once_there_is_a_connection(server, make_client, monkeypatch, hooks):
    real = socket.socket.connect
    failures = [ConnectionRefusedError(111, "Connection refused"), OSError(113, "No route to host")]

    def connect(self, address):
        if failures:
            raise failures.pop()
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    server.answer(200, {"ok": 1})
    answer = send(make_client(server), "POST", before=hooks.before, undo=hooks.undo)
    assert (answer.data, answer.repeated) == ({"ok": 1}, False)
    assert hooks.calls == ["before", "undo", "before", "undo", "before"]


@pytest.mark.parametrize("reply", [b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", b""])
def test_a_server_that_speaks_no_tls_is_not_reached(make_client, hooks, reply):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak():
            connection = listener.accept()[0]
            with connection:
                connection.recv(65536)
                connection.sendall(reply)

        thread = threading.Thread(target=speak)
        thread.start()
        client = make_client(f"https://127.0.0.1:{listener.getsockname()[1]}", retries=0)
        with pytest.raises(NotReached) as caught:
            send(client, "POST", before=hooks.before, undo=hooks.undo)
        thread.join()
    check_line(caught.value)
    assert caught.value.not_executed
    assert hooks.calls == ["before", "undo"]


# Hooks


@pytest.mark.parametrize(
    ("steps", "calls"),
    [
        ([200], ["before"]),
        ([429, 200], ["before", "undo", "before"]),
        ([429, 429, 404], ["before", "undo"] * 3),
        ([400], ["before", "undo"]),
        ([422], ["before", "undo"]),
        ([302], ["before"]),
        ([500], ["before"]),
        ([429, 500], ["before", "undo", "before"]),
        ([503], ["before"]),
    ],
)
def test_hooks_of_a_post(server, make_client, hooks, steps, calls):
    for status in steps:
        server.answer(status, {})
    client = make_client(server)
    if steps[-1] == 200:
        send(client, "POST", before=hooks.before, undo=hooks.undo)
    else:
        pytest.raises(Refused, send, client, "POST", before=hooks.before, undo=hooks.undo)
    assert hooks.calls == calls


@pytest.mark.parametrize("more", [{"body": b"<p>Log in</p>", "content_type": "text/html"}, {"body": b'{"a": ', "content_type": "application/json"}])
def test_what_was_answered_with_success_is_never_undone(server, make_client, hooks, more):
    server.answer(200, **more)
    with pytest.raises(AdverityError) as caught:
        send(make_client(server), "POST", before=hooks.before, undo=hooks.undo)
    assert not caught.value.not_executed
    assert hooks.calls == ["before"]


def test_nothing_is_sent_where_before_fails(server, make_client):
    def before():
        raise AdverityError("The ledger is full.")

    with pytest.raises(AdverityError, match="The ledger is full"):
        send(make_client(server), "POST", before=before)
    assert server.connections == 0


def test_nothing_is_sent_again_where_undo_fails(server, make_client):
    def undo():
        raise AdverityError("The ledger is full.")

    server.answer(429, {})
    with pytest.raises(AdverityError, match="The ledger is full"):
        send(make_client(server), "POST", undo=undo)
    assert len(server.requests) == 1


def test_repeated_says_that_an_earlier_try_may_have_been_carried_out(server, make_client):
    client = make_client(server)
    server.answer(429, {}).answer(200, {})
    assert not send(client, "PATCH").repeated
    server.answer(500, {}).answer(429, {}).answer(200, {})
    assert send(client, "PATCH").repeated


@pytest.mark.parametrize(("first", "last"), [("drop", 429), ("drop", 404), (500, 429)])
def test_what_may_have_been_carried_out_before_is_neither_undone_nor_called_undone(server, make_client, hooks, first, last):
    server.drop() if first == "drop" else server.answer(first, {})
    server.answer(last, {})
    with pytest.raises(Refused) as caught:
        send(make_client(server, retries=1), "PATCH", before=hooks.before, undo=hooks.undo)
    assert caught.value.status == last
    assert not caught.value.not_executed
    assert hooks.calls == ["before", "before"]


# Confirming instead of repeating


def unknown_outcome(server, how):
    server.answer(how, {}) if isinstance(how, int) else break_off(server, how)


@pytest.mark.parametrize("how", ["drop", "drop_unread", "cut", 500, 502, 503, 504, 501])
@pytest.mark.parametrize("retries", [0, 4])
def test_what_is_confirmed_is_not_repeated(server, make_client, how, retries):
    client = make_client(server, retries=retries)
    unknown_outcome(server, how)
    server.answer(200, {"id": 1, "enabled": True})
    answer = send(client, "PATCH", confirm=lambda: client.get(BINDINGS))
    assert (answer.data, answer.repeated) == ({"id": 1, "enabled": True}, True)
    assert [request.method for request in server.requests] == ["PATCH", "GET"]


def test_what_is_not_confirmed_is_repeated_and_asked_for_after_each_try(server, make_client, waits):
    client = make_client(server)
    asked = []
    server.drop().answer(429, {}).answer(503, {}).answer(200, {"ok": 1})
    answer = send(client, "PATCH", confirm=lambda: asked.append((len(server.requests), len(waits))))
    assert (answer.data, answer.repeated) == ({"ok": 1}, True)
    assert asked == [(1, 1), (2, 2), (3, 3)]


def test_a_certain_outcome_is_not_asked_for(server, make_client):
    def confirm():
        raise AssertionError

    client = make_client(server, retries=2)
    server.answer(200, {})
    send(client, "PATCH", confirm=confirm)
    server.answer(429, {}).answer(503, {}, headers={"Retry-After": "0"}).answer(200, {})
    assert not send(client, "PATCH", confirm=confirm).repeated
    server.answer(404, {})
    pytest.raises(Refused, send, client, "PATCH", confirm=confirm)


@pytest.mark.parametrize("retries", [0, 1])
def test_where_nothing_confirms_to_the_end_the_last_error_is_raised(server, make_client, waits, retries):
    asked = []
    for _try in range(retries + 1):
        server.answer(504, {})
    with pytest.raises(Refused) as caught:
        send(make_client(server, retries=retries), "PATCH", confirm=lambda: asked.append(1))
    assert (caught.value.status, caught.value.tries) == (504, retries + 1)
    assert len(asked) == retries + 1
    assert len(waits) == retries


def test_where_confirming_fails_nothing_is_repeated(server, make_client):
    client = make_client(server)
    server.drop().answer(403, {"detail": "Forbidden."})
    with pytest.raises(Lost) as caught:
        send(client, "PATCH", confirm=lambda: client.get(BINDINGS))
    assert not caught.value.not_executed
    assert [request.method for request in server.requests] == ["PATCH", "GET"]


# The service's clock


@pytest.mark.parametrize(
    ("header", "date"),
    [
        ("Thu, 01 Jan 2026 12:00:30 GMT", datetime(2026, 1, 1, 12, 0, 30, tzinfo=timezone.utc)),
        ("Thu, 01 Jan 2026 14:00:30 +0200", datetime(2026, 1, 1, 12, 0, 30, tzinfo=timezone.utc)),
        ("Thu Jan  1 12:00:30 2026", datetime(2026, 1, 1, 12, 0, 30, tzinfo=timezone.utc)),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_the_date_of_an_answer(server, make_client, header, date):
    client = make_client(server)
    assert client.date is None
    server.answer(200, {}, headers={} if header is None else {"Date": header})
    answer = send(client, "PATCH")
    assert answer.date == date == client.date
    assert date is None or answer.date.utcoffset() == timedelta(0)


def test_only_answers_with_success_tell_the_time(server, make_client):
    client = make_client(server, retries=0)
    server.answer(200, {}, headers={"Date": "Thu, 01 Jan 2026 12:00:30 GMT"})
    server.answer(404, {}, headers={"Date": "Thu, 01 Jan 2026 13:00:30 GMT"})
    server.answer(200, body=b"<p>", content_type="text/html", headers={"Date": "Thu, 01 Jan 2026 14:00:30 GMT"})
    client.get("/a/")
    for _time in range(2):
        pytest.raises(AdverityError, client.get, "/a/")
    assert client.date == datetime(2026, 1, 1, 12, 0, 30, tzinfo=timezone.utc)


# Informational responses

EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
INFORMATIONAL = {
    "100": b"HTTP/1.1 100 Continue\r\n\r\n",
    "102": PROCESSING,
    "103": EARLY_HINTS,
    "199": b"HTTP/1.1 199 Whatever\r\nConnection: close\r\nContent-Length: 5\r\n\r\n",
    "several": EARLY_HINTS + b"HTTP/1.1 100 Continue\r\n\r\n" + PROCESSING * 3 + EARLY_HINTS,
}


def inform(server, first, answer=None, pause=0.0):
    """The next request gets ``first`` before its ``answer``; without one the connection is closed."""

    def step(talk):
        talk.received()
        talk.socket.sendall(first)
        time.sleep(pause)
        if answer is not None:
            talk.socket.sendall(answer)
        return answer is not None

    server.steps.append(step)


def whole(status, body=b'{"a": 1}', *headers):
    head = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", "Content-Type: application/json", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize("pause", [0.0, 0.05])
@pytest.mark.parametrize("first", INFORMATIONAL)
@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "POST"])
def test_informational_responses_are_passed_over(server, make_client, hooks, method, first, pause):
    inform(server, INFORMATIONAL[first], whole(200, b'{"a": 1}', "Date: Thu, 01 Jan 2026 12:00:30 GMT"), pause)
    client = make_client(server, retries=0)
    answer = send(client, method, before=hooks.before, undo=hooks.undo)
    assert (answer.data, answer.repeated, answer.date) == ({"a": 1}, False, datetime(2026, 1, 1, 12, 0, 30, tzinfo=timezone.utc))
    assert hooks.calls == ["before"]
    # The connection is as it was: the next request goes over it, and gets its own response.
    server.answer(200, {"b": 2})
    assert client.get("/b/") == {"b": 2}
    assert [(request.connection, request.method) for request in server.requests] == [(1, method), (1, "GET")]


@pytest.mark.parametrize("status", [404, 503])
def test_what_follows_an_informational_response_counts(server, make_client, hooks, waits, status):
    inform(server, EARLY_HINTS, whole(status, b'{"detail": "no"}', "Retry-After: 3"))
    inform(server, PROCESSING, whole(200))
    client = make_client(server, retries=1)
    if status == 404:
        with pytest.raises(Refused, match="returned 404: no") as caught:
            send(client, "POST", before=hooks.before, undo=hooks.undo)
        assert caught.value.not_executed is True
    assert send(client, "POST", before=hooks.before, undo=hooks.undo).data == {"a": 1}
    assert hooks.calls == ["before", "undo", "before"]
    assert waits == ([3.0] if status == 503 else [])
    assert [request.json for request in server.requests] == [{"enabled": True}] * 2


@pytest.mark.parametrize("first", INFORMATIONAL)
@pytest.mark.parametrize("method", ["GET", "PATCH", "POST"])
def test_a_connection_that_ends_after_an_informational_response(server, make_client, hooks, method, first):
    inform(server, INFORMATIONAL[first])
    with pytest.raises(NotReached if method == "GET" else Lost) as caught:
        send(make_client(server, retries=0), method, before=hooks.before, undo=hooks.undo)
    assert caught.value.not_executed is (method == "GET")
    assert hooks.calls == (["before", "undo"] if method == "GET" else ["before"])
    assert len(server.requests) == 1


def test_no_response_in_time_after_an_informational_one(server, make_client):
    server.steps.append(lambda talk: (talk.received(), talk.socket.sendall(EARLY_HINTS), talk.socket.recv(1))[0] is None)
    with pytest.raises(Lost, match="within 0.2 s"):
        send(make_client(server, timeout=0.2, retries=0), "POST")


# An answer that does not end


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def drip(server, monkeypatch, head, byte=b" "):
    """The answer begins with ``head`` and goes on, a byte in five seconds, until the client has gone. Returns the time, which is held."""
    held = Time()
    monkeypatch.setattr(clock, "monotonic", held.monotonic)

    def step(talk):
        talk.received()
        talk.socket.sendall(head)
        while not threading.Event().wait(0.005):
            held.move(5)
            talk.socket.sendall(byte)

    server.steps.append(step)
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
@pytest.mark.parametrize("method", ["GET", "PATCH", "POST"])
def test_an_answer_that_drips_has_an_end(server, make_client, monkeypatch, method, head, byte):
    held = drip(server, monkeypatch, head, byte)
    with pytest.raises(NotReached if method == "GET" else Lost) as caught:
        send(make_client(server, timeout=30, retries=0), method)
    assert held.seconds > 300
    assert f"got no whole answer from 127.0.0.1:{server.port} within 300 s" in str(caught.value)


@pytest.mark.parametrize(("timeout", "whole"), [(0.1, 60), (6, 60), (6.5, 65), (30, 300)])
def test_how_long_a_whole_answer_may_take(timeout, whole):
    assert time_limit.of_whole_answer(timeout) == whole


def test_a_proxy_that_drips_has_an_end(make_server, make_client, monkeypatch):
    proxy = make_server()
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    drip(proxy, monkeypatch, b"HTTP/1.1 200 OK\r\nX: ", b"x")
    with pytest.raises(NotReached, match=r"got no whole answer from acme.invalid within 300 s"):
        send(make_client("https://acme.invalid", timeout=30, retries=0), "POST")


# Answers


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"{}", {}),
        (b"[]", []),
        (b"null", None),
        (b'"text"', "text"),
        (b' {"a": 1} \n', {"a": 1}),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
        ("\ufeff{}".encode(), {}),
        ('{"a": "Z\u00fcrich"}'.encode("utf-16"), {"a": "Z\u00fcrich"}),
    ],
)
def test_json_is_read_whatever_it_calls_itself(server, make_client, body, data):
    client = make_client(server)
    for kind in ("application/json", "text/html", None):
        for status in (200, 201, 202, 207):
            server.answer(status, body=body, content_type=kind)
            assert client.get("/a/") == data


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"<html><title>Log in</title></html>", "text/html"),
        (200, b"", None),
        (204, b"", None),
        (201, b"OK", "text/plain"),
        (200, b"[" * 200000 + b"]" * 200000, "text/plain"),
        (200, b"\xff\xfe\x00", "application/octet-stream"),
    ],
)
def test_success_without_json_is_an_error_and_not_repeated(server, make_client, waits, status, body, kind):
    client = make_client(server)
    for method in ("GET", "POST"):
        server.answer(status, body=body, content_type=kind)
        with pytest.raises(UnreadableAnswer, match=f"returned {status}, but no JSON") as caught:
            send(client, method)
        check_line(caught.value)
        assert caught.value.result()["status"] == status
    assert len(server.requests) == 2
    assert waits == []


def check_line(error, key="s3cret-key-0123456789"):
    text = error.result()["msg"]
    assert "\n" not in text
    assert "\r" not in text
    assert "\x1b" not in text
    assert key not in json.dumps(error.result())
    assert len(text) < 1200


@pytest.mark.parametrize("body", [b"", b'{"items": [', b"{]", b"[" * 200000])
def test_broken_json_of_a_read_is_read_again(server, make_client, body):
    server.answer(200, body=body).answer(200, {"ok": 1})
    assert make_client(server).get("/a/") == {"ok": 1}


@pytest.mark.parametrize("content_length", [True, False])
def test_an_answer_without_length_that_is_cut_short_is_noticed(server, make_client, content_length):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + (b"Content-Length: 99\r\n" if content_length else b"Connection: close\r\n")

    def step(talk):
        talk.received()
        talk.socket.sendall(head + b'\r\n{"extract_ids": [1, 2')
        return False

    server.steps.append(step)
    with pytest.raises(Lost):
        send(make_client(server), "POST")


def test_chunks_that_end_early_are_noticed(server, make_client):
    def step(talk):
        talk.received()
        talk.socket.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n5\r\n12")
        return False

    server.steps.append(step)
    with pytest.raises(Lost):
        send(make_client(server), "POST")


def test_a_body_that_is_not_what_its_encoding_says(server, make_client):
    server.answer(200, body=b"not gzip", headers={"Content-Encoding": "gzip"})
    with pytest.raises(Lost) as caught:
        send(make_client(server), "POST")
    check_line(caught.value)


# Redirects


@pytest.mark.parametrize("method", ["GET", "PATCH", "POST", "PUT"])
def test_redirects_are_not_followed(server, make_server, make_client, hooks, method):
    other, client = make_server(), make_client(server)
    for status in (301, 302, 303, 307, 308):
        server.answer(status, {}, headers={"Location": other.url + "/elsewhere/"})
        with pytest.raises(Refused) as caught:
            send(client, method, before=hooks.before, undo=hooks.undo)
        check_line(caught.value)
        assert f"a redirect to {other.url}/elsewhere/" in str(caught.value)
        assert "Redirects are not followed" in str(caught.value)
        assert not caught.value.not_executed
    assert hooks.calls == ["before"] * 5
    assert len(server.requests) == 5
    assert other.connections == 0


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"Location": "/login/?next=/api/"}, "a redirect to /login/?next=/api/"),
        ({"Location": "//evil.example/"}, "a redirect to //evil.example/"),
        ({"Location": "https://u:p@evil.example/?k=s3cret-key-0123456789"}, "?k=********"),
        ({"Location": "http://[::1"}, "a redirect to http://[::1"),
        ({"Location": "http://host:port:x/\x1b[31m"}, "a redirect to http://host:port:x/"),
        ({"Location": "x" * 5000}, "\u2026"),
        ({"Location": ""}, "a redirect"),
        ({}, "a redirect to nowhere"),
    ],
)
def test_odd_redirects(server, make_client, headers, says):
    server.answer(302, {}, headers=headers)
    with pytest.raises(Refused) as caught:
        make_client(server).get("/a/")
    assert caught.value.status == 302
    assert says in str(caught.value)
    check_line(caught.value)


# What error messages say


@pytest.mark.parametrize(
    ("method", "path", "status", "hint"),
    [
        ("GET", BINDINGS, 401, "Check api_key"),
        ("GET", BINDINGS, 403, "This request needs destination:read."),
        ("PATCH", BINDINGS + "1/", 403, "This request needs destination:write, which only keys of the root workspace can have."),
        ("POST", REQUEUE, 403, "This request needs destination:write, which only keys of the root workspace can have."),
        ("GET", _client.DATASTREAMS, 403, "This request needs datastream:read."),
        ("PATCH", _client.DATASTREAMS, 403, "This request needs datastream:write."),
        ("GET", "/api/target-types/", 403, "This request needs destination:read."),
        ("OPTIONS", "/api/target-types/70/targets/", 403, "This request needs destination:read."),
        ("POST", "/api/target-types/70/targets/", 403, "This request needs destination:write, which only keys of the root workspace can have."),
        ("DELETE", "/api/target-types/70/targets/1/mappings/2/", 403, "This request needs destination:write"),
        ("GET", "/api/stacks/", 403, "This request needs workspace:read."),
        ("GET", "/api/datastreams/", 403, "This request needs datastream:read."),
        ("GET", "/api/extracts/", 403, "This request needs datastream:read."),
        ("GET", "/api/connection-types/", 403, "Check the scopes of the key. Which scope this request needs is not documented."),
        ("GET", BINDINGS, 404, None),
    ],
)
def test_hints(server, make_client, method, path, status, hint):
    server.answer(status, {"detail": "Forbidden."})
    params = {"datastream_id": [UUID]} if method != "GET" else None
    with pytest.raises(Refused) as caught:
        make_client(server).request(method, path, params)
    message = str(caught.value)
    assert message.startswith(f"{method} {path} returned {status}: Forbidden.")
    assert message.endswith("Forbidden." if hint is None else hint) or (hint or "-") in message
    assert caught.value.result()["response"] == "Forbidden."


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"detail": "you sent Bearer s3cret-key-0123456789"}', "application/json"),
        (b"<title>s3cret-key-0123456789</title>", "text/html"),
        (b"\n\r\n\x1b[2J s3cret-key-0123456789\n", "text/plain"),
        (b"x" * 100000 + b"s3cret-key-0123456789", "text/plain"),
        (b'{"s3cret-key-0123456789": {"s3cret-key-0123456789": ["s3cret-key-0123456789"]}}', "application/json"),
        (b"[" * 100000, "application/json"),
    ],
)
def test_error_messages_are_one_short_line_without_the_key(server, make_client, body, kind):
    client = make_client(server, retries=0)
    for status in (400, 401, 403, 404, 422, 429, 500, 503):
        server.answer(status, body=body, content_type=kind)
        with pytest.raises(Refused) as caught:
            client.get("/a/")
        check_line(caught.value)


def test_success_that_echoes_the_key_without_json(server, make_client):
    server.answer(200, body=b"s3cret-key-0123456789", content_type="text/plain")
    with pytest.raises(UnreadableAnswer) as caught:
        make_client(server).get("/a/")
    check_line(caught.value)


def test_a_broken_answer_that_echoes_the_key(server, make_client):
    server.steps.append(lambda talk: (talk.received(), talk.socket.sendall(b"s3cret-key-0123456789 \x1b[31m\r\n\r\n"))[0] is None)
    with pytest.raises(NotReached) as caught:
        make_client(server, retries=0).get("/a/")
    check_line(caught.value)


@pytest.mark.parametrize("status", [101, 300, 304, 418, 451, 499, 599, 999])
def test_unusual_statuses_are_typed_errors(server, make_client, status):
    server.answer(status, body=b"" if status in (101, 304) else b"x", content_type=None)
    with pytest.raises(Refused) as caught:
        make_client(server, retries=0).get("/a/")
    assert caught.value.status == status


# The environment


def test_netrc_is_not_read(server, make_client, monkeypatch, tmp_path, key):
    for name in (".netrc", "_netrc"):
        path = tmp_path / "home" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("machine 127.0.0.1 login thief password stolen\ndefault login thief password stolen\n")
        path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "home" / ".netrc"))
    server.answer(200, {})
    make_client(server).get("/a/")
    assert os.path.expanduser("~/.netrc") == str(tmp_path / "home" / ".netrc")
    assert server.requests[0].headers["authorization"] == "Bearer " + key


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"])
def test_http_never_takes_a_proxy(server, make_server, make_client, monkeypatch, name):
    proxy = make_server()
    monkeypatch.setenv(name, proxy.url)
    server.answer(200, {"ok": 1})
    assert make_client(server).get("/a/") == {"ok": 1}
    assert proxy.connections == 0


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_https_takes_the_proxy_and_tells_it_no_key(make_server, make_client, monkeypatch, hooks, name, method):
    proxy = make_server()
    monkeypatch.setenv(name, proxy.url)
    proxy.answer(403, {"detail": "not from here"}, close=True)
    with pytest.raises(NotReached) as caught:
        send(make_client("https://acme.invalid", retries=0), method, before=hooks.before, undo=hooks.undo)
    check_line(caught.value)
    assert "403" in str(caught.value)
    [request] = proxy.requests
    assert (request.method, request.target) == ("CONNECT", "acme.invalid:443")
    assert "authorization" not in request.headers
    assert hooks.calls == ["before", "undo"]


@pytest.mark.parametrize("exempt", ["127.0.0.1", "*", "localhost,127.0.0.0/8"])
def test_no_proxy_is_honoured(make_server, make_client, monkeypatch, exempt):
    proxy = make_server()
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", exempt)
    with pytest.raises(NotReached):
        make_client(f"https://127.0.0.1:{closed_port()}", retries=0).get("/a/")
    assert proxy.connections == 0


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize(
    "proxy",
    [
        "http://me:pa#PASSWORD@proxy.example:3128", "http://me:PASSWORD#@proxy.example:3128", "http://me:pa/PASSWORD@proxy.example:3128",
        "http://me:12/PASSWORD@proxy.example:3128", "http://me:pa?PASSWORD@proxy.example:3128", "http://m#e:PASSWORD@proxy.example:3128",
        "http://me:PASSWORD@proxy.example:70000", "http://me:PASSWORD@proxy.example:x", "http://me:PASSWORD", "http://me:PASSWORD@", "http://PASSWORD#",
        "me:pa/PASSWORD@proxy.example:3128", "http://me:pa\\PASSWORD@proxy.example", "http://me:PASSWORD@[proxy.example:3128", "http://PASS WORD@proxy",
    ],
)  # fmt: skip
def test_a_proxy_that_is_no_url_is_refused_and_not_shown(make_client, monkeypatch, name, proxy):
    monkeypatch.setenv(name, proxy)
    with pytest.raises(InputError, match="is not a URL like http://proxy:3128 .not shown") as caught:
        make_client("https://acme.example").get("/x/")
    for piece in ("PASSWORD", "PASS", "WORD"):
        assert piece not in str(caught.value.result())


@pytest.mark.parametrize("proxy", ["http://me:p%23%2F%3F%40w@127.0.0.1:1", "me:p%23w@127.0.0.1:1/", "http://127.0.0.1:1", "http://tok3n@127.0.0.1:1"])
def test_a_proxy_that_does_not_answer_is_shown_without_its_password(make_client, monkeypatch, proxy):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(NotReached) as caught:
        make_client("https://acme.example", retries=0).get("/x/")
    for piece in ("p%23", "p#", "tok3n"):
        assert piece not in str(caught.value.result())


def test_a_proxy_set_after_the_client_was_made_changes_nothing(server, make_server, make_client, monkeypatch):
    proxy = make_server()
    client = make_client(f"https://127.0.0.1:{closed_port()}", retries=0)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    pytest.raises(NotReached, client.get, "/a/")
    assert proxy.connections == 0


@pytest.mark.parametrize("url", ["socks5h://127.0.0.1:9", "http://[::1", "nonsense://x", "http://", "http://127.0.0.1:port"])
def test_a_proxy_that_cannot_be_used_is_a_typed_error(make_client, monkeypatch, url):
    monkeypatch.setenv("HTTPS_PROXY", url)
    with pytest.raises(AdverityError) as caught:
        make_client("https://acme.invalid", retries=0).get("/a/")
    check_line(caught.value)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize(("verify", "wins"), [(True, False), (False, True), ("own", True)])
def test_which_certificates_count(make_client, monkeypatch, tmp_path, name, verify, wins):
    monkeypatch.setenv(name, str(tmp_path / "environment.pem"))
    verify = str(tmp_path / "own.pem") if verify == "own" else verify
    client = make_client("https://acme.invalid", verify=verify)
    settings = client.transport.session.merge_environment_settings("https://acme.invalid/", {}, None, None, None)
    assert settings["verify"] == (verify if wins else str(tmp_path / "environment.pem"))


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_certificates_that_cannot_be_read_are_a_typed_error(make_client, server, tmp_path, content):
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(NotReached) as caught:
        make_client(f"https://127.0.0.1:{server.port}", verify=str(tmp_path / "ca.pem"), retries=0).get("/a/")
    check_line(caught.value)


# Writes to datastreams


@pytest.mark.parametrize(
    "params",
    [
        None, {}, {"enabled": "true"}, {"workspace_id": [UUID]}, {"datastream_id": None}, {"datastream_id": []}, {"datastream_id": ""},
        {"datastream_id": UUID}, {"datastream_id": {UUID: 1}}, {"datastream_id": [None]}, {"datastream_id": [""]}, {"datastream_id": [UUID, ""]},
        {"datastream_id": [7]}, {"datastream_id": [UUID] * 51}, {"datastream_ids": [UUID]}, {"datastream_id": iter([UUID])},
    ],
)
def test_no_write_to_datastreams_leaves_without_naming_them(server, make_client, hooks, params):
    client = make_client(server)
    for method in ("PATCH", "PUT", "POST", "DELETE", "patch", "OPTIONS"):
        for path in (_client.DATASTREAMS, _client.DATASTREAMS + "pulling/smart/", _client.DATASTREAMS + "?datastream_id=" + UUID):
            with pytest.raises(InputError, match="Nothing was sent"):
                client.request(method, path, params, {"enabled": False}, before=hooks.before, undo=hooks.undo)
    assert server.connections == 0
    assert hooks.calls == []


@pytest.mark.parametrize("count", [1, 50])
def test_a_write_to_named_datastreams_leaves(server, make_client, count):
    server.answer(200, {})
    make_client(server).request("PATCH", _client.DATASTREAMS, {"datastream_id": [UUID] * count}, {"enabled": False})
    assert server.requests[0].target.count("datastream_id=" + UUID) == count


def test_reads_of_datastreams_need_not_name_them(server, make_client):
    server.answer(200, {"items": [], "count": 0})
    make_client(server).get(_client.DATASTREAMS)


# Whatever requests raises


@pytest.mark.parametrize(("method", "taken"), [("GET", False), ("POST", False), ("POST", True)])
@pytest.mark.parametrize(
    "kind",
    ["RequestException", "ChunkedEncodingError", "ContentDecodingError", "InvalidHeader", "RetryError", "urllib3", "ValueError", "OSError"],
)
def test_every_error_of_the_library_becomes_a_typed_one(make_client, monkeypatch, hooks, method, taken, kind):
    client = make_client("https://acme.invalid", retries=0)
    kinds = {"urllib3": _transport.urllib3.exceptions.HTTPError, "ValueError": ValueError, "OSError": OSError}
    error = kinds.get(kind) or getattr(_transport.requests.exceptions, kind)

    def fail(request, **_more):
        if taken:
            request.body.read(1)
        raise error("two\nlines with s3cret-key-0123456789")

    monkeypatch.setattr(client.transport.session, "send", fail)
    with pytest.raises((NotReached, Lost)) as caught:
        send(client, method, before=hooks.before, undo=hooks.undo)
    check_line(caught.value)
    assert isinstance(caught.value, Lost) is taken
    assert hooks.calls == (["before"] if taken else ["before", "undo"])


@pytest.mark.parametrize("cause", [ssl.SSLCertVerificationError(1, "certificate verify failed"), type("CertificateError", (ValueError,), {})("another host")])
def test_a_certificate_that_is_not_good_is_not_tried_again(make_client, monkeypatch, waits, cause):
    client = make_client("https://acme.invalid")

    def fail(*_args, **_more):
        pool = _transport.urllib3.HTTPSConnectionPool("acme.invalid")
        raise _transport.requests.exceptions.SSLError(_transport.urllib3.exceptions.MaxRetryError(pool, "/", cause))

    monkeypatch.setattr(client.transport.session, "send", fail)
    with pytest.raises(NotReached, match="ca_path"):
        client.get("/a/")
    assert waits == []


def test_causes_that_contain_each_other_end(make_client, monkeypatch):
    client = make_client("https://acme.invalid", retries=0)
    first, second = OSError("first"), OSError("second")
    first.__cause__, second.__cause__ = second, first

    def fail(*_args, **_more):
        raise first

    monkeypatch.setattr(client.transport.session, "send", fail)
    with pytest.raises(NotReached, match=r"got no answer from acme.invalid: (first|second)\."):
        client.get("/a/")


def test_an_error_that_says_nothing_is_named_by_its_kind(make_client, monkeypatch):
    client = make_client("https://acme.invalid", retries=0)

    def fail(*_args, **_more):
        raise ConnectionResetError

    monkeypatch.setattr(client.transport.session, "send", fail)
    with pytest.raises(NotReached, match="ConnectionResetError"):
        client.get("/a/")

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the client makes of responses, of any number of them; that none shows the key: properties/test_any_input.py."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import client as _client
from ansible_collections.adverity.management.plugins.module_utils._api import errors
from ansible_collections.adverity.management.plugins.module_utils._api.transport import NoResponse
from ansible_collections.adverity.management.tests.unit.plugins.module_utils._api.scripted import KEY, open_client
from ansible_collections.adverity.management.tests.unit.plugins.support.transport import respond

UUID = "9b2f0c1e-5d34-4c1c-8a77-0f6d3f1f2a10"
PATH, DATASTREAMS = "/api/v1/bindings/1/", "/api/v1/datastreams/"
LOST = NoResponse("got no response from acme.example", "closed", body_taken=True)
AWAY = NoResponse("got no response from acme.example", "Connection refused")
HOPELESS = NoResponse("got no response from acme.example", "certificate verify failed", passing=False, hint="Set ca_path.")
HTML = respond(200, b"<html><title>Log in</title></html>", Content_Type="text/html")
CUT = respond(200, b'{"items": [')
COME_BACK = respond(503, Retry_After="3")


def attempt(client, method, path=PATH, **more):
    """What a request gives: its answer, or its error."""
    try:
        return client.request(method, path, **more)
    except errors.AdverityError as error:
        return error


# Requests


def test_headers_and_bodies_of_a_read_and_of_writes():
    client = open_client(200, 200, 200)
    client.get(PATH, {"page": 1})
    client.request("PATCH", PATH, body={"enabled": True})
    client.request("POST", PATH, body={})
    read, write, empty = client.transport.requests
    headers = {"Authorization": "Bearer " + KEY, "Accept": "application/json", "User-Agent": "adverity.management/" + _client.VERSION}
    assert read == ("GET", PATH, {"page": 1}, headers, None, False)
    assert write == ("PATCH", PATH, None, {**headers, "Content-Type": "application/json"}, b'{"enabled": true}', False)
    assert empty == write._replace(method="POST", body=b"{}")


# Tries


@pytest.mark.parametrize(
    ("method", "steps", "hooks", "error", "certain"),
    [
        # hooks: calls of before (+) and undo (-); certain: no earlier try may have been carried out, and after an error not this one
        ("POST", [200], "+", None, True),
        ("POST", [429, 200], "+-+", None, True),
        ("POST", [AWAY, AWAY, 200], "+-+-+", None, True),
        ("POST", [429, 429, 404], "+-+-+-", errors.Refused, True),
        ("POST", [AWAY] * 5, "+-" * 5, errors.NotReached, True),
        ("POST", [HOPELESS], "+-", errors.NotReached, True),
        ("POST", [500], "+", errors.Refused, False),
        ("POST", [503], "+", errors.Refused, False),
        ("POST", [LOST], "+", errors.Lost, False),
        ("POST", [CUT], "+", errors.Lost, False),
        ("POST", [HTML], "+", errors.UnreadableAnswer, False),
        ("PATCH", [429, 200], "+-+", None, True),
        ("PATCH", [500, 429, 200], "+++", None, False),
        ("PATCH", [LOST, 404], "++", errors.Refused, False),
        ("PUT", [503, LOST, CUT, 200], "++++", None, False),
        ("PUT", [LOST] * 5, "+++++", errors.Lost, False),
        # of a request without a body nobody can tell how far it came
        ("DELETE", [AWAY, 404], "++", errors.Refused, False),
        ("DELETE", [AWAY] * 5, "+++++", errors.Lost, False),
        ("GET", [AWAY, 500, CUT, 200], "+-+++", None, False),
    ],
)
def test_what_is_repeated_and_what_is_known_in_the_end(waits, method, steps, hooks, error, certain):
    client, called = open_client(*steps), []
    result = attempt(client, method, before=lambda: called.append("+"), undo=lambda: called.append("-"))
    if error is None:
        assert (result.data, result.repeated) == ({}, not certain)
    else:
        assert (type(result), result.not_executed, getattr(result, "tries", 1)) == (error, certain, len(steps))
    assert "".join(called) == hooks
    requests = client.transport.requests
    assert len(requests) == len(steps) == len(waits) + 1
    # After a wait, however short, a POST does not trust a connection that was kept.
    assert requests == [requests[0], *[requests[0]._replace(new_connection=True)] * len(waits)]


def test_waits_are_those_that_the_server_asks_for_up_to_the_cap_or_double(waits):
    open_client(respond(429, Retry_After="7"), respond(429, Retry_After="3600"), 429, 429, 200).get(PATH)
    assert waits[:2] == [7, 60]
    assert 1.5 <= waits[2] <= 2 < 3 <= waits[3] <= 4


# Confirming instead of repeating


@pytest.mark.parametrize("step", [LOST, CUT, 501, 503])
@pytest.mark.parametrize("retries", [0, 4])
@pytest.mark.parametrize("found", [200, 403])
def test_what_is_confirmed_or_cannot_be_is_not_repeated(step, retries, found):
    client = open_client(step, respond(found, b'{"id": 1}'), retries=retries)
    result = attempt(client, "PATCH", confirm=lambda: client.get(PATH))
    if found == 200:
        assert (result.data, result.repeated) == ({"id": 1}, True)
    else:
        assert (result.method, result.not_executed) == ("PATCH", False)
    assert [request.method for request in client.transport.requests] == ["PATCH", "GET"]


@pytest.mark.parametrize(
    ("steps", "asked"),
    [
        ([LOST, 429, 503, 200], [(1, 1), (2, 2), (3, 3)]),
        ([504, 504, 504, 504], [(1, 1), (2, 2), (3, 3), (4, 3)]),
        ([429, COME_BACK, 200], []),  # a certain outcome is not asked for
        ([404], []),
    ],
)
def test_confirming_is_asked_for_after_each_try_of_unknown_outcome_and_its_wait(waits, steps, asked):
    client, seen = open_client(*steps, retries=3), []
    result = attempt(client, "PATCH", confirm=lambda: seen.append((len(client.transport.requests), len(waits))))
    assert getattr(result, "status", 200) == steps[-1]
    assert seen == asked


# Responses


def test_answers_with_success_tell_the_time_and_no_others():
    date, later = datetime(2026, 1, 1, 12, 0, 30, tzinfo=timezone.utc), "Thu, 01 Jan 2026 13:00:30 GMT"
    client = open_client(respond(200, b"{}", Date="Thu, 01 Jan 2026 12:00:30 GMT"), respond(404, Date=later), HTML._replace(headers={"Date": later}), 200)
    assert client.date is None
    assert attempt(client, "PATCH").date == client.date == date
    assert [type(attempt(client, "GET")) for _time in range(2)] == [errors.Refused, errors.UnreadableAnswer]
    assert client.date == date
    assert attempt(client, "GET").date is client.date is None


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b' {"a": 123456789012345678901234567890} \n', {"a": 123456789012345678901234567890}),
        ("\ufeff{}".encode(), {}),
        ('{"a": "Z\u00fcrich"}'.encode("utf-16"), {"a": "Z\u00fcrich"}),
    ],
)
def test_json_is_read_whatever_it_calls_itself(body, data):
    for status in (200, 201, 299):
        for kind in ("application/json", "text/html", ""):
            assert open_client(respond(status, body, Content_Type=kind)).get(PATH) == data


@pytest.mark.parametrize(
    ("method", "status", "body", "kind"),
    [
        ("GET", 200, b"<html><title>Log in</title></html>", "text/html"),
        ("GET", 204, b"", ""),
        ("GET", 200, b"[" * 200000 + b"]" * 200000, "text/plain"),
        ("GET", 200, b"\xff\xfe\x00", "application/octet-stream"),
        ("POST", 201, b"OK", "text/plain"),
        ("DELETE", 200, b"<p>Log in</p>", "text/html"),
    ],
)
def test_success_without_json_is_an_error_and_not_repeated(method, status, body, kind):
    error = attempt(open_client(respond(status, body, Content_Type=kind)), method)
    assert str(error).startswith(f"{method} {PATH} returned {status}, but no JSON: ")
    assert " Check that instance is the host" in str(error)
    result = error.result()
    assert (type(error), result["method"], result["path"], result["status"]) == (errors.UnreadableAnswer, method, PATH, status)


@pytest.mark.parametrize("status", [200, 204])
def test_delete_may_be_answered_with_nothing(status):
    assert open_client(respond(status, b"")).request("DELETE", PATH).data is None


@pytest.mark.parametrize("status", [101, 199, 300, 304, 418, 499, 599, 999])
def test_unusual_status_is_a_refusal(status):
    assert attempt(open_client(status, retries=0), "GET").status == status


# Messages

SCOPES = " Check the scopes of the key. "


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"Location": "/login/?next=/api/"}, "a redirect to /login/?next=/api/. Redirects are not followed"),
        ({"Location": "https://u:p@evil.example/?k=" + KEY}, "?k=********"),
        ({"Location": "http://host:port:x/\x1b[31m" + "x" * 5000}, "\u2026"),
        ({}, "a redirect to nowhere"),
        ({"Location": ""}, "a redirect to nowhere"),
    ],
)
def test_redirect_says_where_to(headers, says):
    assert says in str(attempt(open_client(respond(302, **headers)), "GET"))


@pytest.mark.parametrize(
    ("method", "path", "status", "hint"),
    [
        ("GET", PATH, 401, " Check api_key."),
        ("GET", PATH, 403, SCOPES + "This request needs destination:read."),
        ("PATCH", PATH, 403, SCOPES + "This request needs destination:write, which only keys of the root workspace can have."),
        ("GET", "/api/connection-types/", 403, SCOPES + "Which scope this request needs is not documented."),
        ("GET", PATH, 404, ""),
    ],
)
def test_refusal_has_a_hint(method, path, status, hint):
    client = open_client(respond(status, b'{"detail": "Forbidden."}'))
    error = attempt(client, method, path, params={"datastream_id": [UUID]}, rows_in="datastream_id")
    assert str(error).startswith(f"{method} {path} returned {status}: Forbidden.{hint}")
    assert error.result()["response"] == "Forbidden."


@pytest.mark.parametrize("kind", [errors.NotReached, errors.Lost])
def test_broken_connection_is_one_line_without_the_key(kind):
    broken = NoResponse("got no response from acme.example", f"two\nlines with {KEY} \x1b[31m", body_taken=kind is errors.Lost, hint="A hint.")
    error = attempt(open_client(broken, retries=0), "POST")
    assert str(error).startswith(f"POST {PATH} got no response from acme.example: two lines with ********")
    assert (type(error), str(error).endswith(" A hint.")) == (kind, kind is errors.NotReached)


# Writes name what they change

BULK = (DATASTREAMS, DATASTREAMS + "pulling/smart/", DATASTREAMS + "?datastream_id=" + UUID, DATASTREAMS + "?a=/7/", "/api/v1/bindings/", "/api/v1/7/on/2x/")
METHODS = ("PATCH", "PUT", "POST", "DELETE", "patch", "OPTIONS")
BELOW_A_ROW = "/api/target-types/7/targets/"


@pytest.mark.parametrize("rows_in", ["datastream_id", _client.BODY])
@pytest.mark.parametrize(
    "params",
    [
        None, {}, {"datastream_id": None}, {"datastream_id": []}, {"datastream_id": UUID}, {"datastream_id": {UUID: 1}}, {"datastream_id": [UUID, ""]},
        {"datastream_id": [7]}, {"datastream_id": [UUID] * 51}, {"datastream_ids": [UUID]}, {"datastream_id": iter([UUID])},
    ],
)  # fmt: skip
def test_no_bulk_write_leaves_without_naming_its_rows(params, rows_in):
    client, called = open_client(), []
    for method in METHODS:
        for path in (PATH, *BULK):
            if (method, rows_in) != ("POST", _client.BODY):
                with pytest.raises(errors.InputError, match=rf"must name 1 to 50 rows in {rows_in}\. Nothing was sent\."):
                    client.request(method, path, params, {"enabled": False}, before=lambda: called.append("before"), rows_in=rows_in)
    assert (client.transport.requests, called) == ([], [])


@pytest.mark.parametrize("method", METHODS)
def test_bulk_write_that_forgets_to_say_where_its_rows_are_is_refused(method):
    client = open_client()
    for path in BULK if method in ("POST", "OPTIONS") else (*BULK, BELOW_A_ROW):
        with pytest.raises(errors.InputError, match=r"does not name what it changes\. Nothing was sent\."):
            client.request(method, path, {"datastream_id": [UUID]}, {"enabled": False})
    assert client.transport.requests == []


@pytest.mark.parametrize(
    ("method", "path", "rows"),
    [
        *[(method, DATASTREAMS, {"params": {"datastream_id": [UUID] * count}, "rows_in": "datastream_id"}) for method in ("PATCH", "PUT") for count in (1, 50)],
        *[(method, PATH, {}) for method in METHODS],
        *[(method, BELOW_A_ROW, {}) for method in ("POST", "OPTIONS")],
        *[("POST", path, {}) for path in ("/api/datastreams/7/fetch_fixed/", "/api/jobs/7/stop")],
        ("POST", "/api/v1/extracts/requeue/", {"rows_in": _client.BODY}),
        ("GET", DATASTREAMS, {}),
    ],
)  # fmt: skip
def test_request_that_names_its_rows_is_sent(method, path, rows):
    client = open_client(200)
    client.request(method, path, body={}, **rows)
    assert [(each.method, each.path) for each in client.transport.requests] == [(method, path)]

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import errors


def test_result_holds_message_and_facts():
    error = errors.AdverityError("It is wrong.", unknown_ids=[7])
    assert error.result() == {"msg": "It is wrong.", "unknown_ids": [7]}


def test_what_a_caller_adds_comes_after_the_message_in_its_order():
    error = errors.AdverityError("It is wrong.")
    error.say("Done before: 1.")
    error.say("Left: 2.")
    assert error.result() == {"msg": "It is wrong. Done before: 1. Left: 2."}
    assert str(error) == "It is wrong."


def test_a_fact_never_replaces_the_message():
    assert errors.AdverityError("The message.", msg="another").result() == {"msg": "The message."}


def test_result_is_no_view_of_the_facts():
    error = errors.AdverityError("It is wrong.")
    error.result()["more"] = 1
    assert error.result() == {"msg": "It is wrong."}


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (errors.NotReached("GET", "/a/", "got no answer: refused"), "GET /a/ got no answer: refused."),
        (errors.NotReached("GET", "/a/", "got no answer", hint="Look at ca_path."), "GET /a/ got no answer. Look at ca_path."),
        (errors.Lost("POST", "/b/", "got no answer"), "POST /b/ got no answer."),
        (errors.Refused("PATCH", "/c/", 403, "Forbidden."), "PATCH /c/ returned 403: Forbidden."),
        (errors.Refused("PATCH", "/c/", 404, "Not found", hint="Check the id."), "PATCH /c/ returned 404: Not found. Check the id."),
    ],
)
def test_message_of_a_request(error, message):
    assert str(error) == message
    assert error.result()["msg"] == str(error)


def test_tries_are_told_where_there_was_more_than_one():
    error = errors.Lost("GET", "/a/", "got no answer")
    assert "tried" not in str(error)
    error.tries = 5
    assert str(error) == "GET /a/ got no answer (tried 5 times)."


def test_facts_of_a_request():
    assert errors.Lost("GET", "/a/", "x").result() == {"msg": "GET /a/ x.", "method": "GET", "path": "/a/"}
    result = errors.Refused("GET", "/a/", 404, "Not found").result()
    assert (result["status"], result["response"]) == (404, "Not found")


def test_what_was_certainly_not_executed():
    table = [
        (errors.NotReached("POST", "/a/", "x"), True),
        (errors.Lost("POST", "/a/", "x"), False),
        (errors.UnreadableAnswer("x"), False),
        (errors.Refused("POST", "/a/", 302, "x"), False),
        (errors.Refused("POST", "/a/", 400, "x"), True),
        (errors.Refused("POST", "/a/", 429, "x"), True),
        (errors.Refused("POST", "/a/", 429, "x", 3.0), True),
        (errors.Refused("POST", "/a/", 499, "x"), True),
        (errors.Refused("POST", "/a/", 500, "x"), False),
        (errors.Refused("POST", "/a/", 500, "x", 3.0), False),
        (errors.Refused("POST", "/a/", 502, "x", 3.0), False),
        (errors.Refused("POST", "/a/", 503, "x"), False),
        (errors.Refused("POST", "/a/", 503, "x", 0.0), True),
        (errors.Refused("POST", "/a/", 504, "x", 3.0), False),
    ]
    for error, not_executed in table:
        assert error.not_executed is not_executed


def test_every_error_is_caught_as_one():
    kinds = [errors.InputError, errors.LedgerError, errors.UnreadableAnswer, errors.RequestError, errors.NotReached, errors.Lost, errors.Refused]
    assert all(issubclass(kind, errors.AdverityError) for kind in kinds)

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import (
    AdverityError,
    Lost,
    NotReached,
    Refused,
    UnreadableAnswer,
)


def test_result_is_the_message_then_what_callers_add_and_the_facts():
    error = AdverityError("It is wrong.", unknown_ids=[7], msg="a fact never replaces the message")
    error.say("Done before: 1.")
    error.say("Left: 2.")
    error.result()["more"] = 1  # a copy
    assert error.result() == {"msg": "It is wrong. Done before: 1. Left: 2.", "unknown_ids": [7]}
    assert str(error) == "It is wrong."


@pytest.mark.parametrize(
    ("error", "tries", "message"),
    [
        (NotReached("GET", "/a/", "got no response: refused"), 1, "GET /a/ got no response: refused."),
        (NotReached("GET", "/a/", "got no response", hint="Look at ca_path."), 2, "GET /a/ got no response (tried 2 times). Look at ca_path."),
        (Lost("GET", "/a/", "got no response."), 5, "GET /a/ got no response (tried 5 times)."),
        (Refused("GET", "/a/", 403, "Forbidden."), 1, "GET /a/ returned 403: Forbidden."),
        (Refused("GET", "/a/", 404, "Not found", hint="Check the id."), 1, "GET /a/ returned 404: Not found. Check the id."),
    ],
)
def test_result_of_a_request(error, tries, message):
    error.tries = tries
    refused = {"status": error.status, "response": error.text} if isinstance(error, Refused) else {}
    assert error.result() == {"msg": message, "method": "GET", "path": "/a/", **refused}


@pytest.mark.parametrize(
    ("error", "not_executed"),
    [
        (NotReached("POST", "/a/", "x"), True),
        (Lost("POST", "/a/", "x"), False),
        (UnreadableAnswer("x"), False),
        *((Refused("POST", "/a/", status, "x"), True) for status in (400, 429, 499)),
        *((Refused("POST", "/a/", status, "x"), False) for status in (302, 399, 500, 503)),
        *((Refused("POST", "/a/", status, "x", 3.0), False) for status in (500, 502, 504)),
        (Refused("POST", "/a/", 429, "x", 3.0), True),
        (Refused("POST", "/a/", 503, "x", 0.0), True),
    ],
)
def test_what_was_certainly_not_executed(error, not_executed):
    assert error.not_executed is not_executed

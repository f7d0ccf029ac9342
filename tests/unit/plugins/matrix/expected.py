# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix: what each fault does to each kind of call. Written down from the promises in README and module documentation, before any run.

Every call sends three requests of one kind, and the fault meets the second of them: the second page of a list, the second binding, the
second fifty datastreams, the second batch of extracts. A cell says what becomes of the call, and how often that request may be sent:

survived  The result is whole and right, as if nothing had been.
error     The call fails and says why. Of a write: the service certainly did nothing, or (a change of datastreams, which can be repeated)
          what is not confirmed is told apart from what is.
unknown   The call fails and says that it does not know whether the service did it. It says of what, and what it did before.
-         Not tried: the fault does not exist for this call, or is the same as another one.

The rules behind it: reads, PATCH and PUT are repeated after whatever may pass (retries: 2, so three tries). A requeue, the POST, is repeated only
where the service certainly did nothing: 429, and 503 with Retry-After. 4xx is a refusal; whatever else happens to a POST leaves it unknown.
"once" stands where nothing is said: the fault meets one try. A lasting one meets every try. What is too slow takes effect after the client has stopped
waiting, and perhaps between two tries.
"""

from __future__ import annotations

from typing import Any

RETRIES = 2

EXPECTED = """
fault                                | bindings list | extracts list | PATCH binding | PATCH datastreams | PUT smart  | POST requeue
400                                  | error 1       | error 1       | error 1       | error 1           | error 1    | survived 1
401                                  | error 1       | error 1       | error 1       | error 1           | error 1    | error 1
403                                  | error 1       | error 1       | error 1       | error 1           | error 1    | error 1
404                                  | error 1       | survived 2    | error 1       | error 1           | error 1    | survived 1
422                                  | error 1       | error 1       | error 1       | error 1           | error 1    | survived 1
429                                  | survived 2    | survived 2    | survived 2    | survived 2        | survived 2 | survived 2
429, Retry-After in seconds          | survived 2    | survived 2    | survived 2    | survived 2        | survived 2 | survived 2
429, Retry-After as a date           | survived 2    | survived 2    | survived 2    | survived 2        | survived 2 | survived 2
429, lasting                         | error 3       | error 3       | error 3       | error 3           | error 3    | error 3
500                                  | survived 2    | survived 2    | survived 2    | survived 2        | survived 2 | unknown 1
500, after the work                  | -             | -             | survived <=2  | survived 2        | survived 2 | unknown 1
500, lasting                         | error 3       | error 3       | unknown 3     | error 3           | error 3    | -
502, HTML of a proxy                 | survived 2    | survived 2    | survived 2    | survived 2        | survived 2 | unknown 1
503                                  | survived 2    | survived 2    | survived 2    | survived 2        | survived 2 | unknown 1
503, Retry-After in seconds          | survived 2    | survived 2    | survived 2    | survived 2        | survived 2 | survived 2
503, Retry-After as a date           | survived 2    | survived 2    | survived 2    | survived 2        | survived 2 | survived 2
503, Retry-After, lasting            | error 3       | error 3       | error 3       | error 3           | error 3    | error 3
redirect                             | error 1       | error 1       | unknown 1     | error 1           | error 1    | unknown 1
dropped before the work              | survived 2    | survived 2    | survived 2    | survived 2        | survived 2 | unknown 1
dropped after the work               | -             | -             | survived <=2  | survived 2        | survived 2 | unknown 1
dropped, lasting                     | error 3       | error 3       | unknown 3     | error 3           | error 3    | -
slow before the work, in time        | survived 1    | survived 1    | survived 1    | survived 1        | survived 1 | survived 1
slow after the work, in time         | -             | -             | survived 1    | survived 1        | survived 1 | survived 1
too slow before the work             | survived 2    | survived 2    | survived <=2  | survived 2        | survived 2 | unknown 1
too slow after the work              | -             | -             | survived <=2  | survived 2        | survived 2 | unknown 1
too slow, lasting                    | error 3       | error 3       | survived <=3  | error 3           | error 3    | -
answer cut short                     | survived 2    | survived 2    | survived <=2  | survived 2        | survived 2 | unknown 1
answer cut short, lasting            | error 3       | error 3       | survived <=3  | error 3           | error 3    | -
HTML instead of JSON                 | error 1       | error 1       | unknown 1     | error 1           | error 1    | unknown 1
HTML instead of JSON, after the work | -             | -             | unknown 1     | error 1           | error 1    | unknown 1
JSON of another shape                | error 1       | error 1       | unknown 1     | error 1           | error 1    | unknown 1
JSON of another shape, after the work| -             | -             | unknown 1     | error 1           | error 1    | unknown 1
count too big on one page            | survived <=3  | survived <=4  | -             | -                 | -          | -
count too big from there on          | error <=3     | error <=4     | -             | -                 | -          | -
count too small on one page          | survived <=3  | survived <=4  | -             | -                 | -          | -
count too small from there on        | error <=3     | error <=4     | -             | -                 | -          | -
a row appears between two pages      | survived <=3  | survived <=4  | -             | -                 | -          | -
a row goes between two pages         | survived <=3  | survived <=4  | -             | -                 | -          | -
"""

IN_TIME, TOO_SLOW, TIMEOUT = 0.5, 18.0, 6.0  # seconds, which pass on a clock that is held
ELSEWHERE = "https://elsewhere.example/api/"
OTHER_SHAPE = {"status": "ok", "data": [1, 2]}
A_PROXY = {"code": 502, "body": "<html><body><h1>Bad Gateway</h1></body></html>", "content_type": "text/html"}


def _again_later(code: int, when: str) -> dict[str, Any]:
    return {"status": {"code": code, "headers": {"Retry-After": when}}}


# The faults in the words of the simulator. What a row that appears or goes is depends on the list, see calls.py.
FAULTS: dict[str, dict[str, Any]] = {
    **{str(code): {"status": {"code": code}} for code in (400, 401, 403, 404, 422, 429, 500, 503)},
    "429, Retry-After in seconds": _again_later(429, "1"),
    "429, Retry-After as a date": _again_later(429, "http-date+2"),
    "429, lasting": {"status": {"code": 429}, "times": None},
    "500, after the work": {"status": {"code": 500}, "work": True},
    "500, lasting": {"status": {"code": 500}, "times": None},
    "502, HTML of a proxy": {"status": A_PROXY},
    "503, Retry-After in seconds": _again_later(503, "1"),
    "503, Retry-After as a date": _again_later(503, "http-date+2"),
    "503, Retry-After, lasting": {**_again_later(503, "1"), "times": None},
    "redirect": {"redirect": {"to": ELSEWHERE, "code": 307}},
    "dropped before the work": {"drop": "before"},
    "dropped after the work": {"drop": "after"},
    "dropped, lasting": {"drop": "before", "times": None},
    "slow before the work, in time": {"delay": {"seconds": IN_TIME, "when": "before"}},
    "slow after the work, in time": {"delay": {"seconds": IN_TIME, "when": "after"}},
    "too slow before the work": {"delay": {"seconds": TOO_SLOW, "when": "before"}},
    "too slow after the work": {"delay": {"seconds": TOO_SLOW, "when": "after"}},
    "too slow, lasting": {"delay": {"seconds": TOO_SLOW, "when": "before"}, "times": None},
    "answer cut short": {"cut": 20},
    "answer cut short, lasting": {"cut": 20, "times": None},
    "HTML instead of JSON": {"html": {"code": 200}},
    "HTML instead of JSON, after the work": {"html": {"code": 200}, "work": True},
    "JSON of another shape": {"json": OTHER_SHAPE},
    "JSON of another shape, after the work": {"json": OTHER_SHAPE, "work": True},
    "count too big on one page": {"count": 3},
    "count too big from there on": {"count": 3, "times": None},
    "count too small on one page": {"count": -3},
    "count too small from there on": {"count": -3, "times": None},
    "a row appears between two pages": {"mutate": "add"},
    "a row goes between two pages": {"mutate": "remove"},
}


def read_table() -> dict[str, dict[str, str]]:
    """The table by call and fault. What is not tried is not in it."""
    header, *lines = [[cell.strip() for cell in line.split("|")] for line in EXPECTED.strip().splitlines()]
    assert {line[0] for line in lines} == set(FAULTS)
    return {call: {line[0]: line[number] for line in lines if line[number] != "-"} for number, call in enumerate(header) if number}


def is_allowed(expected: str, outcome: str, sent: int) -> bool:
    """Whether an outcome, and how often the request was sent, is what a cell says."""
    wanted, number = expected.split()
    return outcome == wanted and sent in (range(1, int(number[2:]) + 1) if "<=" in number else [int(number)])


def in_words(cell: str) -> str:
    """A cell as the document has it."""
    outcome, number = cell.split()
    most = number.lstrip("<=")
    times = {"1": "once", "2": "twice"}.get(most, most + " times")
    return f"{outcome}, sent {'at most ' if '<=' in number else ''}{times}"

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, Lost, Refused
from ansible_collections.adverity.management.plugins.module_utils._resources.changes import Noun, apply
from ansible_collections.adverity.management.plugins.module_utils._spec.result import Diff, Result

THINGS = Noun("thing", "things", "thing_ids")
SO_FAR = Result(True, {"things": [1]}, Diff({}, {}), ["A warning."])
AGAIN = "Run it again: it reads first and writes only what differs."


class Change:
    """A change of a thing. ``error`` is what sending it raises."""

    def __init__(self, number, error=None):
        self.ids, self._error = [number], error

    def send(self, _client):
        if self._error:
            raise self._error
        return self.ids[0]


def refused():
    return Refused("PATCH", "/x/", 400, "no")


def lost():
    return Lost("PATCH", "/x/", "x")


def test_error_carries_the_result_so_far_and_what_remains_and_without_a_result_claims_nothing():
    with pytest.raises(Refused) as caught:
        apply([Change(1), Change(2, refused())], None, False, THINGS).check(SO_FAR)
    result = caught.value.result()
    assert (result["changed"], result["things"], result["remaining"]) == (True, [1], {"thing_ids": [2]})
    assert (result["status"], result["diff"]) == (400, {"before": {}, "after": {}})
    with pytest.raises(Refused) as caught:
        apply([Change(1, refused())], None, False, THINGS).check()
    assert set(caught.value.result()) == {"msg", "method", "path", "status", "response"}


@pytest.mark.parametrize(
    ("errors", "noun", "says"),
    [
        ([refused()], THINGS, "Nothing was written."),
        ([lost()], THINGS, f"Written before that: none. Whether thing 1 was written is unknown. Not written: none. {AGAIN}"),
        ([None, refused()], THINGS, f"Written before that: thing 1. Not written: thing 2. {AGAIN}"),
        ([None, None, lost(), lost(), refused(), None], THINGS,
         f"Written before that: things 1-2. Whether things 3-4 were written is unknown. Not written: things 5-6. {AGAIN}"),
        # Those that are too long for a message are counted.
        ([None, None, lost(), refused(), None], THINGS._replace(counted=True),
         f"Written before that: 2 things. Whether 1 thing was written is unknown. Not written: 2 things. {AGAIN}"),
    ],
    ids=str,
)  # fmt: skip
def test_failure_says_what_was_written_what_is_unknown_and_what_was_not_sent(errors, noun, says):
    changes = [Change(number, error) for number, error in enumerate(errors, 1)]
    applied = apply(changes, None, False, noun, lambda error: error.not_executed or len(errors) == 1)
    with pytest.raises(AdverityError) as caught:
        applied.check(SO_FAR)
    assert caught.value.result()["msg"].partition(" A warning. ")[2] == says


def test_names_are_shown_as_they_are():
    assert Noun("destination", "destinations").show(["'A'"]) == "destination 'A'"

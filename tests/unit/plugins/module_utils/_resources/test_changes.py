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
    """A change of a thing. ``error`` is what sending it raises; it is sent to a list."""

    def __init__(self, number, error=None, is_due=True):
        self.ids, self._error, self._is_due = [number], error, is_due

    def preview(self):
        return self.ids[0]

    def send(self, client):
        client.append(self.ids[0])
        if self._error:
            raise self._error
        return self.ids[0] if self._is_due else None


def refused():
    return Refused("PATCH", "/x/", 400, "no")


def lost():
    return Lost("PATCH", "/x/", "x")


def message(*errors, noun=THINGS, stops=lambda error: True):
    """What a failure says after the error itself, where the changes of things 1, 2, ... raise these errors, or none."""
    applied = apply([Change(number, error) for number, error in enumerate(errors, 1)], [], False, noun, stops)
    with pytest.raises(AdverityError) as caught:
        applied.check(SO_FAR)
    return caught.value.result()["msg"].partition(" A warning. ")[2]


@pytest.mark.parametrize(
    ("changes", "check_mode", "made", "written", "remaining", "sent"),
    [
        ([Change(1), Change(2, lost())], True, [1, 2], [1, 2], [], []),
        ([Change(2), Change(1)], False, [2, 1], [2, 1], [], [2, 1]),
        ([Change(1), Change(2, refused()), Change(3)], False, [1], [1], [2, 3], [1, 2]),
        ([Change(1, is_due=False), Change(2)], False, [None, 2], [2], [], [1, 2]),
    ],
    ids=["check mode", "order", "error", "somebody else did it"],
)
def test_changes_are_sent_in_their_order_until_an_error(changes, check_mode, made, written, remaining, sent):
    client = []
    applied = apply(changes, client, check_mode, THINGS)
    assert (applied.made, applied.written_ids, applied.remaining_ids, client) == (made, written, remaining, sent)
    if not remaining:
        applied.check(SO_FAR)


def test_an_error_that_does_not_stop_is_collected():
    sent = []
    applied = apply([Change(1, refused()), Change(2)], sent, False, THINGS, lambda error: error.not_executed is False)
    assert (applied.made, applied.remaining_ids, applied.stopped_by, sent) == ([2], [1], None, [1, 2])
    applied.check(SO_FAR)


def test_an_error_carries_the_result_so_far_and_what_remains():
    applied = apply([Change(1), Change(2, refused())], [], False, THINGS)
    with pytest.raises(Refused) as caught:
        applied.check(SO_FAR)
    result = caught.value.result()
    assert (result["changed"], result["things"], result["remaining"]) == (True, [1], {"thing_ids": [2]})
    assert (result["status"], result["diff"]) == (400, {"before": {}, "after": {}})


def test_without_a_result_an_error_claims_nothing():
    with pytest.raises(Refused) as caught:
        apply([Change(1, refused())], [], False, THINGS).check()
    assert set(caught.value.result()) == {"msg", "method", "path", "status", "response"}


@pytest.mark.parametrize(
    ("errors", "says"),
    [
        ([refused()], "Nothing was written."),
        ([refused(), None], "Nothing was written."),
        ([lost()], f"Written before that: none. Whether thing 1 was written is unknown. Not written: none. {AGAIN}"),
        ([None, refused()], f"Written before that: thing 1. Not written: thing 2. {AGAIN}"),
        (
            [None, None, lost(), None, None],
            f"Written before that: things 1-2. Whether thing 3 was written is unknown. Not written: things 4-5. {AGAIN}",
        ),
    ],
    ids=str,
)
def test_a_failure_says_what_was_written_what_is_unknown_and_what_was_not_sent(errors, says):
    assert message(*errors) == says


def test_several_unknown_ones_are_all_named():
    says = message(None, lost(), lost(), refused(), None, stops=lambda error: error.not_executed)
    assert says == f"Written before that: thing 1. Whether things 2-3 were written is unknown. Not written: things 4-5. {AGAIN}"


def test_those_that_are_too_long_for_a_message_are_counted():
    noun = THINGS._replace(counted=True)
    assert message(None, None, lost(), None, noun=noun) == (
        f"Written before that: 2 things. Whether 1 thing was written is unknown. Not written: 1 thing. {AGAIN}"
    )


def test_names_are_shown_as_they_are():
    assert Noun("destination", "destinations").show(["'A'"]) == "destination 'A'"

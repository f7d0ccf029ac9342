# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which extracts go into which bindings, by what the service lists."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, NotReached, Refused, UnreadableAnswer
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import BindingFact, BindingHistory, FactKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import BindingRow, Entry
from ansible_collections.adverity.management.plugins.module_utils._requeue import listing, select
from ansible_collections.adverity.management.plugins.module_utils._resources import bindings as _bindings
from ansible_collections.adverity.management.plugins.module_utils._resources import extracts as _extracts


def binding(binding_id, datastream_id=456, target_id=789, enabled=True):
    row = {"id": binding_id, "datastream_id": datastream_id, "target_id": target_id, "enabled": enabled}
    return row if enabled is not None else {name: value for name, value in row.items() if name != "enabled"}


def expect_bindings(client, *rows, **filters):
    client.expect("GET", _bindings.PATH, dict(filters, page_size=100, page=1), answer={"items": list(rows), "count": len(rows)})


def expect_extracts(client, datastream_id, *ids, **filters):
    """Extracts of a datastream, each a day after the other in this order."""
    rows = [{"id": one, "created": f"2026-01-{day:02}T05:00:00Z"} for day, one in enumerate(ids, 1)]
    asked = dict({"datastream_id": datastream_id, "ordering": "-created"}, **filters)
    client.expect("GET", _extracts.PATH, asked, answer={"results": rows, "next": None})


class Locks:
    """Stands in for the ledger. ``others``: how often another run held the locks meanwhile. ``facts`` and ``seen``: by binding, what it records."""

    def __init__(self, facts=None, others=0, seen=None, statuses=None):
        self.taken, self._others = [], others
        self._histories = {each: BindingHistory(some) for each, some in (facts or {}).items()}
        self._seen, self._statuses = seen or {}, statuses or {}

    def take_turn(self, binding_ids):
        self.taken.append(binding_ids)
        self._others -= 1
        return self._others >= 0

    def histories(self, binding_ids=None):
        return {each: history for each, history in self._histories.items() if binding_ids is None or each in binding_ids}

    def binding_rows(self):
        return self._seen

    def entries(self, binding_ids, extract_ids):
        for (binding_id, extract_id), (status, at) in self._statuses.items():
            if binding_id in binding_ids and extract_id in extract_ids:
                yield Entry(binding_id, extract_id, 456, None, status, at)


def request(**changed):
    plain = dict.fromkeys(("extract_ids", "datastream_ids", "created_from", "created_to", "binding_ids", "target_id"))
    return select.Request(**{**plain, **changed})


def look_up(client, wanted, locks=None):
    """The bindings that are chosen, and extracts of all of them."""
    ledger = locks or Locks()
    selected = select.choose_bindings(client, ledger, wanted)
    loads, unreadable = listing.list_extracts(client, ledger, wanted, selected, list(selected.histories))
    assert unreadable == []
    return selected, loads


def shape(loads):
    return [(some.datastream_id, some.binding_ids, [extract.id for extract in some.extracts]) for some in loads]


# What is chosen

OF_456, OF_789 = {"datastream_id": 456}, {"target_id": 789}
CHOICES = {  # rows of bindings, what they are asked for by, extracts by datastream, options, what is chosen, which locks are taken
    "the enabled bindings of a datastream": (
        [binding(7), binding(5), binding(6, enabled=False)], OF_456, {456: [11, 10]}, {"datastream_ids": [456]},
        [(456, (5, 7), [11, 10])], [[5, 6, 7]],  # which are enabled is decided under the lock
    ),
    "several datastreams, in the order asked for": (
        [binding(5), binding(6, 457), binding(7, 458)], OF_789, {457: [21], 456: [11, 12]}, {"datastream_ids": [457, 456, 457], "target_id": 789},
        [(457, (6,), [21]), (456, (5,), [11, 12])], [[6, 5]],
    ),
    "a datastream without extracts": ([binding(5)], OF_456, {456: []}, {"datastream_ids": [456]}, [(456, (5,), [])], [[5]]),
    "some bindings of a datastream": (
        [binding(5), binding(6), binding(7, target_id=790)], OF_456, {456: [11]}, {"datastream_ids": [456], "binding_ids": [6, 5]},
        [(456, (5, 6), [11])], [[5, 6]],
    ),
    "one binding of a datastream and a target": (
        [binding(5), binding(6)], {**OF_456, **OF_789}, {456: [11]}, {"datastream_ids": [456], "target_id": 789, "binding_ids": [6]},
        [(456, (6,), [11])], [[6]],
    ),
    "all datastreams of a target": (
        [binding(5), binding(6, 457, enabled=False), binding(7)], OF_789, {456: [11, 12], 457: [21]}, {"target_id": 789},
        [(456, (5, 7), [11, 12]), (457, (6,), [21])], [[5, 6, 7]],
    ),
    "all datastreams of bindings": (
        [binding(5), binding(6, 457), binding(7)], {}, {456: [11, 12], 457: [21]}, {"binding_ids": [5, 6, 7]},
        [(456, (5, 7), [11, 12]), (457, (6,), [21])], [[5, 6, 7]],
    ),
    # Any binding may be among all that are enabled.
    "extracts alone, by their ids": ([], None, {}, {"extract_ids": [30, 10, 20, 10]}, [(None, (), [10, 20, 30])], [None]),
    "extracts for a binding": (
        [binding(5), binding(6, 457)], {}, {456: [12, 11, 10]}, {"extract_ids": [10, 12, 10], "binding_ids": [5]}, [(456, (5,), [12, 10])], [[5]],
    ),
    "extracts for a target": (  # datastream 458 is not asked for: nothing is missing any more
        [binding(5), binding(6), binding(7, 457), binding(8, 458, enabled=False)], OF_789, {456: [11, 12], 457: [21, 22]},
        {"extract_ids": [22, 11], "target_id": 789}, [(456, (5, 6), [11]), (457, (7,), [22])], [[5, 6, 7, 8]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("choice", CHOICES)
def test_options_choose_bindings_and_extracts(scripted, choice):
    rows, filters, extracts, options, chosen, locks = CHOICES[choice]
    if filters is not None:
        expect_bindings(scripted, *rows, **filters)
    for datastream_id, ids in extracts.items():
        expect_extracts(scripted, datastream_id, *ids)
    ledger = Locks()
    assert shape(look_up(scripted, request(**options), ledger)[1]) == chosen
    assert ledger.taken == locks


def test_bounds_go_to_the_api_and_are_checked(scripted):
    expect_bindings(scripted, binding(5), datastream_id=456)
    expect_extracts(scripted, 456, 11, 12, 13, created_from="2026-01-02T04:59:59Z", created_to="2026-01-02T05:00:01Z")
    wanted = request(datastream_ids=[456], created_from="2026-01-02T05:00:00Z", created_to="2026-01-02T05:00:00Z")
    assert shape(look_up(scripted, wanted)[1]) == [(456, (5,), [12])]
    assert wanted.window == ("2026-01-02T05:00:00Z", "2026-01-02T05:00:00Z")


def test_state_that_the_list_does_not_show_may_be_known_to_the_ledger(scripted):
    expect_bindings(scripted, binding(5, enabled=None), binding(6, enabled=None), datastream_id=456)
    expect_extracts(scripted, 456, 11)
    locks = Locks({5: [BindingFact(FactKind.ANSWER, enabled=True)], 6: [BindingFact(FactKind.ANSWER, enabled=False)]})
    assert shape(look_up(scripted, request(datastream_ids=[456]), locks)[1]) == [(456, (5,), [11])]


def test_only_the_datastreams_of_what_is_due_are_listed(scripted):
    expect_bindings(scripted, binding(5), binding(6, 457), binding(7), target_id=789)
    wanted = request(target_id=789)
    selected = select.choose_bindings(scripted, Locks(), wanted)
    expect_extracts(scripted, 456, 11)
    assert shape(listing.list_extracts(scripted, Locks(), wanted, selected, [7])[0]) == [(456, (7,), [11])]


FROM_THE_SECOND = {"created_from": "2026-01-02T00:00:00Z"}


@pytest.mark.parametrize(
    ("bounds", "created", "in_window", "listed"),
    [
        ({}, None, True, True),
        ({}, "2026-01-01T00:00:00Z", True, True),
        (FROM_THE_SECOND, None, True, False),  # whether the API lists it is not known
        (FROM_THE_SECOND, "2026-01-01T00:00:00Z", False, False),
        (FROM_THE_SECOND, "2026-01-02T00:00:00Z", True, True),
    ],
)
def test_entry_of_the_ledger_is_selected_by_the_bounds_or_by_its_id(bounds, created, in_window, listed):
    entry, wanted = Entry(5, 11, 456, created), request(**bounds)
    assert (wanted.has_in_window(entry), wanted.selects(entry), wanted.would_list(entry)) == (in_window, in_window, listed)
    assert [request(extract_ids=[each]).selects(entry) for each in (11, 12)] == [True, False]


NOT_SEEN = "not found among the bindings this key can see"
TWO = {"datastream_ids": [456, 457]}
NAMED = {"extract_ids": [11, 12]}


@pytest.mark.parametrize(
    ("rows", "extracts", "options", "says"),
    [
        ([], {}, {"datastream_ids": [456]}, f"datastream_ids: {NOT_SEEN} with datastream_id 456: 456"),
        ([], {}, {"datastream_ids": [456], "target_id": 789}, f"datastream_ids: {NOT_SEEN} with datastream_id 456 and target_id 789: 456"),
        ([binding(5, enabled=False)], {}, {"datastream_ids": [456]}, "Datastream 456 has no enabled binding"),
        ([binding(5), binding(6, enabled=None)], {}, {"datastream_ids": [456]}, "does not say which bindings of datastream 456 are enabled"),
        ([binding(5)], {}, {"datastream_ids": [456], "binding_ids": [5, 6]}, f"binding_ids: {NOT_SEEN} with datastream_id 456: 6"),
        ([binding(5), binding(6, 457), binding(7, 458)], {}, {**TWO, "binding_ids": [5, 6, 7]},
         "binding_ids: not bindings of the datastreams in datastream_ids: 7 (datastream 458). Nothing was sent."),
        ([binding(5), binding(6, 457)], {}, {**TWO, "binding_ids": [5]}, "binding_ids: none of them is a binding of datastream 457. Nothing was sent."),
        ([binding(5), binding(6, 457)], {}, {**TWO, "binding_ids": [5, 6, 99]}, f"binding_ids: {NOT_SEEN}: 99. Nothing was changed."),
        ([binding(5), binding(6, 457)], {}, {"datastream_ids": [456, 459]}, f"{NOT_SEEN}: 459"),
        ([binding(5)], {456: [11]}, {**NAMED, "binding_ids": [5]}, "extract_ids: not found among the extracts of the datastreams of these bindings: 12"),
        ([binding(5)], {}, {**NAMED, "binding_ids": [5, 9]}, f"binding_ids: {NOT_SEEN}: 9"),
        ([binding(5), binding(7, 457)], {456: [11, 12], 457: [21]}, {**NAMED, "binding_ids": [5, 7]},
         "binding_ids: 7 load datastream 457, but none of extract_ids is"),
        ([], {}, {**NAMED, "target_id": 789}, "No binding found among the bindings this key can see with target_id 789"),
        ([binding(5), binding(7, 457)], {456: [11], 457: [21]}, {**NAMED, "target_id": 789}, "extract_ids: not found among the extracts"),
        ([binding(5)], {}, {**NAMED, "target_id": 789, "binding_ids": [6]}, f"binding_ids: {NOT_SEEN} with target_id 789: 6"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_refused_by_name(scripted, rows, extracts, options, says):
    filters = {"target_id": 789} if "target_id" in options else {}
    if len(options.get("datastream_ids", ())) == 1:
        filters["datastream_id"] = 456
    expect_bindings(scripted, *rows, **filters)
    for datastream_id, ids in extracts.items():
        expect_extracts(scripted, datastream_id, *ids)
    with pytest.raises(InputError) as caught:
        look_up(scripted, request(**options))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


# Under the lock


def test_bindings_are_read_again_while_others_hold_a_lock_and_new_ones_are_locked(scripted):
    expect_bindings(scripted, binding(5, enabled=False), target_id=789)
    for _time in range(2):
        expect_bindings(scripted, binding(5), binding(6), target_id=789)
    locks = Locks(others=2)
    selected = select.choose_bindings(scripted, locks, request(target_id=789))
    assert locks.taken == [[5], [5, 6], [5, 6]]
    assert [(each, history.enabled) for each, history in selected.histories.items()] == [(5, True), (6, True)]


@pytest.mark.parametrize(
    ("date", "clock"), [(None, None), (datetime(2026, 1, 5, 10, 0, 0, tzinfo=timezone.utc), "2026-01-05T10:00:00Z")]
)
def test_the_clock_is_that_of_the_service(scripted, date, clock):
    scripted.date = date
    expect_bindings(scripted, dict(binding(5), updated="2026-01-04T00:00:00Z"), target_id=789)
    selected = select.choose_bindings(scripted, Locks(), request(target_id=789))
    assert selected.facts == {5: BindingFact(FactKind.ROW, clock=clock, enabled=True, updated="2026-01-04T00:00:00Z")}
    assert selected.histories[5].facts == (selected.facts[5],)


@pytest.mark.parametrize("check_mode", [True, False])
def test_bindings_that_an_earlier_task_enables_count_in_check_mode_only(check_mode):
    params = dict(dict.fromkeys(select.Request._fields), state_labels={})
    params["enabled_bindings"] = [{"id": 5, "enabled": True}, {"id": 6, "enabled": False}, {"id": 7}, {"id": 8, "enabled": True, "more": 1}]
    assert select.read_request(params, check_mode).enabled_ids == (frozenset((5, 8)) if check_mode else frozenset())


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("row", [{"enabled": True}, {"id": [1], "enabled": True}, {"id": None, "enabled": True}, {"id": "x", "enabled": False}, {}], ids=str)
def test_what_is_no_list_of_bindings_is_refused(check_mode, row):
    params = dict.fromkeys(select.Request._fields)
    with pytest.raises(InputError, match="^enabled_bindings: the id of a binding is missing or wrong: .* Nothing was sent"):
        select.read_request(dict(params, enabled_bindings=[{"id": 5, "enabled": True}, row]), check_mode)


# The service


@pytest.mark.parametrize("options", [{"datastream_ids": [456]}, {"extract_ids": [11], "binding_ids": [5]}])
def test_rows_without_their_ids_are_an_error(scripted, options):
    rows = [binding(5), {"id": 6, "enabled": True}]
    expect_bindings(scripted, *rows, **({"datastream_id": 456} if "datastream_ids" in options else {}))
    with pytest.raises(UnreadableAnswer, match="datastream_id"):
        look_up(scripted, request(**options))


@pytest.mark.parametrize(
    ("error", "options", "missing"),
    [
        (Refused("GET", _extracts.PATH, 403, "Forbidden."), {}, [()]),
        (Refused("GET", _extracts.PATH, 500, "x"), {}, [()]),
        (UnreadableAnswer("x", method="GET", path=_extracts.PATH), {}, [()]),
        (Refused("GET", _extracts.PATH, 401, "x"), {}, None),
        (Refused("GET", _extracts.PATH, 429, "x"), {}, None),
        (NotReached("GET", _extracts.PATH, "x"), {}, None),
        # Where all that are named are in the other lists, this one does not matter.
        (Refused("GET", _extracts.PATH, 403, "Forbidden."), {"extract_ids": [21]}, []),
        (Refused("GET", _extracts.PATH, 500, "x"), {"extract_ids": [22, 21]}, [(22,)]),
        (Refused("GET", _extracts.PATH, 401, "x"), {"extract_ids": [21]}, None),
    ],
)
def test_a_list_that_cannot_be_read_stops_its_datastream_alone(scripted, error, options, missing):
    """Unless the reason concerns every request: None."""
    wanted = request(target_id=789, **options)
    expect_bindings(scripted, binding(5), binding(6, 457), target_id=789)
    selected = select.choose_bindings(scripted, Locks(), wanted)
    scripted.expect("GET", _extracts.PATH, {"datastream_id": 456, "ordering": "-created"}, answer=error)
    if missing is None:
        with pytest.raises(type(error)):
            listing.list_extracts(scripted, Locks(), wanted, selected, [5, 6])
        return
    expect_extracts(scripted, 457, 21)
    loads, unreadable = listing.list_extracts(scripted, Locks(), wanted, selected, [5, 6])
    assert (shape(loads), unreadable) == ([(457, (6,), [21])], [(456, (5,), error, ids) for ids in missing])


# What the ledger records of other bindings


@pytest.mark.parametrize(
    ("seen", "remade"),
    [
        ({}, set()),
        ({4: BindingRow(4, 456, 789, 3)}, {5, 6}),  # gone from the list, and its history was sent
        ({4: BindingRow(4, 456, 789, 0)}, set()),
        ({4: BindingRow(4, 456, 790, 3)}, set()),
        ({4: BindingRow(4, 457, 789, 3)}, set()),
        ({4: BindingRow(4, 456, None, 3)}, set()),
        ({5: BindingRow(5, 456, 789, 3)}, set()),  # still there
        ({4: BindingRow(4, 456, 789, 3), 5: BindingRow(5, 456, 789, 1)}, {5, 6}),
    ],
)
def test_bindings_in_place_of_others_are_known_by_datastream_and_destination(scripted, seen, remade):
    expect_bindings(scripted, binding(5), binding(6), target_id=789)
    assert select.choose_bindings(scripted, Locks(seen=seen), request(target_id=789)).remade_ids == remade

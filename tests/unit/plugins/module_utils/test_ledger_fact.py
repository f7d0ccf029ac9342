# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger as a fact, and what one learns from it."""

from __future__ import annotations

import json
import random

import pytest
from ansible_collections.adverity.management.plugins.module_utils import _ledger_carry, _ledger_fact
from ansible_collections.adverity.management.plugins.module_utils._errors import InputError, LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger import (
    ALL_ENABLED,
    DISPATCHED,
    PENDING,
    UNKNOWN,
    Backfill,
    Entry,
    Ledger,
)
from ansible_collections.adverity.management.plugins.module_utils._ledger_fact import Knowledge, pack, unpack
from ansible_collections.adverity.management.plugins.module_utils._ledger_file import LOOK, WRITE

HOST = "acme.example"
T0, T1, T2, T3 = ("2026-01-0{0}T00:00:00Z".format(day) for day in (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("ids", "text"),
    [([], ""), ([7], "7"), ([7, 8, 9, 12], "7+2,3"), ([12, 9, 8, 7], "7+2,3"), ([1], "1"), ([1, 3, 5], "1,2,2"), ([2**63 - 1], str(2**63 - 1))],
)
def test_pack(ids, text):
    assert pack(ids) == text
    assert unpack(text) == sorted(ids)


def test_what_is_packed_comes_back_whatever_it_is():
    chance = random.Random(7)
    for size in range(1, 200):
        ids = sorted(chance.sample(range(1, 400), size))
        assert unpack(pack(ids)) == ids


def test_fifty_thousand_extracts_are_no_megabyte():
    """Of three datastreams that fetch in turn, so that no two ids are neighbours."""
    chance = random.Random(7)
    ids = [one for one in range(4_000_000, 4_200_000) if chance.random() < 0.25][:50_000]
    entries = {(5, one): Entry(5, one, 456, None, DISPATCHED, None) for one in range(4_000_000, 4_050_000)}
    assert len(ids) > 49_000
    assert len(pack(ids)) < 150_000
    assert len(json.dumps(_ledger_fact.make(Knowledge(entries, {})))) < 100


@pytest.mark.parametrize("text", ["x", "0", "5,0", "5+", "5+x", "-5", "5,,6", ",", "1+99999999999", str(2**63), "5 ", "٣"])
def test_what_is_no_packed_ids_is_refused(text):
    with pytest.raises(ValueError, match="is no run of ids"):
        unpack(text)


# A fact


def knowledge(*entries, **backfills):
    return Knowledge(
        {(one[0], one[1]): Entry(one[0], one[1], 456, None, one[2], None) for one in entries},
        {int(name[1:]): Backfill(int(name[1:]), 456, *backfill) for name, backfill in backfills.items()},
    )


KNOWN = knowledge(
    (5, 1, DISPATCHED), (5, 2, DISPATCHED), (5, 3, UNKNOWN), (5, 4, PENDING), (6, 4, PENDING), (ALL_ENABLED, 9, DISPATCHED),
    b5=(None, T1, [(T0, T1), (T2, None)]), b6=(T2, None, []),
)  # fmt: skip
PART = {
    "0": {"datastream_id": 456, "dispatched": "9"},
    "5": {
        "datastream_id": 456, "updated": T1, "self_loading": [[T0, T1], [T2, None]], "dispatched": "1+1", "unknown": "3", "pending": "4",
    },
    "6": {"datastream_id": 456, "planned_at": T2, "pending": "4"},
}  # fmt: skip


def test_a_fact_holds_what_the_ledger_knows():
    assert _ledger_fact.make(KNOWN) == PART


def test_a_fact_is_read_again_as_it_was():
    fact = json.loads(json.dumps(_ledger_fact.put({}, HOST, PART)))
    told = _ledger_fact.read(fact, HOST)
    assert told.entries == KNOWN.entries
    assert told.backfills == {**KNOWN.backfills, ALL_ENABLED: Backfill(ALL_ENABLED, 456, None, None, [])}


def test_other_instances_stay():
    fact = _ledger_fact.put(_ledger_fact.put({}, "other.example", {"7": {"dispatched": "1"}}), HOST, PART)
    assert fact == {"version": 1, "instances": {"other.example": {"7": {"dispatched": "1"}}, HOST: PART}}
    assert _ledger_fact.read(fact, "third.example") is None
    assert _ledger_fact.read({}, HOST) is None


@pytest.mark.parametrize(
    "fact",
    [
        {"version": 2, "instances": {}},
        {"instances": {}},
        {"version": 1},
        {"version": 1, "instances": {HOST: []}},
        {"version": 1, "instances": {HOST: {"x": {}}}},
        {"version": 1, "instances": {HOST: {"5": []}}},
        {"version": 1, "instances": {HOST: {"5": {"dispatched": "x"}}}},
        {"version": 1, "instances": {HOST: {"5": {"dispatched": 7}}}},
        {"version": 1, "instances": {HOST: {"5": {"self_loading": [["soon", None]]}}}},
        {"version": 1, "instances": {HOST: {"5": {"self_loading": [[T0]]}}}},
        {"version": 1, "instances": {HOST: {"5": {"planned_at": "soon"}}}},
        {"version": 1, "instances": {HOST: {"5": {"updated": 7}}}},
    ],
)
def test_what_is_no_ledger_is_refused(fact):
    with pytest.raises(InputError, match="^fact: this is no ledger that can be read .* Nothing was changed"):
        _ledger_fact.read(fact, HOST)


# Two that know different things

ORDER = (PENDING, UNKNOWN, DISPATCHED)


@pytest.mark.parametrize("mine", [None, *ORDER])
@pytest.mark.parametrize("told", ORDER)
def test_of_an_extract_what_knows_more_counts(mine, told):
    known = knowledge((5, 1, mine)) if mine else knowledge()
    new = _ledger_fact.news(known, knowledge((5, 1, told))).entries
    more = mine is None or ORDER.index(told) > ORDER.index(mine)
    assert [entry.status for entry in new.values()] == ([told] if more else [])


@pytest.mark.parametrize(
    ("mine", "told", "merged"),
    [
        (None, (T1, T0, []), (T1, T0, [])),
        ((T1, T0, []), (None, T2, []), (T1, T0, [])),
        ((None, T2, []), (T1, T0, []), (T1, T0, [])),
        ((T1, T0, []), (T2, T1, []), (T2, T1, [])),
        ((None, T1, []), (None, T2, []), (None, T2, [])),
        ((None, T2, []), (None, T1, []), (None, T2, [])),
        ((None, None, []), (None, T1, []), (None, T1, [])),
        ((None, T1, [(T0, None)]), (None, T1, [(T0, T2)]), (None, T1, [(T0, T2)])),
        ((None, T1, [(T0, T2)]), (None, T1, [(T0, None)]), (None, T1, [(T0, T2)])),
        ((None, T1, [(T0, T1)]), (None, T1, [(T0, T2)]), (None, T1, [(T0, T2)])),
        ((None, T1, [(T2, None)]), (None, T1, [(T0, T1)]), (None, T1, [(T0, T1), (T2, None)])),
    ],
)
def test_of_a_binding_both_count(mine, told, merged):
    known = knowledge(b5=mine) if mine else knowledge()
    new = _ledger_fact.news(known, knowledge(b5=told)).backfills
    assert new == ({} if mine == merged else {5: Backfill(5, 456, *merged)})


# The module's work


@pytest.fixture(name="carry")
def fixture_carry(tmp_path):
    def carry(check_mode=False, **options):
        params = dict({"ledger": str(tmp_path / "ledger"), "fact": None, "learn": False, "bindings": None, "as_fact": False}, **options)
        return _ledger_carry.carry(HOST, params, check_mode)

    return carry


@pytest.fixture(name="stand")
def fixture_stand(tmp_path):
    def stand():
        with Ledger(str(tmp_path / "ledger"), HOST, LOOK) as ledger:
            return _ledger_fact.make(_ledger_fact.of_ledger(ledger))

    return stand


FACT = {"version": 1, "instances": {HOST: PART}}
LEARNED = PART


def test_nothing_is_known_at_first(carry, stand):
    assert carry(check_mode=True)["known"] is False
    first = carry()
    assert (first["known"], first["changed"], first["fact"]) == (False, False, {"version": 1, "instances": {HOST: {}}})
    assert carry()["known"] is True
    assert carry(check_mode=True)["known"] is True


def test_a_fact_is_learned_once(carry, stand):
    predicted = carry(check_mode=True, fact=FACT, learn=True)
    assert stand() == {}
    learned = carry(fact=FACT, learn=True)
    assert stand() == LEARNED
    again = carry(fact=FACT, learn=True)
    assert [one["changed"] for one in (predicted, learned, again)] == [True, True, False]
    assert predicted["fact"] == learned["fact"] == again["fact"] == FACT
    assert (predicted["known"], again["known"]) == (True, True)
    assert learned["diff"]["after"] == {"binding 5": {"learned": 4}, "binding 6": {"learned": 1}, "all enabled bindings": {"learned": 1}}
    assert again["diff"] == {"before": {}, "after": {}}


def test_a_fact_is_not_learned_unasked(carry, stand):
    told = carry(fact=FACT)
    assert stand() == {}
    assert told["fact"] == {"version": 1, "instances": {HOST: {}}}


def test_neither_side_loses_what_it_knows(carry, stand, tmp_path):
    with Ledger(str(tmp_path / "ledger"), HOST, WRITE) as ledger:
        ledger.plan([Entry(5, one, 456, T0, PENDING, None) for one in (3, 4, 8)], {5: 456, 7: 457}, {5: [(T0, None)]}, taken_up=True)
        ledger.intend([5], [8])
        ledger.dispatched(ledger.intend([5], [4]))
    carry(fact=FACT, learn=True)
    mine = {name: value for name, value in PART["5"].items() if name != "pending"}
    assert stand() == {**LEARNED, "5": {**mine, "dispatched": "1+1,2", "unknown": "3,5"}, "7": {"datastream_id": 457}}


def test_the_fact_of_the_host_is_only_set_where_that_is_asked_for(carry):
    assert "ansible_facts" not in carry()
    told = carry(as_fact=True)["ansible_facts"]
    assert told == {"adverity_ledger": {"version": 1, "instances": {HOST: {}}}}
    assert "ansible_facts" not in carry(fact=told["adverity_ledger"], as_fact=True)


# A job whose fact was lost


@pytest.mark.parametrize(
    ("updated", "doubtful"),
    [(T1, False), (T0, False), (T2, True), (None, True), ("2026-01-02T00:00:00.5Z", True), ("garbage", True)],
)
def test_what_was_pending_is_unknown_where_the_binding_changed_since(carry, stand, updated, doubtful):
    told = carry(fact=FACT, learn=True, bindings=[{"id": 5, "updated": updated, "enabled": True}])
    assert stand()["5"].get("unknown") == ("3+1" if doubtful else "3")
    assert stand()["6"]["pending"] == "4"
    assert len(told["warnings"]) == doubtful
    if doubtful:
        assert told["warnings"] == [
            "Changed since the ledger last saw it: binding 5 ({0}, then {1}). By somebody, or by a job whose facts were lost with what it sent. So of what"
            " was still to be sent it is not known whether it was: extracts 4.".format(T1, updated)
        ]


def test_where_nothing_was_pending_a_change_is_told_and_no_more(carry, stand):
    done = {"version": 1, "instances": {HOST: {"5": {"datastream_id": 456, "updated": T1, "dispatched": "1+1"}}}}
    (said,) = carry(fact=done, learn=True, bindings=[{"id": 5, "updated": T2}, {"id": 77, "updated": T2}])["warnings"]
    assert said == (
        "Changed since the ledger last saw it: binding 5 ({0}, then {1}). By somebody, or by a job whose facts were lost with what it sent.".format(T1, T2)
    )
    assert stand() == done["instances"][HOST]


def test_a_binding_that_never_told_its_change_is_doubtful(carry, stand):
    carry(fact=FACT, learn=True, bindings=[{"id": 6, "updated": T0}])
    assert (stand()["6"]["unknown"], stand()["5"]["pending"]) == ("4", "4")


def test_the_last_change_is_noted(carry, stand):
    carry(fact=FACT, learn=True)
    rows = [{"id": 5, "updated": T2}, {"id": 5, "updated": T3}, {"id": 77, "updated": T2}]
    told = carry(fact=FACT, bindings=rows)
    assert told["fact"]["instances"][HOST]["5"]["updated"] == T3
    assert stand() == {**LEARNED, "5": {**PART["5"], "updated": T3}, "77": {"updated": T2}}
    assert carry(fact=FACT, bindings=rows)["changed"] is False
    # And so the next one, which finds it unchanged, goes on; also where no more is known of it.
    assert carry(fact=told["fact"], learn=True, bindings=rows[1:])["moved"] == []
    later = carry(fact=told["fact"], learn=True, bindings=[{"id": 77, "updated": T3}])
    assert later["moved"] == [77]


@pytest.mark.parametrize("rows", [[{}], [{"id": "5"}], [{"id": 5}, {"id": None}]])
def test_bindings_without_ids_are_refused(carry, rows):
    with pytest.raises(InputError, match="^bindings: each needs its integer id"):
        carry(bindings=rows)


def test_a_ledger_that_cannot_be_used_is_told(carry, tmp_path):
    (tmp_path / "ledger").write_text("x" * 1000)
    with pytest.raises(LedgerError, match="cannot be used"):
        carry(fact=FACT, learn=True)

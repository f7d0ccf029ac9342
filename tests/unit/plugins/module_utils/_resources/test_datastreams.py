# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading datastreams and choosing those that a change is for: what is asked for, and what is refused before anything is written."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import (
    AdverityError,
    IncompleteList,
    InputError,
    Refused,
    UnreadableAnswer,
)
from ansible_collections.adverity.management.plugins.module_utils._resources import datastreams
from ansible_collections.adverity.management.tests.unit.plugins import in_process

LIST = "/api/v1/datastreams/"
EMEA, DACH = (f"a0000000-0000-4000-8000-{number:012d}" for number in (1, 2))
NOTHING = {"workspace_ids": None, "workspace_scope": None, "enabled": None, "active_pulling_mode": None}


def uuid(number):
    return f"d5000000-0000-4000-8000-{number:012d}"


def row(number, enabled=True, mode="schedule", workspace=EMEA):
    return {
        "id": uuid(number),
        "name": f"Stream {number}",
        "enabled": enabled,
        "workspace": {"id": workspace, "name": "EMEA"},
        "pulling": {"active_mode": mode, "smart": None, "smart_bundle": None},
    }


def listed(*rows, count=None):
    return {"count": len(rows) if count is None else count, "items": list(rows)}


def unknown(status=422):
    return Refused("GET", LIST, status, "Unknown datastreams")


def choose(client, ids=None, filters=None, everything=None):
    params = {"datastream_ids": ids, "filters": None if filters is None else dict(NOTHING, **filters), "all_datastreams": everything}
    datastreams.check_selection(params)
    return [one["id"] for one in datastreams.read_selected(client, params)]


def run(name, client, check_mode=False, **given):
    """The result of a module with these options; ValueError with what its argument spec says against them."""
    params = in_process.read_options(name, dict(given, instance="acme.example", api_key="key"))
    return in_process.run_with(name, client, params, check_mode)


# --- what is asked for ---


def test_all_are_read_without_a_word_about_pages(scripted):
    scripted.expect("GET", LIST, {}, answer=listed(row(1), row(2)))
    assert choose(scripted, everything=True) == [uuid(1), uuid(2)]


def test_a_list_in_pages_is_read_to_its_end(scripted):
    rows = [row(number) for number in range(130)]
    for page, start in ((None, 0), (2, 50), (3, 100)):
        scripted.expect("GET", LIST, {"page": page} if page else {}, answer=listed(*rows[start : start + 50], count=130))
    assert choose(scripted, everything=True) == [uuid(number) for number in range(130)]


def test_a_service_that_passes_over_the_page_number_is_an_error_with_a_way_on(scripted):
    rows = [row(number) for number in range(50)]
    for order in ({}, {"ordering": "id"}, {}, {}):
        scripted.expect("GET", LIST, order, answer=listed(*rows, count=130))
        scripted.expect("GET", LIST, {**order, "page": 2}, answer=listed(*rows, count=130))
    with pytest.raises(IncompleteList) as caught:
        choose(scripted, everything=True)
    assert "datastream_ids" in caught.value.result()["msg"]


def test_ids_go_out_in_fifties_once_each_and_come_back_in_their_own_order(scripted):
    ids = [uuid(number) for number in range(119, -1, -1)]
    for start, end in ((0, 50), (50, 100), (100, 120)):
        chunk = ids[start:end]
        answer = listed(*(row(number) for number in range(120) if uuid(number) in chunk))
        scripted.expect("GET", LIST, {"datastream_id": chunk}, answer=answer)
    assert choose(scripted, ids + ids[:7]) == ids


@pytest.mark.parametrize(
    ("filters", "asked"),
    [
        ({"workspace_ids": [EMEA, DACH, EMEA]}, {"workspace_id": [EMEA, DACH]}),
        ({"workspace_ids": [EMEA], "workspace_scope": "family"}, {"workspace_id": [EMEA], "workspace_scope": "family"}),
        ({"enabled": True}, {"enabled": "true"}),
        ({"enabled": False}, {"enabled": "false"}),
        ({"active_pulling_mode": "smart-bundle"}, {"active_pulling_mode": "smart-bundle"}),
        (
            {"workspace_ids": [DACH], "workspace_scope": "ancestors", "enabled": False, "active_pulling_mode": "smart"},
            {"workspace_id": [DACH], "workspace_scope": "ancestors", "enabled": "false", "active_pulling_mode": "smart"},
        ),
    ],
)
def test_filters_are_sent_to_the_service(scripted, filters, asked):
    scripted.expect("GET", LIST, asked, answer=listed())
    assert choose(scripted, filters=filters) == []


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({"workspace_ids": [EMEA]}, [1, 2, 3]),
        ({"workspace_ids": [EMEA, DACH]}, [1, 2, 3, 4]),
        ({"workspace_ids": [EMEA], "workspace_scope": "descendants"}, [1, 2, 3, 4]),  # the rows do not tell
        ({"enabled": False}, [2]),
        ({"active_pulling_mode": "smart"}, [3]),
        ({"active_pulling_mode": "schedule", "enabled": True, "workspace_ids": [DACH]}, [4]),
    ],
)
def test_a_filter_that_the_service_passes_over_does_not_widen_the_choice(scripted, filters, left):
    rows = [row(1), row(2, enabled=False), row(3, mode="smart"), row(4, workspace=DACH)]
    scripted.expect("GET", LIST, datastreams._query(filters), answer=listed(*rows))
    assert choose(scripted, filters=filters) == [uuid(number) for number in left]


def test_ids_that_the_service_passes_over_do_not_widen_the_choice(scripted):
    scripted.expect("GET", LIST, {"datastream_id": [uuid(2)]}, answer=listed(row(1), row(2), row(3)))
    assert choose(scripted, [uuid(2)]) == [uuid(2)]


@pytest.mark.parametrize("bare", [{}, {"pulling": None, "workspace": None, "enabled": None}, {"pulling": "smart", "workspace": EMEA}])
def test_a_row_that_does_not_tell_stays(scripted, bare):
    scripted.expect("GET", LIST, {"workspace_id": [EMEA], "enabled": "true", "active_pulling_mode": "smart"}, answer=listed(dict(bare, id=uuid(1))))
    assert choose(scripted, filters={"workspace_ids": [EMEA], "enabled": True, "active_pulling_mode": "smart"}) == [uuid(1)]


def test_no_schedule_is_no_mode(scripted):
    scripted.expect("GET", LIST, {"active_pulling_mode": "schedule"}, answer=listed(row(1, mode=None)))
    assert choose(scripted, filters={"active_pulling_mode": "schedule"}) == []


def test_ids_and_filters_must_both_hold(scripted):
    ids = [uuid(1), uuid(2), uuid(3)]
    scripted.expect("GET", LIST, {"enabled": "false", "datastream_id": ids}, answer=listed(row(2, enabled=False)))
    scripted.expect("GET", LIST, {"datastream_id": [uuid(1), uuid(3)]}, answer=listed(row(1), row(3)))
    assert choose(scripted, ids, {"enabled": False}) == [uuid(2)]


def test_ids_that_all_pass_the_filters_are_read_once(scripted):
    scripted.expect("GET", LIST, {"enabled": "true", "datastream_id": [uuid(1)]}, answer=listed(row(1)))
    assert choose(scripted, [uuid(1)], {"enabled": True}) == [uuid(1)]


def test_ids_are_compared_however_they_are_written(scripted):
    scripted.expect("GET", LIST, {"datastream_id": [uuid(1)]}, answer=listed(dict(row(1), id=uuid(1).upper())))
    assert choose(scripted, [uuid(1)]) == [uuid(1)]


def test_workspaces_are_compared_however_they_are_written(scripted):
    scripted.expect("GET", LIST, {"workspace_id": [EMEA]}, answer=listed(row(1, workspace=EMEA.upper()), row(2, workspace=DACH)))
    assert choose(scripted, filters={"workspace_ids": [EMEA]}) == [uuid(1)]


def test_an_id_that_is_no_uuid_is_an_unreadable_answer(scripted):
    scripted.expect("GET", LIST, {}, answer=listed(dict(row(1), id=456)))
    with pytest.raises(UnreadableAnswer, match="456"):
        choose(scripted, everything=True)


# --- ids the key cannot see ---


def test_unknown_ids_are_all_named(scripted):
    ids = [uuid(1), uuid(8), uuid(9), uuid(8)]
    scripted.expect("GET", LIST, {"datastream_id": ids[:3]}, answer=listed(row(1)))
    with pytest.raises(InputError) as caught:
        choose(scripted, ids)
    assert caught.value.facts["unknown_ids"] == [uuid(8), uuid(9)]
    assert uuid(8) in str(caught.value)
    assert uuid(9) in str(caught.value)
    assert uuid(1) not in str(caught.value)


def test_an_unknown_id_is_found_out_behind_a_filter(scripted):
    scripted.expect("GET", LIST, {"enabled": "true", "datastream_id": [uuid(1), uuid(9)]}, answer=listed(row(1)))
    scripted.expect("GET", LIST, {"datastream_id": [uuid(9)]}, answer=listed())
    with pytest.raises(InputError, match=uuid(9)):
        choose(scripted, [uuid(1), uuid(9)], {"enabled": True})


@pytest.mark.parametrize("status", [400, 404, 422])
def test_unknown_ids_are_all_named_where_the_service_refuses_them(scripted, status):
    ids = [uuid(1), uuid(8), uuid(2), uuid(9)]
    for asked, answer in (
        (ids, unknown(status)),
        (ids, unknown(status)),
        (ids[:2], unknown(status)),
        (ids[:1], listed(row(1))),
        (ids[1:2], unknown(status)),
        (ids[2:], unknown(status)),
        (ids[2:3], listed(row(2))),
        (ids[3:], unknown(status)),
        ([uuid(1), uuid(2)], listed(row(1), row(2))),
    ):
        scripted.expect("GET", LIST, {"datastream_id": asked}, answer=answer)
    with pytest.raises(InputError) as caught:
        choose(scripted, ids)
    assert caught.value.facts["unknown_ids"] == [uuid(8), uuid(9)]


def test_a_list_that_is_refused_altogether_is_not_taken_for_unknown_ids(scripted):
    for asked in ({"datastream_id": [uuid(1)]}, {"datastream_id": [uuid(1)]}, {}):
        scripted.expect("GET", LIST, asked, answer=unknown(404))
    with pytest.raises(Refused):
        choose(scripted, [uuid(1)])


def test_a_refused_filter_is_not_taken_for_unknown_ids(scripted):
    scripted.expect("GET", LIST, {"workspace_id": [EMEA], "datastream_id": [uuid(1)]}, answer=unknown())
    scripted.expect("GET", LIST, {"datastream_id": [uuid(1)]}, answer=listed(row(1)))
    with pytest.raises(Refused):
        choose(scripted, [uuid(1)], {"workspace_ids": [EMEA]})


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_other_refusals_say_nothing_about_ids(scripted, status):
    scripted.expect("GET", LIST, {"datastream_id": [uuid(1), uuid(2)]}, answer=unknown(status))
    with pytest.raises(Refused):
        choose(scripted, [uuid(1), uuid(2)])


def test_a_refusal_while_ids_are_looked_for_is_told(scripted):
    scripted.expect("GET", LIST, {"datastream_id": [uuid(1)]}, answer=unknown())
    scripted.expect("GET", LIST, {"datastream_id": [uuid(1)]}, answer=unknown(500))
    with pytest.raises(Refused, match="500"):
        choose(scripted, [uuid(1)])


# --- nothing empty means all ---


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Select datastreams with"),
        ({"datastream_ids": None}, "Select datastreams with"),
        ({"filters": None}, "Select datastreams with"),
        ({"all_datastreams": None}, "Select datastreams with"),
        ({"all_datastreams": False}, "Select datastreams with"),
        ({"datastream_ids": []}, "datastream_ids is empty"),
        ({"datastream_ids": [], "filters": {"enabled": True}}, "datastream_ids is empty"),
        ({"filters": {}}, "filters is empty"),
        ({"filters": {"enabled": None, "workspace_ids": None}}, "filters is empty"),
        ({"datastream_ids": [uuid(1)], "filters": {}}, "filters is empty"),
        ({"filters": {"workspace_ids": []}}, "workspace_ids is empty"),
        ({"filters": {"workspace_ids": [], "enabled": True}}, "workspace_ids is empty"),
        ({"filters": {"workspace_scope": "family"}}, "workspace_ids"),
        ({"filters": {"workspace_scope": "family", "workspace_ids": None}}, "workspace_ids"),
        ({"filters": {"workspace_ids": [EMEA], "workspace_scope": "all"}}, "ancestors"),
        ({"filters": {"workspace": EMEA}}, "Supported parameters"),
        ({"filters": {"workspace_ids": [7]}}, "7 is an integer id"),
        ({"filters": {"active_pulling_mode": "none"}}, "smart-bundle"),
        ({"datastream_ids": [456]}, "456 is an integer id, but this option takes a UUID"),
        ({"datastream_ids": ["456", uuid(1)]}, "456 is an integer id, but this option takes a UUID"),
        ({"datastream_ids": [True]}, "is not a UUID"),
        ({"datastream_ids": ""}, "is not a UUID"),
        ({"datastream_id": [uuid(1)], "all_datastreams": True}, "mutually exclusive"),
        ({"filters": {"enabled": True}, "all_datastreams": True}, "mutually exclusive"),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_what_chooses_nothing_is_refused_before_anything_is_asked(scripted, given, message, check_mode):
    with pytest.raises((ValueError, InputError), match=message):
        run("adverity_datastream", scripted, check_mode, enabled=True, **given)


# --- the info module ---


def list_all(client, **given):
    return run("adverity_datastream_info", client, **given)


def test_info_without_options_lists_all(scripted):
    rows = [row(1), row(2, enabled=False, mode="smart-bundle")]
    scripted.expect("GET", LIST, {}, answer=listed(*rows))
    assert list_all(scripted) == {"changed": False, "datastreams": rows, "count": 2, "warnings": []}


def test_info_takes_every_filter_and_ids_together(scripted):
    asked = {"workspace_id": [EMEA], "workspace_scope": "family", "enabled": "false", "active_pulling_mode": "smart", "datastream_id": [uuid(1)]}
    scripted.expect("GET", LIST, asked, answer=listed(row(1, enabled=False, mode="smart")))
    given = {"workspace_ids": [EMEA], "workspace_scope": "family", "enabled": False, "active_pulling_mode": "smart", "datastream_id": [uuid(1).upper()]}
    assert list_all(scripted, **given)["count"] == 1


@pytest.mark.parametrize("refusing", [False, True])
def test_info_leaves_unknown_ids_out(scripted, refusing):
    both = {"datastream_id": [uuid(9), uuid(1)]}
    if refusing:
        for asked, answer in ((both, unknown()), (both, unknown()), ({"datastream_id": [uuid(9)]}, unknown())):
            scripted.expect("GET", LIST, asked, answer=answer)
        for _time in range(2):
            scripted.expect("GET", LIST, {"datastream_id": [uuid(1)]}, answer=listed(row(1)))
    else:
        scripted.expect("GET", LIST, both, answer=listed(row(1)))
    assert list_all(scripted, datastream_ids=[uuid(9), uuid(1)])["datastreams"] == [row(1)]


def test_info_on_an_unknown_id_alone_finds_nothing(scripted):
    for asked, answer in (({"datastream_id": [uuid(9)]}, unknown()), ({"datastream_id": [uuid(9)]}, unknown()), ({}, listed(row(1)))):
        scripted.expect("GET", LIST, asked, answer=answer)
    assert list_all(scripted, datastream_ids=[uuid(9)])["count"] == 0


@pytest.mark.parametrize("given", [{"datastream_ids": []}, {"workspace_ids": []}, {"workspace_scope": "family"}, {"datastream_ids": [456]}])
def test_info_refuses_what_is_empty_or_of_the_wrong_kind(given):
    with pytest.raises((ValueError, AdverityError)):
        list_all(None, **given)

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading datastreams: a filter or an id that the service passes over does not widen the choice, and a refusal is told apart from an unknown id.

Which filters are sent, and what they find: contract/test_datastreams.py.
"""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, Refused, UnreadableAnswer
from ansible_collections.adverity.management.plugins.module_utils._resources import datastreams

LIST = "/api/v1/datastreams/"
EMEA, DACH = (f"a0000000-0000-4000-8000-{number:012d}" for number in (1, 2))


def uuid(number):
    return f"d5000000-0000-4000-8000-{number:012d}"


def row(number, enabled=True, mode="schedule", workspace=EMEA):
    pulling = {"active_mode": mode, "smart": None, "smart_bundle": None}
    return {"id": uuid(number), "name": f"Stream {number}", "enabled": enabled, "workspace": {"id": workspace, "name": "EMEA"}, "pulling": pulling}


def listed(*rows):
    return {"count": len(rows), "items": list(rows)}


def refused(status=422):
    return Refused("GET", LIST, status, "Unknown datastreams")


def choose(client, ids=None, filters=None):
    params = {"datastream_ids": ids, "filters": filters, "all_datastreams": None}
    return [one.id for one in datastreams.read_selected(client, params)]


# --- what the rows tell ---

ROWS = [row(1), row(2, enabled=False), row(3, mode="smart"), row(4, workspace=DACH), row(5, mode=None)]


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({"workspace_ids": [EMEA]}, [1, 2, 3, 5]),
        ({"workspace_ids": [EMEA, DACH]}, [1, 2, 3, 4, 5]),
        ({"workspace_ids": [EMEA], "workspace_scope": "descendants"}, [1, 2, 3, 4, 5]),  # the rows do not tell
        ({"enabled": False}, [2]),
        ({"active_pulling_mode": "smart"}, [3]),
        ({"active_pulling_mode": "schedule", "enabled": True, "workspace_ids": [DACH]}, [4]),
    ],
)
def test_a_filter_that_the_service_passes_over_does_not_widen_the_choice(scripted, filters, left):
    scripted.expect("GET", LIST, datastreams.Filters(**filters).query(), answer=listed(*ROWS))
    assert choose(scripted, filters=filters) == [uuid(number) for number in left]


@pytest.mark.parametrize(
    "shown", [{}, {"pulling": None, "workspace": None, "enabled": None}, {"pulling": "smart", "workspace": EMEA}, {"workspace": {"id": EMEA.upper()}}]
)
def test_a_row_that_tells_nothing_else_stays(scripted, shown):
    filters = {"workspace_ids": [EMEA], "enabled": True, "active_pulling_mode": "smart"}
    scripted.expect("GET", LIST, datastreams.Filters(**filters).query(), answer=listed(dict(shown, id=uuid(1))))
    assert choose(scripted, filters=filters) == [uuid(1)]


def test_ids_that_the_service_passes_over_do_not_widen_the_choice_and_any_spelling_is_theirs(scripted):
    scripted.expect("GET", LIST, {"datastream_id": [uuid(2)]}, answer=listed(row(1), dict(row(2), id=uuid(2).upper()), row(3)))
    assert choose(scripted, [uuid(2)]) == [uuid(2)]


def test_ids_that_do_not_pass_the_filters_are_looked_for_without_them(scripted):
    ids = [uuid(1), uuid(2), uuid(3)]
    scripted.expect("GET", LIST, {"enabled": "false", "datastream_id": ids}, answer=listed(row(2, enabled=False)))
    scripted.expect("GET", LIST, {"datastream_id": [uuid(1), uuid(3)]}, answer=listed(row(1), row(3)))
    assert choose(scripted, ids, {"enabled": False}) == [uuid(2)]


def test_an_id_that_is_no_uuid_is_an_unreadable_answer(scripted):
    scripted.expect("GET", LIST, {}, answer=listed(dict(row(1), id=456)))
    with pytest.raises(UnreadableAnswer, match="456"):
        choose(scripted)


# --- ids the key cannot see ---


@pytest.mark.parametrize("status", [400, 404, 422])
def test_unknown_ids_are_all_named_where_the_service_refuses_them(scripted, status):
    ids = [uuid(1), uuid(8), uuid(2), uuid(9)]
    for asked, answer in (
        (ids, refused(status)),
        (ids, refused(status)),
        (ids[:2], refused(status)),
        (ids[:1], listed(row(1))),
        (ids[1:2], refused(status)),
        (ids[2:], refused(status)),
        (ids[2:3], listed(row(2))),
        (ids[3:], refused(status)),
        ([uuid(1), uuid(2)], listed(row(1), row(2))),
    ):
        scripted.expect("GET", LIST, {"datastream_id": asked}, answer=answer)
    with pytest.raises(InputError) as caught:
        choose(scripted, ids)
    assert caught.value.facts["unknown_ids"] == [uuid(8), uuid(9)]
    assert (uuid(8) in str(caught.value), uuid(9) in str(caught.value), uuid(1) in str(caught.value)) == (True, True, False)


ONE, IN_EMEA = {"datastream_id": [uuid(1)]}, {"workspace_id": [EMEA]}
NOT_UNKNOWN = {
    "the whole list": ({}, [(ONE, refused(404)), (ONE, refused(404)), ({}, refused(404))], 404),
    "a filter": ({"workspace_ids": [EMEA]}, [({**IN_EMEA, **ONE}, refused()), (ONE, listed(row(1)))], 422),
    "looking for ids": ({}, [(ONE, refused()), (ONE, refused(500))], 500),
    **{f"status {status}": ({}, [(ONE, refused(status))], status) for status in (401, 403, 429, 500)},
}


@pytest.mark.parametrize("case", NOT_UNKNOWN)
def test_a_refusal_for_another_reason_is_not_taken_for_unknown_ids(scripted, case):
    filters, requests, status = NOT_UNKNOWN[case]
    for asked, answer in requests:
        scripted.expect("GET", LIST, asked, answer=answer)
    with pytest.raises(Refused) as caught:
        choose(scripted, [uuid(1)], filters)
    assert caught.value.status == status


def test_a_list_of_known_ids_is_empty_where_the_only_id_is_refused(scripted):
    for asked, answer in ((ONE, refused()), (ONE, refused()), ({}, listed(row(2)))):
        scripted.expect("GET", LIST, asked, answer=answer)
    assert datastreams.read(scripted, [uuid(1)]) == []

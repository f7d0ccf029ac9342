# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, UnreadableAnswer
from ansible_collections.adverity.management.plugins.module_utils._resources import directory
from ansible_collections.adverity.management.plugins.module_utils._resources.datastreams import Datastream
from ansible_collections.adverity.management.plugins.module_utils._resources.directory import Connection, NamedDatastream, Workspace
from ansible_collections.adverity.management.tests.unit.plugins import in_process

STACKS = [
    {"id": 1, "name": "Acme", "slug": "acme", "parent_id": None},
    {"id": 12, "name": "EMEA", "slug": "emea", "parent_id": 1},
    {"id": 13, "name": "DACH", "slug": "dach", "parent_id": 12},
]
WORKSPACES = [Workspace.from_row(row) for row in STACKS]
UUIDS = [f"d5000000-0000-4000-8000-00000000045{number}" for number in range(10)]


def older(number, name, stack_id=12):
    return NamedDatastream.from_row({"id": number, "name": name, "stack_id": stack_id, "enabled": True})


def newer_row(number, name, workspace="EMEA"):
    return {"id": UUIDS[number], "name": name, "workspace": {"id": "a0000000-0000-4000-8000-000000000004", "name": workspace}}


def newer(number, name, workspace="EMEA"):
    return Datastream.from_row(newer_row(number, name, workspace))


def find(described, wanted):
    return directory.find_datastream(described, wanted, WORKSPACES).id


def expect_list(client, path, *rows, **params):
    client.expect("GET", path, params, answer={"count": len(rows), "next": None, "previous": None, "results": list(rows)})


# Finding


@pytest.mark.parametrize("wanted", ["EMEA", "emea", 12, "12"])
def test_a_workspace_is_found_by_name_slug_or_id(wanted):
    assert directory.find_workspace(WORKSPACES, wanted).id == 12


@pytest.mark.parametrize("wanted", ["Emea", " EMEA", "EMEA ", "4711", 4711, True, None, 12.5])
def test_what_differs_in_anything_is_not_found_and_the_error_lists_what_there_is(wanted):
    with pytest.raises(InputError) as caught:
        directory.find_workspace(WORKSPACES, wanted)
    assert "does not exist among the 3 that this key can see: 'Acme' (id 1), 'EMEA' (id 12), 'DACH' (id 13)." in str(caught.value)


def test_a_name_that_fits_two_is_an_error_that_lists_both():
    workspaces = [*WORKSPACES, Workspace.from_row({"id": 99, "name": "EMEA", "slug": "emea-2"})]
    with pytest.raises(InputError) as caught:
        directory.find_workspace(workspaces, "EMEA")
    assert str(caught.value) == "The workspace 'EMEA' is ambiguous. It fits 'EMEA' (id 12), 'EMEA' (id 99). Use the ID."
    assert caught.value.result()["ambiguous"] == [12, 99]
    assert directory.find_workspace(workspaces, "emea-2").id == 99


def test_a_name_of_one_that_is_the_slug_of_another_is_ambiguous():
    with pytest.raises(InputError, match="ambiguous"):
        directory.find_workspace([Workspace.from_row({"id": 5, "name": "acme", "slug": "x"}), *WORKSPACES], "acme")


def test_text_is_a_name_first_and_a_number_is_an_id_only():
    found = directory.describe([older(456, "Google"), older(5, "456")], WORKSPACES)
    assert (find(found, "456"), find(found, 456)) == (5, 456)


def test_a_message_shows_any_name_on_one_line_and_cuts_long_lists():
    rows = [{"id": 1, "name": "a\nb\x1b[31m"}, {"id": 2, "name": None}, {"id": 3, "name": " c ", "workspace": "W\r\n"}]
    shown = directory.listed(map(Connection.from_row, rows))
    assert shown == "'a b [31m' (id 1), 'None' (id 2), ' c ' (id 3, workspace 'W')"
    assert [directory.quoted(one) for one in (" ", "  ", "")] == ["' '", "'  '", "''"]
    assert directory.listed(Connection(one, "n", {}) for one in range(1, 31)).endswith("'n' (id 20) and 10 more")


# The two ids of a datastream


def test_a_pair_that_is_unique_on_both_sides_links_the_ids():
    described = directory.describe([older(456, "Google"), older(457, "Google", 13)], WORKSPACES, [newer(0, "Google", "DACH"), newer(1, "Google")])
    assert described == [(456, UUIDS[1], "Google", "EMEA", 12, True, None), (457, UUIDS[0], "Google", "DACH", 13, True, None)]


@pytest.mark.parametrize(
    ("left", "right", "says"),
    [
        ([older(1, "A"), older(2, "A")], [newer(0, "A")], "fits 2 integer IDs and 1 UUIDs"),
        ([older(1, "A")], [newer(0, "A"), newer(1, "A")], "fits 1 integer IDs and 2 UUIDs"),
        ([older(1, "A")], [], "fits 1 integer IDs and 0 UUIDs"),
        ([older(1, "A")], [newer(0, "A", "DACH")], "fits 1 integer IDs and 0 UUIDs"),
        ([older(1, "A")], [newer(0, "a")], "fits 1 integer IDs and 0 UUIDs"),
        ([older(1, "A")], [Datastream.from_row({"id": UUIDS[0], "name": "A"})], "fits 1 integer IDs and 0 UUIDs"),
        ([older(1, "A", 4711)], [newer(0, "A", None)], "the workspace is not among those that this key can see"),
        ([NamedDatastream.from_row({"id": 1, "name": "A"})], [newer(0, "A")], "the workspace is not among those that this key can see"),
    ],
)
def test_any_other_pair_leaves_the_uuid_open_and_says_why(left, right, says):
    for datastream in directory.describe(left, WORKSPACES, right):
        assert datastream.uuid is None
        assert says in datastream.note


def test_two_workspaces_of_one_name_do_not_link():
    workspaces = [Workspace.from_row({"id": number, "name": "EMEA"}) for number in (12, 13)]
    described = directory.describe([older(1, "A", 12), older(2, "A", 13)], workspaces, [newer(0, "A"), newer(1, "A")])
    assert [datastream.uuid for datastream in described] == [None, None]


def test_a_name_in_two_workspaces_is_told_apart_by_the_workspace():
    described = directory.describe([older(456, "Google"), older(457, "Google", 13)], WORKSPACES)
    for workspace in ("DACH", "dach", 13, "13"):
        assert find(described, {"name": "Google", "workspace": workspace}) == 457
    with pytest.raises(InputError) as caught:
        find(described, "Google")
    assert "fits 'Google' (id 456, workspace 'EMEA'), 'Google' (id 457, workspace 'DACH')" in str(caught.value)
    with pytest.raises(InputError, match="The workspace 'Nowhere' does not exist"):
        find(described, {"name": "Google", "workspace": "Nowhere"})
    with pytest.raises(InputError, match="The datastream 'Google' does not exist among the 0"):
        find(described, {"name": "Google", "workspace": "Acme"})


@pytest.mark.parametrize("wanted", [{}, {"name": "Google"}, {"workspace": "EMEA"}, [], 1.5, True])
def test_what_names_nothing_is_not_found(wanted):
    with pytest.raises(InputError, match="does not exist"):
        find(directory.describe([older(456, "Google")], WORKSPACES), wanted)


def test_a_uuid_finds_its_datastream():
    described = directory.describe([older(456, "Google")], WORKSPACES, [newer(3, "Google")])
    assert find(described, UUIDS[3]) == 456


# Connections

TARGET_TYPE = directory.ObjectType.from_row({"id": 70, "name": "BigQuery", "slug": "bigquery"})
KINDS = {number: {"id": number, "name": name, "slug": slug} for number, name, slug in (
    (3, "Google BigQuery", "bigquery"), (4, "Facebook", "facebook"), (5, "S3", "s3"),
)}  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "kind", "listed", "found"),
    [
        ("34", None, None, 34),  # digits are an id, and nothing is asked
        ("Account", None, [(3, [(34, "Account"), (35, "account")])], 34),  # first in the type that has the name of the destination type
        ("Account", None, [(3, [(34, "Another")]), (4, []), (5, [(36, "Account")])], 36),  # then in all others
        ("Account", "Facebook", [(4, [(36, "Account")])], 36),
        ("A", "s3", [(5, [(1, "A"), (2, "A")])], "ambiguous"),
        ("A", "s3", [(5, [(1, "B")])], "does not exist"),
    ],
)
def test_a_connection_is_looked_for(scripted, wanted, kind, listed, found):
    """``listed``: the connection types that are asked, in order, each with its connections; ``found``: the id, or what the error says."""
    if listed is not None:
        expect_list(scripted, directory.CONNECTION_TYPES, *KINDS.values())
    for number, rows in listed or []:
        expect_list(scripted, f"/api/connection-types/{number}/connections/", *({"id": one, "name": name} for one, name in rows))
    if isinstance(found, int):
        assert directory.look_up_connection(scripted, wanted, TARGET_TYPE, kind) == found
    else:
        with pytest.raises(InputError, match=found):
            directory.look_up_connection(scripted, wanted, TARGET_TYPE, kind)


# The module


@pytest.fixture(name="look")
def fixture_look(scripted):
    def look(**options):
        asked = dict.fromkeys(("workspaces", "datastreams", "connections", "connection_types"))
        return in_process.run_with("adverity_directory_info", scripted, {**asked, **options})

    return look


def test_where_the_list_tells_no_workspace_those_that_are_named_are_read_one_by_one(scripted, look):
    expect_list(scripted, directory.WORKSPACES, *STACKS)
    short = [{"id": number, "name": name} for number, name in ((1, "A"), (2, "B"), (3, "A"), (4, "D"))]
    expect_list(scripted, directory.DATASTREAMS, *short)
    for number, stack in ((1, 12), (3, 13), (4, 12)):
        scripted.expect("GET", f"{directory.DATASTREAMS}{number}/", answer={"id": number, "name": "A", "stack_id": stack})
    scripted.expect("GET", "/api/v1/datastreams/", answer={"items": [newer_row(1, "A", "DACH")], "count": 1})
    rows = look(datastreams=[{"name": "A", "workspace": "DACH"}, 4])["datastreams"]
    assert [(row["id"], row["uuid"]) for row in rows] == [(3, UUIDS[1]), (4, None)]


def test_a_star_is_all(scripted, look):
    expect_list(scripted, directory.WORKSPACES, *STACKS)
    assert look(workspaces=["*"])["workspaces"] == STACKS
    expect_list(scripted, directory.CONNECTION_TYPES, *KINDS.values())
    rows = [{"id": 5, "name": "b", "access_token": "s3cret"}, {"id": 6, "name": "c"}]
    expect_list(scripted, "/api/connection-types/4/connections/", *rows)
    rows = look(connections=["*"], connection_types=["facebook"])["connections"]
    assert rows == [{"id": 5, "name": "b", "access_token": "********", "connection_type": "facebook"}, {"id": 6, "name": "c", "connection_type": "facebook"}]


@pytest.mark.parametrize("identity", ["12", None, 0, True, "../../x"])
def test_rows_without_an_integer_id_are_an_error(scripted, identity):
    expect_list(scripted, directory.WORKSPACES, {"id": identity, "name": "x"})
    with pytest.raises(UnreadableAnswer, match="lacks"):
        directory.read_workspaces(scripted)

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What names mean: workspaces, datastreams and connections."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError
from ansible_collections.adverity.management.plugins.module_utils._resources import directory
from ansible_collections.adverity.management.plugins.module_utils._resources.datastreams import Datastream
from ansible_collections.adverity.management.plugins.module_utils._resources.directory import Connection, NamedDatastream, Workspace
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import WORKSPACE, World, uuid

EMEA, DACH = (f"a0000000-0000-4000-8000-00000000000{number}" for number in (2, 3))


def workspace(number, name, slug=None):
    return Workspace.from_row({"id": number, "name": name, "slug": slug or name.lower()})


def older(number, name, stack_id=12):
    return NamedDatastream.from_row({"id": number, "name": name, "stack_id": stack_id, "enabled": True})


def newer(number, name, workspace_name="EMEA"):
    return Datastream.from_row({"id": uuid(number), "name": name, "workspace": {"name": workspace_name}})


WORKSPACES = [workspace(1, "Acme"), workspace(12, "EMEA"), workspace(13, "DACH")]


def find(described, wanted):
    return directory.find_datastream(described, wanted, WORKSPACES).id


# Finding


@pytest.mark.parametrize("wanted", ["EMEA", "emea", 12, "12"])
def test_workspace_is_found_by_name_slug_or_id(wanted):
    assert directory.find_workspace(WORKSPACES, wanted).id == 12


@pytest.mark.parametrize("wanted", ["Emea", " EMEA", "EMEA ", "4711", 4711, True, None, 12.5])
def test_name_that_differs_in_anything_is_not_found_and_the_error_lists_what_there_is(wanted):
    with pytest.raises(InputError) as caught:
        directory.find_workspace(WORKSPACES, wanted)
    assert "does not exist among the 3 that this key can see: 'Acme' (id 1), 'EMEA' (id 12), 'DACH' (id 13)." in str(caught.value)


def test_name_that_fits_two_is_an_error_that_lists_both():
    workspaces = [*WORKSPACES, workspace(99, "EMEA", "emea-2"), workspace(5, "acme", "x")]
    with pytest.raises(InputError) as caught:
        directory.find_workspace(workspaces, "EMEA")
    assert str(caught.value) == "The workspace 'EMEA' is ambiguous. It fits 'EMEA' (id 12), 'EMEA' (id 99). Use the ID. Nothing was changed."
    assert caught.value.result()["ambiguous"] == [12, 99]
    assert directory.find_workspace(workspaces, "emea-2").id == 99
    with pytest.raises(InputError, match="ambiguous"):  # the name of one is the slug of another
        directory.find_workspace(workspaces, "acme")


def test_message_shows_any_name_on_one_line_and_cuts_long_lists():
    rows = [{"id": 1, "name": "a\nb\x1b[31m"}, {"id": 2, "name": None}, {"id": 3, "name": " c ", "workspace": "W\r\n"}]
    assert directory.listed(map(Connection.from_row, rows)) == "'a b [31m' (id 1), 'None' (id 2), ' c ' (id 3, workspace 'W')"
    assert [directory.quoted(name) for name in (" ", "  ", "")] == ["' '", "'  '", "''"]
    assert directory.listed(Connection(number, "n", {}) for number in range(1, 31)).endswith("'n' (id 20) and 10 more")


# The two IDs of a datastream


def test_pair_of_name_and_workspace_that_is_unique_on_both_sides_links_the_ids():
    described = directory.describe([older(456, "Google"), older(457, "Google", 13)], WORKSPACES, [newer(0, "Google", "DACH"), newer(1, "Google")])
    assert described == [(456, uuid(1), "Google", "EMEA", 12, True, None), (457, uuid(0), "Google", "DACH", 13, True, None)]
    assert find(described, uuid(0)) == 457


NOT_SEEN = "the workspace is not among those that this key can see"


@pytest.mark.parametrize(
    ("left", "right", "note"),
    [
        ([older(1, "A"), older(2, "A")], [newer(0, "A")], "fits 2 integer IDs and 1 UUIDs"),
        ([older(1, "A")], [newer(0, "A"), newer(1, "A")], "fits 1 integer IDs and 2 UUIDs"),
        ([older(1, "A")], [], "fits 1 integer IDs and 0 UUIDs"),
        ([older(1, "A")], [newer(0, "A", "DACH")], "fits 1 integer IDs and 0 UUIDs"),
        ([older(1, "A")], [newer(0, "a")], "fits 1 integer IDs and 0 UUIDs"),
        ([older(1, "A")], [Datastream.from_row({"id": uuid(0), "name": "A"})], "fits 1 integer IDs and 0 UUIDs"),
        ([older(1, "A", 4711)], [newer(0, "A", None)], NOT_SEEN),
        ([NamedDatastream.from_row({"id": 1, "name": "A"})], [newer(0, "A")], NOT_SEEN),
    ],
)
def test_any_other_pair_leaves_the_uuid_open_and_says_why(left, right, note):
    for datastream in directory.describe(left, WORKSPACES, right):
        assert datastream.uuid is None
        assert note in datastream.note


def test_two_workspaces_of_one_name_do_not_link():
    same = [workspace(12, "EMEA"), workspace(13, "EMEA")]
    described = directory.describe([older(1, "A", 12), older(2, "A", 13)], same, [newer(0, "A"), newer(1, "A")])
    assert [datastream.uuid for datastream in described] == [None, None]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        *[({"name": "Google", "workspace": named}, 457) for named in ("DACH", "dach", 13, "13")],
        ("456", 5), (456, 456),  # text is a name first, a number is an ID only
        ("Google", "fits 'Google' .id 456, workspace 'EMEA'., 'Google' .id 457, workspace 'DACH'."),
        ({"name": "Google", "workspace": "Nowhere"}, "The workspace 'Nowhere' does not exist"),
        (
            {"name": "Google", "workspace": "Acme"},
            "The datastream 'Google' does not exist among the 0 in the workspace 'Acme' that this key can see: none. A datastream of this name is in another"
            " workspace: 'Google' .id 456, workspace 'EMEA'., 'Google' .id 457, workspace 'DACH'.. Nothing was changed.",
        ),
        ({"name": "456", "workspace": "DACH"}, "among the 1 in the workspace 'DACH' that this key can see: 'Google' .id 457, .* A datastream of this name"),
        *[(nothing, "does not exist") for nothing in ({}, {"name": "Google"}, {"workspace": "EMEA"}, [], 1.5, True)],
    ],
)  # fmt: skip
def test_datastream_is_found_by_name_or_integer_id_and_by_workspace_where_the_name_is_there_twice(wanted, found):
    described = directory.describe([older(456, "Google"), older(457, "Google", 13), older(5, "456")], WORKSPACES)
    if isinstance(found, int):
        assert find(described, wanted) == found
    else:
        with pytest.raises(InputError, match=found):
            find(described, wanted)


def test_datastreams_that_are_named_are_read_whole_where_the_list_tells_no_workspace(begin):
    world = World().datastream(1, name="A", workspace=EMEA).datastream(2, name="B").datastream(3, name="A", workspace=DACH).datastream(4, name="D")
    world.data["workspaces"] += [{"id": EMEA, "name": "EMEA", "parent": WORKSPACE}, {"id": DACH, "name": "DACH", "parent": EMEA}]
    scene = begin(world, datastream_rows="short")
    rows = scene.run("directory_info", datastreams=[{"name": "A", "workspace": "DACH"}, 4])["datastreams"]
    assert [(row["id"], row["uuid"]) for row in rows] == [(3, uuid(3)), (4, uuid(4))]
    whole = [f"{directory.DATASTREAMS}{number}/" for number in (1, 3, 4)]
    assert [row["path"] for row in scene.requests()] == [directory.WORKSPACES, directory.DATASTREAMS, *whole, "/api/v1/datastreams/"]


# Connections


def connections(*named):
    """A world with these connections, of which each is a pair of its type and its name. Their IDs begin with 30."""
    world = World()
    world.data["connections"] = [{"id": 30 + number, "type": kind, "name": name} for number, (kind, name) in enumerate(named)]
    return world


@pytest.mark.parametrize(
    ("wanted", "kind", "there", "asked", "found"),
    [
        ("34", None, [], [], 34),  # digits are an ID
        ("Account", None, [("bigquery", "Account"), ("meta", "Account")], ["bigquery"], 30),  # first in the type of the destination
        ("Account", None, [("bigquery", "account"), ("meta", "Account")], ["bigquery", "google-sheets", "linkedin", "google-ads", "meta"], 31),
        ("Account", "Meta", [("bigquery", "Account"), ("meta", "Account")], ["meta"], 31),
        ("A", "meta", [("meta", "A"), ("meta", "A")], ["meta"], "ambiguous"),
        ("A", "meta", [("meta", "B")], ["meta"], "does not exist"),
    ],
)
def test_connection_is_looked_for_in_one_type_after_the_other(begin, wanted, kind, there, asked, found):
    scene = begin(connections(*there))
    target_type = directory.ObjectType.from_row({"id": 70, "name": "Big Query", "slug": "bigquery"})
    if isinstance(found, int):
        assert directory.look_up_connection(scene.client, wanted, target_type, kind) == found
    else:
        with pytest.raises(InputError, match=found):
            directory.look_up_connection(scene.client, wanted, target_type, kind)
    type_ids = {row["slug"]: row["id"] for row in scene.service.world.connection_types.values()}
    lists = [f"{directory.CONNECTION_TYPES}{type_ids[slug]}/connections/" for slug in asked]
    assert [row["path"] for row in scene.requests()] == [directory.CONNECTION_TYPES] * bool(asked) + lists


def test_star_is_all_and_connections_show_their_type_but_no_secret(begin):
    scene = begin(connections(("meta", "b"), ("meta", "c"), ("bigquery", "d")))
    scene.show(f"{directory.CONNECTION_TYPES}125/connections/", {"id": 30, "name": "b", "access_token": "s3cret"}, {"id": 31, "name": "c"})
    result = scene.run("directory_info", workspaces=["*"], connections=["*"], connection_types=["meta"])
    assert [row["name"] for row in result["workspaces"]] == ["Acme"]
    assert result["connections"] == [
        {"id": 30, "name": "b", "access_token": "********", "connection_type": "meta"}, {"id": 31, "name": "c", "connection_type": "meta"},
    ]  # fmt: skip

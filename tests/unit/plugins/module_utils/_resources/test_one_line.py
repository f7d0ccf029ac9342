# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the service answers and a run shows is one line, without control characters: a name must not look like the output of another task."""

from __future__ import annotations

import unicodedata

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import linked_list
from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError, Refused
from ansible_collections.adverity.management.plugins.module_utils._resources import datastream_plan, datastreams, extracts, smart_pulling
from ansible_collections.adverity.management.plugins.module_utils._resources.datastream_writes import write
from ansible_collections.adverity.management.plugins.module_utils._resources.datastreams import Datastream

HOSTILE = [
    "evil\nTASK [all is well] ***",
    "evil\r\nok: [localhost]",
    "evil\x1b[2J\x1b[1;1H",
    "evil\x9b31m",
    "evil\x00\x07\x08\x7f",
    "evil\u202elive",
    "evil\u2066\u200f\u061c\u2028\u2029\u0085",
    "evil\u200b\u2060\u00ad\ufeff\U000e0041",
    "evil\ud800",
]
UUID = "d5000000-0000-4000-8000-000000000001"
OTHER = "d5000000-0000-4000-8000-000000000002"
REFUSAL = Refused("PATCH", datastreams.DATASTREAMS, 400, "no")  # the text of an answer is one line by then: the client sees to that
hostile = pytest.mark.parametrize("name", HOSTILE)


def check(shown):
    """Every text in it is one line of characters that can be seen."""
    if isinstance(shown, dict):
        shown = [*shown, *shown.values()]
    if isinstance(shown, list):
        for value in shown:
            check(value)
    elif isinstance(shown, str):
        assert all(unicodedata.category(one)[0] != "C" and one not in "\u2028\u2029" for one in shown), ascii(shown)


def datastream(name, **smart):
    setting = dict({"is_active": True, "frequency": "daily", "refresh_range": None, "deadline": None}, **smart)
    return Datastream.from_row({"id": UUID, "name": name, "enabled": True, "pulling": {"active_mode": name, "smart": setting}})


def check_failure(run, *args):
    with pytest.raises(AdverityError) as caught:
        run(*args)
    check({key: value for key, value in caught.value.result().items() if key != "datastreams"})  # which is data, not text


@hostile
def test_labels(name):
    assert datastream(name).label.startswith("evil")
    check(datastream(name).label)
    assert len(datastream(name * 1000).label) < 150


@pytest.mark.parametrize("name", [None, "", "\n", "\u202e"])
def test_without_a_name_the_id_is_the_label(name):
    assert datastream(name).label == UUID


@hostile
def test_diffs_warnings_and_errors_of_datastreams(scripted, name):
    writes = datastream_plan.plan([datastream(name)], False, "smart")
    params = {"datastream_id": [UUID]}
    scripted.expect("PATCH", datastreams.DATASTREAMS, params, {"enabled": False}, {"affected": {"datastream_ids": [OTHER]}})
    scripted.expect("PATCH", datastreams.DATASTREAMS, params, {"pulling": {"active_mode": "smart"}}, REFUSAL)
    check_failure(write, scripted, [datastream(name)], writes, False)
    diff = write(None, [datastream(name)], writes, True).diff
    assert diff.before
    check([diff.before, diff.after])


@hostile
def test_what_a_put_keeps_of_a_setting(scripted, name):
    """The frequency and the unit are the service's own words, go back to it as they are, and are quoted in messages."""
    selected = [datastream("plain", frequency=name, refresh_range={"value": 1, "unit": name})]
    options = {"is_active": False, "frequency": None, "refresh_range": None, "deadline": None, "reset": ["refresh_range"]}
    writes = smart_pulling.plan(selected, options)
    assert writes[0].body["frequency"] == name
    check(write(None, selected, writes, True).as_dict()["diff"])
    for answer in ({"affected": {"datastream_ids": []}}, REFUSAL):
        scripted.expect("PUT", smart_pulling.PATH, {"datastream_id": [UUID]}, writes[0].body, answer)
    check(write(scripted, selected, writes, False).warnings)
    check_failure(write, scripted, selected, writes, False)


@hostile
def test_refusals_of_smart_pulling(name):
    options = {"is_active": None, "frequency": None, "refresh_range": None, "deadline": "06:00:00", "reset": None}
    silent = [Datastream.from_row({"id": UUID, "name": name, "pulling": pulling}) for pulling in ({"smart": None}, None)]
    for shown in (*silent, datastream("plain", frequency=[name])):
        check_failure(smart_pulling.plan, [shown], options)


@hostile
def test_lists_with_ids_links_and_pages_that_are_not_as_they_should_be(scripted, name):
    path = name.replace("\r", "").replace("\n", "\x1b")  # line breaks in a link are passed over
    for following, identity in ((f"https://acme.example/api/{path}/?page=2", 1), (name, 1), (None, name)):
        scripted.expect("GET", extracts.PATH, {}, answer={"results": [{"id": identity}], "count": 2, "next": following})
        check_failure(linked_list.read_linked, scripted, extracts.PATH, {}, list)
    scripted.expect("GET", datastreams.DATASTREAMS, {}, answer={"items": [{"id": name}], "count": 1})
    check_failure(datastreams.read, scripted)

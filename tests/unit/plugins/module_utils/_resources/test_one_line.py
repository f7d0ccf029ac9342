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


def check(shown):
    """Every text in it is one line of characters that can be seen."""
    if isinstance(shown, dict):
        for key, value in shown.items():
            check(key)
            check(value)
    elif isinstance(shown, list):
        for value in shown:
            check(value)
    elif isinstance(shown, str):
        assert all(unicodedata.category(one)[0] != "C" and one not in "\u2028\u2029" for one in shown), ascii(shown)


def row(name, **smart):
    setting = dict({"is_active": True, "frequency": "daily", "refresh_range": None, "deadline": None}, **smart)
    return {"id": UUID, "name": name, "enabled": True, "pulling": {"active_mode": name, "smart": setting}}


def failure(run, *args, **more):
    with pytest.raises(AdverityError) as caught:
        run(*args, **more)
    return {key: value for key, value in caught.value.result().items() if key != "datastreams"}  # which is data, not text


def refusal():
    """The text of an answer is one line by then: the client sees to that."""
    return Refused("PATCH", datastreams.DATASTREAMS, 400, "no")


@pytest.mark.parametrize("name", HOSTILE)
def test_labels(name):
    assert datastreams.label(row(name)).startswith("evil")
    check(datastreams.label(row(name)))
    assert len(datastreams.label(row(name * 1000))) < 150


@pytest.mark.parametrize("name", [None, "", "\n", "\u202e"])
def test_without_a_name_the_id_is_the_label(name):
    assert datastreams.label(row(name)) == UUID


@pytest.mark.parametrize("name", HOSTILE)
def test_diffs_warnings_and_errors_of_datastreams(scripted, name):
    writes = datastream_plan.plan([row(name)], False, "smart")
    params = {"datastream_id": [UUID]}
    scripted.expect("PATCH", datastreams.DATASTREAMS, params, {"enabled": False}, {"affected": {"datastream_ids": [OTHER]}})
    scripted.expect("PATCH", datastreams.DATASTREAMS, params, {"pulling": {"active_mode": "smart"}}, refusal())
    check(failure(write, scripted, [row(name)], writes, False))
    diff = write(None, [row(name)], writes, True).diff
    assert diff.before
    check([diff.before, diff.after])


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_put_keeps_of_a_setting(scripted, name):
    """The frequency and the unit are the service's own words, go back to it as they are, and are quoted in messages."""
    rows = [row("plain", frequency=name, refresh_range={"value": 1, "unit": name})]
    options = {"is_active": False, "frequency": None, "refresh_range": None, "deadline": None, "reset": ["refresh_range"]}
    writes = smart_pulling.plan(rows, options)
    assert writes[0].body["frequency"] == name
    check(write(None, rows, writes, True).as_dict()["diff"])
    scripted.expect("PUT", smart_pulling.PATH, {"datastream_id": [UUID]}, writes[0].body, {"affected": {"datastream_ids": []}})
    check(write(scripted, rows, writes, False).warnings)
    scripted.expect("PUT", smart_pulling.PATH, {"datastream_id": [UUID]}, writes[0].body, refusal())
    check(failure(write, scripted, rows, writes, False))


@pytest.mark.parametrize("name", HOSTILE)
def test_refusals_of_smart_pulling(name):
    options = {"is_active": None, "frequency": None, "refresh_range": None, "deadline": "06:00:00", "reset": None}
    check(failure(smart_pulling.plan, [dict(row(name), pulling={"smart": None})], options))
    check(failure(smart_pulling.plan, [dict(row(name), pulling=None)], options))
    check(failure(smart_pulling.plan, [row("plain", frequency=[name])], options))


@pytest.mark.parametrize("name", HOSTILE)
def test_lists(scripted, name):
    """Ids, links and pages that are not as they should be."""
    path = name.replace("\r", "").replace("\n", "\x1b")  # line breaks in a link are passed over
    page = {"results": [{"id": 1}], "count": 2, "next": f"https://acme.example/api/{path}/?page=2"}
    scripted.expect("GET", extracts.PATH, {}, answer=page)
    check(failure(linked_list.read_linked, scripted, extracts.PATH, {}, list))
    scripted.expect("GET", extracts.PATH, {}, answer=dict(page, next=name))
    check(failure(linked_list.read_linked, scripted, extracts.PATH, {}, list))
    scripted.expect("GET", datastreams.DATASTREAMS, {}, answer={"items": [{"id": name}], "count": 1})
    check(failure(datastreams.read, scripted, None, {}))
    scripted.expect("GET", extracts.PATH, {}, answer={"results": [{"id": name}], "next": None})
    check(failure(linked_list.read_linked, scripted, extracts.PATH, {}, list))


@pytest.mark.parametrize("name", HOSTILE[:-1])
def test_what_the_client_quotes(server, make_client, name):
    client = make_client(server, retries=0)
    for status in (200, 400, 500):
        for kind in ("text/plain", "text/html", None):
            server.answer(status, body=name.encode(), content_type=kind)
            check(failure(client.get, "/a/"))
    server.answer(422, {"detail": [{"loc": [name], "msg": name}], name: name})
    check(failure(client.get, "/a/"))
    server.answer(302, {}, headers={"Location": "".join(one for one in name if one not in "\r\n\x00")})
    check(failure(client.get, "/a/"))

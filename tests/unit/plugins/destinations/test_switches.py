# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Destinations and assignments by name: never a second destination, never a second assignment.

Each call whatever the service does where its documents are silent, with check mode before it: contract/test_unknowns.py.
"""

from __future__ import annotations

import pytest

SECRET = "open-sesame-4711"
SNOWFLAKE = {"account": "acme", "database": "dwh", "username": "loader", "password": SECRET}
NAMES = ["it's \"quoted\"", "Ads \N{ROCKET}", "a/b/../c?d=e#f", "  leading", "trailing  ", "{{ lookup('env', 'HOME') }}", "{% raw %}", "x" * 300, "456", "null"]


@pytest.mark.parametrize("secrets", ["masked", "absent", "null"])
@pytest.mark.parametrize("options", ["metadata", "refused"])
@pytest.mark.parametrize("changes", ["patch", "put"])
def test_secrets_are_written_when_created_or_forced_and_never_shown(begin, secrets, options, changes):
    it = begin(secrets=secrets, target_options=options, target_changes=changes)
    it.secret.append(SECRET)
    named = {"type": "snowflake", "connection": None, "settings": SNOWFLAKE}
    results = [it.destination(**named), it.destination(**named)]
    assert (results[1]["changed"], it.written()) == (False, [("POST", "targets")])
    assert "cannot be compared: password" in results[1]["warnings"][-1]

    named["settings"] = {**SNOWFLAKE, "database": "other"}
    result = it.destination(**named)
    if changes == "patch":
        assert result["diff"] == {"before": {"database": "dwh"}, "after": {"database": "other"}}
    else:
        # Where nothing tells that there is a secret, the service refuses the PUT.
        assert result["failed"] is True
        assert (secrets, options) == ("absent", "refused") or "it would lose password" in result["msg"]
        assert it.targets[0]["settings"]["database"] == "dwh"
    assert it.targets[0]["settings"]["password"] == SECRET
    assert it.destination(**named, force_settings=True)["changed"] is True
    assert {name: it.targets[0]["settings"][name] for name in ("password", "database")} == {"password": SECRET, "database": "other"}
    it.run("destination_info", type="snowflake", schema=True)


@pytest.mark.parametrize("spaces", ["kept", "trimmed"])
@pytest.mark.parametrize("name", NAMES)
def test_any_name_makes_one_destination_and_one_assignment(begin, spaces, name):
    it = begin(text_blanks=spaces)
    is_changed = spaces == "trimmed" and name != name.strip()

    def as_expected(result, says, **facts):
        return says in result["msg"] if is_changed else {name: result[name] for name in facts} == facts

    assert as_expected(it.destination(name=name), "Use that name", created=True)
    assert as_expected(it.destination(name=name), "differs only in spaces", changed=False)
    (target,) = it.targets
    assert target["name"] == (name.strip() if is_changed else name)
    wanted = {"datastream_id": 456, "table_name": name}
    assert ["another table_name" in warning for warning in it.assign(target["id"], wanted)["warnings"]] == [True] * is_changed
    assert as_expected(it.assign(target["id"], wanted), "differs only in spaces", changed=False)
    assert [row["table_name"] for row in it.bindings] == [target["name"]]


FAULTS = [{"drop": "after"}, {"drop": "before"}, {"cut": 5}, {"status": {"code": 502}}]
FAULTS += [{"status": {"code": 500}, "work": True}, {"html": {"code": 200}, "work": True}]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_an_answer_lost_after_a_post_leads_to_no_second_one(begin, fault):
    it = begin()
    it.service.fault(method="POST", **fault)
    message = it.destination()["msg"]
    assert "Whether destination 'DWH' was written is unknown. Not written: none. Run it again: it reads first" in message
    assert it.written() == [("POST", "targets")]
    it.destination()
    (target,) = it.targets
    wanted = [{"datastream_id": number} for number in (456, 457, 458)]
    it.service.fault(method="POST", path=None, skip=1, **fault)
    result = it.assign(target["id"], *wanted)
    assert (result["affected"], result["remaining"]) == ({"datastream_ids": [456]}, {"datastream_ids": [457, 458]})
    assert "Whether assignment of datastream 457 was written is unknown. Not written: assignment of datastream 458." in result["msg"]
    assert [it.assign(target["id"], *wanted)["changed"] for _time in range(2)] == [True, False]
    assert sorted(row["datastream_id"] for row in it.bindings) == [456, 457, 458]


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"drop": "before"}, {"status": {"code": 503}}], ids=str)
def test_deleting_is_repeated(begin, fault):
    it = begin()
    it.options["retries"] = 1
    ours = {"type": "bigquery", "target_id": it.destination()["destination"]["id"]}
    it.run("assignment", **ours, assignments=[{"datastream_id": 456}])
    for module, options in (("assignment", {"assignments": [{"datastream_id": 456}]}), ("destination", {"name": "DWH"})):
        it.service.fault(method="DELETE", **fault)
        assert it.run(module, **ours, state="absent", **options)["changed"] is True
    assert (it.targets, it.bindings) == ([], [])


def test_requests_do_not_grow_with_names(begin):
    it = begin()
    it.run("directory_info", workspaces=["*"], datastreams=["Meta", 456, 458, {"name": "Google", "workspace": "DACH"}])
    assert [row["path"] for row in it.requests()] == ["/api/stacks/", "/api/datastreams/", "/api/v1/datastreams/"]
    it.forget()
    it.destination()
    assert [row["method"] for row in it.requests()] == ["GET", "GET", "GET", "GET", "OPTIONS", "GET", "GET", "POST", "GET"]

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Smart-pulling settings: what is kept, set and reset, which datastreams share a PUT, and what is refused."""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, Refused, UnreadableAnswer
from ansible_collections.adverity.management.plugins.module_utils._resources import datastreams, smart_pulling
from ansible_collections.adverity.management.plugins.module_utils._resources.datastream_writes import write
from ansible_collections.adverity.management.tests.unit.plugins import in_process
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

LIST = "/api/v1/datastreams/"
PATH = "/api/v1/datastreams/pulling/smart/"
WEEK = {"value": 7, "unit": "day"}
SIX = {"time": "06:00:00"}
NOTHING = {"is_active": None, "frequency": None, "refresh_range": None, "deadline": None, "reset": None}


def uuid(number):
    return f"d5000000-0000-4000-8000-{number:012d}"


def ids(*numbers):
    return [uuid(number) for number in numbers]


def smart(is_active=True, frequency="daily", refresh_range=None, deadline=None):
    return {"is_active": is_active, "frequency": frequency, "refresh_range": refresh_range, "deadline": deadline}


def row(number, setting, mode="smart"):
    pulling = {"active_mode": mode, "smart": setting, "smart_bundle": None}
    return {"id": uuid(number), "name": f"Stream {number}", "enabled": True, "pulling": pulling}


def settings(result):
    return [one["pulling"]["smart"] for one in result["datastreams"]]


def plan(rows, **wanted):
    return smart_pulling.plan(rows, dict(NOTHING, **wanted))


def requests(writes):
    return [(write.method, write.path, write.body, list(write.patches)) for whole in writes for write in whole.in_chunks()]


def send(client, rows, expected, **wanted):
    """Sends what is due; each of ``expected`` is a body, the datastreams it is for, and those that the service says it changed."""
    for body, named, said in expected:
        client.expect("PUT", PATH, {"datastream_id": named}, body, {"affected": {"datastream_ids": said}})
    return in_process.as_dict(write(client, rows, plan(rows, **wanted), False))


def predict(rows, **wanted):
    return in_process.as_dict(write(None, rows, plan(rows, **wanted), True))


# --- merging ---


@pytest.mark.parametrize(
    ("wanted", "body"),
    [
        ({"is_active": False}, {"is_active": False, "frequency": "daily", "refresh_range": WEEK, "deadline": SIX}),
        ({"frequency": "monthly"}, {"is_active": True, "frequency": "monthly", "refresh_range": WEEK, "deadline": SIX}),
        (
            {"refresh_range": {"value": 2, "unit": "week"}},
            {"is_active": True, "frequency": "daily", "refresh_range": {"value": 2, "unit": "week"}, "deadline": SIX},
        ),
        ({"deadline": "10:30:00"}, {"is_active": True, "frequency": "daily", "refresh_range": WEEK, "deadline": {"time": "10:30:00"}}),
        ({"reset": ["deadline"]}, {"is_active": True, "frequency": "daily", "refresh_range": WEEK}),
        ({"reset": ["refresh_range"]}, {"is_active": True, "frequency": "daily", "deadline": SIX}),
        ({"reset": ["refresh_range", "deadline"], "frequency": "weekly"}, {"is_active": True, "frequency": "weekly"}),
    ],
)
def test_what_is_left_out_keeps_what_the_datastream_has(wanted, body):
    assert requests(plan([row(1, smart(refresh_range=WEEK, deadline=SIX))], **wanted)) == [("PUT", PATH, body, ids(1))]


def test_a_default_is_kept_by_leaving_it_out():
    shown = [smart(), smart(deadline={"time": None}, refresh_range={"value": None, "unit": None}), {"is_active": True, "frequency": "daily"}]
    rows = [row(number, setting) for number, setting in enumerate(shown, 1)]
    assert requests(plan(rows, frequency="weekly")) == [("PUT", PATH, {"is_active": True, "frequency": "weekly"}, ids(1, 2, 3))]


@pytest.mark.parametrize("deadline", [SIX, {"time": "06:00"}, "06:00:00", "06:00"])
def test_a_deadline_is_read_however_it_is_shown(deadline):
    rows = [row(1, smart(deadline=deadline))]
    assert plan(rows, deadline="06:00:00") == []
    ((_method, _path, body, _ids),) = requests(plan(rows, frequency="weekly"))
    assert body["deadline"] == SIX


def test_what_is_as_asked_for_is_not_written():
    rows = [row(1, smart(refresh_range=WEEK, deadline=SIX)), row(2, smart(refresh_range=WEEK, deadline=SIX), mode="schedule")]
    wanted = {"is_active": True, "frequency": "daily", "refresh_range": WEEK, "deadline": "06:00:00"}
    for name, value in wanted.items():
        assert plan(rows, **{name: value}) == []
    assert plan(rows, **wanted) == []


def test_equal_results_share_a_put_whatever_they_come_from():
    rows = [row(1, smart(deadline=SIX)), row(2, smart(is_active=False)), row(3, smart(frequency="monthly")), row(4, smart(refresh_range=WEEK))]
    writes = plan(rows, is_active=True, frequency="weekly", reset=["deadline"])
    assert requests(writes) == [
        ("PUT", PATH, {"is_active": True, "frequency": "weekly"}, ids(1, 2, 3)),
        ("PUT", PATH, {"is_active": True, "frequency": "weekly", "refresh_range": WEEK}, ids(4)),
    ]


def test_a_hundred_and_twenty_with_one_setting_are_three_puts():
    rows = [row(number, smart()) for number in range(120)]
    assert [named for *_what, named in requests(plan(rows, frequency="weekly"))] == [ids(*range(50)), ids(*range(50, 100)), ids(*range(100, 120))]


def test_three_groups_are_one_put_each():
    groups = [smart(deadline=SIX), smart(frequency="monthly"), smart(is_active=False, refresh_range=WEEK)]
    rows = [row(number, groups[number % 3]) for number in range(30)]
    sent = requests(plan(rows, deadline="10:30:00"))
    assert [named for *_what, named in sent] == [ids(*range(start, 30, 3)) for start in range(3)]
    assert [body["frequency"] for _method, _path, body, _ids in sent] == ["daily", "monthly", "daily"]


def test_the_result_tells_the_merged_setting_and_the_diff_what_changed(scripted):
    rows = [row(1, smart(refresh_range=WEEK)), row(2, smart(frequency="weekly", deadline=SIX)), row(3, None)]
    body = {"is_active": True, "frequency": "weekly", "deadline": SIX}
    expected = [(dict(body, refresh_range=WEEK), ids(1), ids(1)), (body, ids(3), ids(3))]
    wanted = {"is_active": True, "frequency": "weekly", "deadline": "06:00:00"}
    predicted = predict(rows, **wanted)
    result = send(scripted, rows, expected, **wanted)
    assert result == predicted
    assert settings(result) == [smart(frequency="weekly", refresh_range=WEEK, deadline=SIX)] + [smart(frequency="weekly", deadline=SIX)] * 2
    assert result["affected"] == {"datastream_ids": ids(1, 3)}
    first, third = (f"Stream {number} ({uuid(number)})" for number in (1, 3))
    assert result["diff"] == {
        "before": {first: {"frequency": "daily", "deadline": None}, third: {"is_active": None, "frequency": None, "deadline": None}},
        "after": {first: {"frequency": "weekly", "deadline": SIX}, third: {"is_active": True, "frequency": "weekly", "deadline": SIX}},
    }
    assert plan(result["datastreams"], **wanted) == []


def test_a_smart_bundle_stays_as_it_is():
    rows = [row(1, smart(), mode="smart-bundle")]
    rows[0]["pulling"]["smart_bundle"] = {"some": "thing"}
    result = predict(rows, frequency="weekly")
    assert result["datastreams"][0]["pulling"] == {"active_mode": "smart-bundle", "smart": smart(frequency="weekly"), "smart_bundle": {"some": "thing"}}


# --- reset ---


@pytest.mark.parametrize("deadline", [None, {"time": None}, {}])
def test_what_shows_nothing_is_at_its_default(deadline):
    setting = smart(deadline=deadline)
    del setting["refresh_range"]
    assert plan([row(1, setting)], reset=["deadline", "refresh_range"]) == []


def test_whether_a_shown_value_was_the_default_the_service_decides(scripted):
    rows = [row(1, smart(refresh_range=WEEK)), row(2, smart(refresh_range=WEEK))]
    body = {"is_active": True, "frequency": "daily"}
    assert predict(rows, reset=["refresh_range"])["affected"] == {"datastream_ids": ids(1, 2)}
    result = send(scripted, rows, [(body, ids(1, 2), ids(2))], reset=["refresh_range"])
    assert result["affected"] == {"datastream_ids": ids(2)}
    assert settings(result) == [smart(refresh_range=WEEK), smart()]
    assert result["warnings"] == []
    again = send(scripted, rows, [(body, ids(1, 2), [])], reset=["refresh_range"])
    assert (again["changed"], again["warnings"]) == (False, [])


def test_more_than_a_reset_is_due_and_not_done_is_told(scripted):
    rows = [row(1, smart(refresh_range=WEEK))]
    result = send(scripted, rows, [({"is_active": True, "frequency": "weekly"}, ids(1), [])], reset=["refresh_range"], frequency="weekly")
    assert uuid(1) in result["warnings"][0]


# --- nothing to keep ---


def test_a_datastream_without_a_setting_needs_what_the_service_insists_on():
    rows = [row(1, smart()), row(2, None), row(3, {"is_active": None, "frequency": None}), row(4, smart(frequency=None))]
    with pytest.raises(InputError) as caught:
        plan(rows, deadline="06:00:00")
    message = str(caught.value)
    assert "is_active, frequency of Stream 2" in message
    assert "Stream 3" in message
    assert "; for frequency of Stream 4" in message
    assert "Stream 1" not in message
    with pytest.raises(InputError, match="for frequency of Stream 2"):
        plan(rows, is_active=True)
    assert len(plan(rows, is_active=True, frequency="weekly")) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("refresh_range", {"value": 7}),
        ("refresh_range", {"value": "7", "unit": "day"}),
        ("refresh_range", {"value": True, "unit": "day"}),
        ("refresh_range", "7 days"),
        ("deadline", "soon"),
        ("deadline", {"time": "6 am"}),
        ("deadline", {"time": 6}),
        ("deadline", {"time": "06:00\n"}),
        ("deadline", 6),
        ("is_active", "yes"),
        ("frequency", 1),
    ],
)
def test_a_value_that_cannot_be_read_is_not_sent_back(name, value):
    rows = [row(1, dict(smart(), **{name: value}))]
    other = {"deadline": "06:00:00"} if name != "deadline" else {"refresh_range": WEEK}
    with pytest.raises(InputError, match=f"keep for {name} of Stream 1"):
        plan(rows, **other)
    new = {"refresh_range": WEEK, "deadline": "06:00:00", "is_active": True, "frequency": "weekly"}
    assert len(plan(rows, **{name: new[name]})) == 1


@pytest.mark.parametrize("pulling", [None, "smart", {}, {"active_mode": "smart"}, {"smart": "daily"}, {"smart": []}])
def test_a_row_that_does_not_tell_its_setting_is_not_written(pulling):
    with pytest.raises(UnreadableAnswer, match="Stream 1"):
        plan([dict(row(1, None), pulling=pulling)], is_active=True, frequency="daily")


# --- any datastreams, any options ---

RANGES = st.builds(lambda value, unit: {"value": value, "unit": unit}, st.integers(1, 3), st.sampled_from(["day", "week"]))
TIMES = st.sampled_from(["06:00:00", "06:30:00"])
FREQUENCIES = st.sampled_from(["daily", "weekly", "monthly"])
SETTING = st.builds(smart, st.booleans(), FREQUENCIES, st.none() | RANGES, st.none() | st.builds(lambda time: {"time": time}, TIMES))
WANTED = st.fixed_dictionaries(
    {},
    optional={"is_active": st.booleans(), "frequency": FREQUENCIES, "refresh_range": RANGES, "deadline": TIMES},
).flatmap(
    lambda wanted: st.lists(st.sampled_from(["refresh_range", "deadline"]), unique=True).map(
        lambda reset: dict(wanted, reset=[name for name in reset if name not in wanted])
    )
)


@hypothesis_settings(deadline=None)
@given(st.lists(SETTING, max_size=8).map(lambda few: few * 15), WANTED)
def test_after_the_puts_every_setting_is_as_asked_and_otherwise_as_before(before, wanted):
    rows = [row(number, setting) for number, setting in enumerate(before)]
    now = {one["id"]: one["pulling"]["smart"] for one in rows}
    sent = requests(plan(rows, **wanted))
    for _method, _path, body, named in sent:
        assert 1 <= len(named) <= 50
        for one in named:  # what the guide says a PUT does: a field left out falls to its default
            now[one] = dict({"refresh_range": None, "deadline": None}, **body)
    asked = {name: value for name, value in wanted.items() if name != "reset"}
    if "deadline" in asked:
        asked["deadline"] = {"time": asked["deadline"]}
    asked.update(dict.fromkeys(wanted["reset"]))
    assert list(now.values()) == [dict(setting, **asked) for setting in before]
    written = [one for *_what, named in sent for one in named]
    assert sorted(written) == [one["id"] for one in rows if now[one["id"]] != one["pulling"]["smart"]]
    assert settings(predict(rows, **wanted)) == list(now.values())
    assert len({str(sorted(body.items())) for _method, _path, body, _ids in sent}) >= len(sent) - len(written) // 50


# --- the modules ---


def options(name, **given):
    return in_process.read_options(name, dict(given, instance="acme.example", api_key="key"))


def run(name, client, check_mode=False, **given):
    return in_process.run_with(name, client, options(name, **given), check_mode)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "one of the following is required"),
        ({"is_active": None, "deadline": None, "refresh_range": None}, "one of the following is required"),
        ({"reset": []}, "one of the following is required"),
        ({"deadline": "06:10"}, "06:10 is not on the half hour"),
        ({"deadline": "06:30:30"}, "not on the half hour"),
        ({"deadline": "25:00"}, "not a time of day"),
        ({"deadline": "24:00"}, "not a time of day"),
        ({"deadline": "6:30"}, "not a time of day"),
        ({"deadline": "06:30\n07:00"}, "not a time of day"),
        ({"deadline": True}, "not a time of day"),
        ({"deadline": ""}, "not a time of day"),
        ({"deadline": 630}, "quotes"),  # what YAML makes of 10:30
        ({"frequency": "hourly"}, "monthly"),
        ({"refresh_range": {"value": 0, "unit": "day"}}, "at least 1"),
        ({"refresh_range": {"value": -1, "unit": "day"}}, "at least 1"),
        ({"refresh_range": {"value": 1.5, "unit": "day"}}, "at least 1"),
        ({"refresh_range": {"value": True, "unit": "day"}}, "at least 1"),
        ({"refresh_range": {"value": 1, "unit": "year"}}, "day, week, month"),
        ({"refresh_range": {"value": 1}}, "unit"),
        ({"refresh_range": {"unit": "day"}}, "value"),
        ({"refresh_range": {}}, "value"),
        ({"reset": ["frequency"]}, "refresh_range, deadline"),
        ({"reset": ["refresh_range"], "refresh_range": WEEK}, "refresh_range: set and also named in reset"),
        ({"reset": ["refresh_range", "deadline"], "deadline": "06:00"}, "deadline: set and also named in reset"),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_what_cannot_be_right_is_refused_before_anything_is_asked(scripted, given, message, check_mode):
    with pytest.raises((ValueError, InputError), match=message):
        run("adverity_smart_pulling", scripted, check_mode, datastream_id=uuid(1), **given)


@pytest.mark.parametrize(("text", "time"), [("06:30", "06:30:00"), ("06:30:00", "06:30:00"), ("00:00", "00:00:00"), (" 23:30 ", "23:30:00")])
def test_a_deadline_takes_both_forms(text, time):
    assert options("adverity_smart_pulling", all_datastreams=True, deadline=text)["deadline"] == time


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_module_reads_merges_and_writes(scripted, check_mode):
    scripted.expect("GET", LIST, {"datastream_id": ids(2, 1)}, answer={"count": 2, "items": [row(1, smart()), row(2, smart(deadline=SIX))]})
    if not check_mode:
        body = {"is_active": True, "frequency": "daily", "refresh_range": {"value": 2, "unit": "week"}}
        for more, named in (({"deadline": SIX}, ids(2)), ({}, ids(1))):
            scripted.expect("PUT", PATH, {"datastream_id": named}, dict(body, **more), {"affected": {"datastream_ids": named}})
    given = {"datastream_ids": ids(2, 1), "refresh_range": {"value": "2", "unit": "week"}}
    result = run("adverity_smart_pulling", scripted, check_mode, **given)
    assert result["affected"] == {"datastream_ids": ids(2, 1)}


def test_nothing_is_written_where_one_datastream_has_nothing_to_keep(scripted):
    scripted.expect("GET", LIST, {}, answer={"count": 2, "items": [row(1, smart()), row(2, None)]})
    with pytest.raises(InputError, match="Stream 2"):
        run("adverity_smart_pulling", scripted, all_datastreams=True, frequency="weekly")


def test_a_refused_put_names_its_datastreams_and_what_was_done(scripted):
    rows = [row(number, smart()) for number in range(60)]
    body = {"is_active": True, "frequency": "weekly"}
    scripted.expect("PUT", PATH, {"datastream_id": ids(*range(50))}, body, {"affected": {"datastream_ids": ids(*range(50))}})
    scripted.expect("PUT", PATH, {"datastream_id": ids(*range(50, 60))}, body, Refused("PUT", PATH, 422, "no"))
    with pytest.raises(Refused) as caught:
        write(scripted, rows, plan(rows, frequency="weekly"), False)
    result = caught.value.result()
    assert uuid(50) in result["msg"]
    assert result["affected"] == {"datastream_ids": ids(*range(50))}
    assert result["remaining"] == {"datastream_ids": ids(*range(50, 60))}


def test_info_shows_the_settings_as_options_take_them(monkeypatch, scripted):
    rows = [
        row(1, smart(refresh_range=WEEK, deadline={"time": "06:00"})),
        row(2, smart(deadline={"time": None}), mode="smart-bundle"),
        row(3, None, mode=None),
        row(4, smart(refresh_range="7 days", deadline={"time": "6 am"})),
        {"id": uuid(5)},
    ]
    scripted.expect("GET", LIST, {"active_pulling_mode": "smart"}, answer={"count": 5, "items": rows})
    monkeypatch.setattr(datastreams, "_holds", lambda row, filters: True)
    result = run("adverity_smart_pulling_info", scripted, active_pulling_mode="smart")
    none = {"is_active": None, "frequency": None, "refresh_range": None, "deadline": None}

    def shown(number, mode, **setting):
        return dict({"datastream_id": uuid(number), "name": f"Stream {number}", "active_mode": mode}, **setting)

    assert result == {
        "changed": False,
        "count": 5,
        "warnings": [],
        "smart_pulling": [
            shown(1, "smart", **smart(refresh_range=WEEK, deadline="06:00:00")),
            shown(2, "smart-bundle", **smart()),
            shown(3, None, **none),
            shown(4, "smart", **smart(refresh_range="7 days", deadline="6 am")),
            dict(shown(5, None, **none), name=None),
        ],
    }


@pytest.mark.parametrize("given", [{"datastream_ids": []}, {"workspace_ids": []}])
def test_info_refuses_what_is_empty(given):
    with pytest.raises(InputError, match="is empty"):
        run("adverity_smart_pulling_info", None, **given)

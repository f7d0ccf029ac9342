# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Smart-pulling settings: what is kept, set and reset, which datastreams share a PUT, and settings in shapes that the guide does not show.

What is sent for which settings, and what comes of it: contract/test_datastreams.py.
"""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, UnreadableAnswer
from ansible_collections.adverity.management.plugins.module_utils._resources import smart_pulling
from ansible_collections.adverity.management.plugins.module_utils._resources.datastream_writes import write
from ansible_collections.adverity.management.plugins.module_utils._resources.datastreams import Datastream
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

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


def read(rows):
    return [Datastream.from_row(one) for one in rows]


def plan(rows, **wanted):
    return smart_pulling.plan(read(rows), dict(NOTHING, **wanted))


def requests(writes):
    return [(write.method, write.path, write.body, list(write.patches)) for whole in writes for write in whole.in_chunks()]


def predict(rows, **wanted):
    return write(None, read(rows), plan(rows, **wanted), True).as_dict()["datastreams"]


# --- what is kept ---


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


def test_a_smart_bundle_stays_as_it_is():
    rows = [row(1, smart(), mode="smart-bundle")]
    rows[0]["pulling"]["smart_bundle"] = {"some": "thing"}
    assert predict(rows, frequency="weekly")[0]["pulling"] == {**rows[0]["pulling"], "smart": smart(frequency="weekly")}


@pytest.mark.parametrize("deadline", [None, {"time": None}, {}])
def test_what_shows_nothing_is_at_its_default(deadline):
    setting = smart(deadline=deadline)
    del setting["refresh_range"]
    assert plan([row(1, setting)], reset=["deadline", "refresh_range"]) == []


def test_more_than_a_reset_is_due_and_not_done_is_told(scripted):
    rows = [row(1, smart(refresh_range=WEEK))]
    due = plan(rows, reset=["refresh_range"], frequency="weekly")
    scripted.expect("PUT", PATH, {"datastream_id": ids(1)}, {"is_active": True, "frequency": "weekly"}, {"affected": {"datastream_ids": []}})
    assert uuid(1) in write(scripted, read(rows), due, False).warnings[0]


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
    assert [one["pulling"]["smart"] for one in predict(rows, **wanted)] == list(now.values())
    assert len({str(sorted(body.items())) for _method, _path, body, _ids in sent}) >= len(sent) - len(written) // 50


# --- the list ---


NONE = dict.fromkeys(smart())


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        (smart(refresh_range=WEEK, deadline={"time": "06:00"}), smart(refresh_range=WEEK, deadline="06:00:00")),
        (smart(deadline={"time": None}), smart()),
        (None, NONE),
        (smart(refresh_range="7 days", deadline={"time": "6 am"}), smart(refresh_range="7 days", deadline="6 am")),
    ],
)
def test_a_setting_is_shown_as_options_take_it(setting, shown):
    assert smart_pulling.show(Datastream.from_row(row(1, setting))) == {"datastream_id": uuid(1), "name": "Stream 1", "active_mode": "smart", **shown}


def test_a_row_that_tells_nothing_is_shown_without_values():
    assert smart_pulling.show(Datastream.from_row({"id": uuid(5)})) == {"datastream_id": uuid(5), "name": None, "active_mode": None, **NONE}

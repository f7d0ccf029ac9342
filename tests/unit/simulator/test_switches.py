# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every switch: what is asked in the small world, and what is seen under each of its values."""

from __future__ import annotations

from operator import attrgetter

import pytest
from adverity_simulator import DEFAULT_RANGE, SWITCHES, Switches, readable_uuid

BINDINGS, DATASTREAMS, SMART = "/api/v1/bindings/", "/api/v1/datastreams/", "/api/v1/datastreams/pulling/smart/"
EXTRACTS, REQUEUE, JOBS, ISSUES = "/api/extracts/", "/api/v1/extracts/requeue/", "/api/jobs/", "/api/errors/"
TYPES, CONNECTIONS = "/api/target-types/", "/api/connection-types/121/connections/"
TARGETS, FILE, AZURE = (f"{TYPES}{number}/targets/" for number in (21, 23, 24))  # the last two take no connection
MAPPINGS = f"{TARGETS}11/mappings/"
ONE = readable_uuid("d5", 1)
SETTING = {"is_active": True, "frequency": "daily"}
NEW = {"name": "New", "stack": 1}
BLOB = {**NEW, "container": "c", "account_key": "key-of-azure"}
MOMENT = "2026-01-01T00:00:00.250000Z"
SECOND, NO_TIME = "2026-01-01T00:00:00Z", "2026-01-01T00:00:60Z"
BINDING_FIELDS = {"id", "datastream_id", "target_id", "target_name", "target_type", "created", "updated", "enabled"}
NEWEST, OLDEST, BY_ID = [9, 103, 102, 101], [101, 102, 103, 9], [9, 101, 102, 103]
SHORT = {"id", "name", "slug", "absolute_url"}
LONG = SHORT | {"description", "enabled", "datatype", "datastream_type_id", "stack_id", "auth", "created", "updated", "last_fetch", "next_run"}
VALUES = {name: (100, 2) if allowed is int else allowed for name, (allowed, _meaning) in SWITCHES.items()}
NOT_ALLOWED = {"detail": 'Method "GET" not allowed.'}


def fields(reply):
    return set(reply.rows[0])


ids, status, body = (attrgetter(name) for name in ("ids", "status", "body"))
TWO_STREAMS = f"{DATASTREAMS}?datastream_id={readable_uuid('d5', 999)}&datastream_id={ONE}"
MANY_STREAMS = DATASTREAMS + "?" + "&".join(f"datastream_id={readable_uuid('d5', number)}" for number in range(1, 52))
# The switch, a request, what is looked at in the response, and what is seen under each value, in the order of SWITCHES.
RESPONSES = [
    ("binding_rows", ("GET", BINDINGS), fields, [
        BINDING_FIELDS, BINDING_FIELDS - {"enabled"}, BINDING_FIELDS - {"updated"}, {"id", "datastream_id", "target_id"}]),
    ("unknown_datastream", ("GET", TWO_STREAMS), status, [200, 422]),
    ("unknown_datastream", ("PATCH", TWO_STREAMS, {"enabled": False}), status, [200, 422]),
    ("unknown_datastream", ("PUT", TWO_STREAMS.replace(DATASTREAMS, SMART), SETTING), status, [200, 422]),
    ("get_datastream_cap", ("GET", MANY_STREAMS), status, [422, 200]),
    ("get_datastream_cap", ("PUT", MANY_STREAMS.replace(DATASTREAMS, SMART), SETTING), status, [422, 422]),
    ("get_datastream_cap", ("PATCH", MANY_STREAMS, {"enabled": True}), status, [422, 422]),
    ("smart_null", ("PUT", SMART, {**SETTING, "refresh_range": None}), status, [200, 422]),
    ("smart_null", ("PUT", SMART, {**SETTING, "deadline": None}), status, [200, 422]),
    ("smart_null", ("PUT", SMART, {**SETTING, "deadline": {"time": None}}), status, [200, 422]),
    # Extracts 101 to 103 were created on the first, second and third of June 2025, at five.
    ("extract_bounds", ("GET", f"{EXTRACTS}?created_from=2025-06-02T05:00:00Z"), ids, [[103, 102], [103]]),
    ("extract_bounds", ("GET", f"{EXTRACTS}?created_to=2025-06-02T05:00:00Z"), ids, [[102, 101], [101]]),
    ("extract_bounds", ("GET", f"{EXTRACTS}?created_from=2025-06-02"), ids, [[103, 102], [103]]),
    ("extract_bounds", ("GET", f"{EXTRACTS}?created_to=2025-06-02"), ids, [[102, 101], [101]]),
    ("extract_bounds", ("GET", f"{EXTRACTS}?created_from=2025-06-02&created_to=2025-06-02"), ids, [[102], []]),
    ("extract_bounds", ("GET", f"{EXTRACTS}?created_from=2025-06-02T04:59:59Z&created_to=2025-06-02T05:00:01Z"), ids, [[102], [102]]),
    ("extract_bounds_format", ("GET", f"{EXTRACTS}?created_from=2025-06-02T05:00:00Z"), status, [200, 400]),
    ("extract_bounds_format", ("GET", f"{EXTRACTS}?created_to=2025-06-02"), status, [200, 200]),
    ("extract_fields", ("GET", EXTRACTS), lambda reply: len(fields(reply)), [11, 1]),
    ("extract_count", ("GET", EXTRACTS), lambda reply: "count" in reply.body, [True, False]),
    ("extract_page_size", ("GET", EXTRACTS), ids, [[103, 102, 101], [103, 102]]),
    ("requeue_refusal", ("POST", REQUEUE, {"extract_ids": [999]}), status, [400, 404, 422]),
    ("requeue_refusal", ("POST", REQUEUE, {"extract_ids": [101], "binding_ids": [999]}), status, [400, 404, 422]),
    ("requeue_invalid", ("POST", REQUEUE, {}), status, [422, 400]),
    ("requeue_invalid", ("POST", REQUEUE, {"extract_ids": list(range(51))}), status, [422, 400]),
    ("error_bodies", ("GET", BINDINGS, None, None), body, [{"detail": "Unauthorized"}, {"message": "Unauthorized"}, "Unauthorized"]),
    ("error_bodies", ("GET", f"{EXTRACTS}?page=9"), body, [{"detail": "Invalid page."}] * 3),
    ("list_page_size", ("GET", TYPES), lambda reply: len(reply.ids), [10, 2]),
    ("list_page_size", ("GET", "/api/connection-types/"), lambda reply: len(reply.ids), [5, 2]),
    ("list_page_size", ("GET", EXTRACTS), lambda reply: len(reply.ids), [3, 3]),
    ("workspace_rows", ("GET", "/api/v1/workspaces/"), fields, [{"id", "name", "parent_id"}, {"id"}]),
    ("datastream_rows", ("GET", "/api/datastreams/"), fields, [LONG, SHORT]),
    ("datastream_rows", ("GET", "/api/datastream-types/221/datastreams/"), fields, [LONG, SHORT]),
    ("datastream_rows", ("GET", "/api/datastreams/1/"), lambda reply: set(reply.body), [LONG, LONG]),
    ("connections_list", ("GET", CONNECTIONS), body, [{"count": 0, "next": None, "previous": None, "results": []}, [], NOT_ALLOWED]),
    ("targets_list", ("GET", TARGETS), status, [200, 405]),
    ("created_status", ("POST", FILE, NEW), status, [201, 200]),
    ("created_status", ("POST", MAPPINGS, {"datastream": 1}), status, [201, 200]),
]


@pytest.mark.parametrize(("name", "request_sent", "look", "seen"), RESPONSES)
def test_switch_in_one_response(start, small, name, request_sent, look, seen):
    assert [look(start(small, switches={name: value})(*request_sent)) for value in VALUES[name]] == seen


def sees(values):
    """What a method of Looks sees, by the value of the switch that it is named for."""

    def note(method):
        method.values = values
        return method

    return note


def enable(ask, number=5):
    return ask("PATCH", f"{BINDINGS}{number}/", {"enabled": True})


def requeue(ask, *extract_ids, binding_ids=(5,), fails=False):
    """Requeue, with loads that take ten seconds."""
    ask.simulator.change({"loading": {"load_seconds": 10}}, {"fail": [{"extract_id": one} for one in extract_ids if fails]})
    assert ask("POST", REQUEUE, {"extract_ids": list(extract_ids), "binding_ids": list(binding_ids)}).status == 200


def label(ask, extract_id=101):
    """The state that the list shows of an extract."""
    return next(row["state_label"] for row in ask("GET", EXTRACTS).rows if row["id"] == extract_id)


def pulling(ask):
    return ask("GET", DATASTREAMS).rows[0]["pulling"]


def jobs_of_load_and_fetch(ask):
    ask.simulator.switches["load_jobs"] = "request"
    requeue(ask, 101)
    ask.simulator.fetch(1)
    return ask("GET", f"{JOBS}?start=2026-01-01").rows


def issue_of_failed_load(ask):
    requeue(ask, 101, fails=True)
    assert ask("GET", ISSUES).ids == []
    ask.later(10)
    (row,) = ask("GET", ISSUES).rows
    assert row["start"] == "2026-01-01T00:00:11Z"
    return row


class Looks:
    """What takes several steps: by the switch, what is asked, and what is seen."""

    # --- bindings ---

    @sees({"readable": SECOND, "unreadable": NO_TIME, "number": 1767225600})
    def row_updated(self, ask):
        ask.simulator.world.bindings[5]["updated"] = MOMENT
        return ask("GET", BINDINGS).rows[0]["updated"]

    @sees({"present": SECOND, "absent": "absent", "unreadable": NO_TIME, "number": 1767225600})
    def patch_updated(self, ask):
        ask.simulator.change({"clock": {"now": MOMENT, "step": 0}})
        return enable(ask).body.get("updated", "absent")

    @sees({"second": (SECOND, "2024-01-15T10:00:00Z"), "fraction": ("2026-01-01T00:00:00.750000Z", "2024-01-15T10:00:00.000000Z")})
    def updated_precision(self, ask):
        ask.simulator.change({"clock": {"now": MOMENT, "step": 0.5}})
        enable(ask)
        row = ask("GET", BINDINGS).rows[0]
        return row["updated"], row["created"]

    @sees({"hidden": [5], "listed": [5, 6]})
    def unavailable_bindings(self, ask):
        ask.simulator.world.bindings[6]["available"] = False
        return ask("GET", BINDINGS).ids

    # --- datastreams ---

    @sees({"pages": [(1, 50), (51, 100), (101, 120), None], "all": [(1, 120)] * 4, "ignored": [(1, 50)] * 4})
    def datastream_paging(self, ask):
        for number in range(2, 121):
            ask.simulator.world.put("datastreams", {"id": number})
        replies = [ask("GET", f"{DATASTREAMS}?{query}") for query in ("", "page=2", "page=2&page_size=100", "page=9")]
        assert {reply.body["count"] for reply in replies} == {120}
        return [(reply.ids[0], reply.ids[-1]) if reply.ids else None for reply in replies]

    @sees({"null": (None, None, [ONE]), "value": (DEFAULT_RANGE, {"time": None}, [])})
    def smart_defaults(self, ask):
        ask("PUT", SMART, SETTING)
        smart = pulling(ask)["smart"]
        again = ask("PUT", SMART, {**SETTING, "refresh_range": DEFAULT_RANGE}).body["affected"]["datastream_ids"]
        return smart["refresh_range"], smart["deadline"], again

    @sees({
        "coupled": [("smart", True), ("schedule", False), ("smart", True), ("schedule", False), ("smart", True), (None, False)],
        "independent": [("schedule", True), ("schedule", False), ("smart", False), ("schedule", False), ("smart", None), ("smart", False)],
    })
    def smart_coupling(self, ask):
        start, stop = ("PUT", SMART, SETTING), ("PUT", SMART, {**SETTING, "is_active": False})
        smart, schedule = (("PATCH", DATASTREAMS, {"pulling": {"active_mode": mode}}) for mode in ("smart", "schedule"))
        no_schedule = {"edit": {"datastreams": [{"id": 1, "has_schedule": False, "active_mode": None, "smart": None}]}}
        seen = []
        for request, changes in ((start, ()), (stop, ()), (smart, ()), (schedule, ()), (smart, [no_schedule]), (stop, ())):
            ask.simulator.change(*changes)
            assert ask(*request).status == 200
            state = pulling(ask)
            seen.append((state["active_mode"], state["smart"] and state["smart"]["is_active"]))
        return seen

    # --- extracts: created on the first, second and third of June 2025, at five ---

    @sees({"second": ["2025-06-03T05:00:00Z"] * 3, "fraction": [f"2025-06-03T05:00:00.{digits}0000Z" for digits in ("50", "25", "00")]})
    def created_precision(self, ask):
        ask.simulator.change(*({"fetch": {"datastream_id": 1, "at": f"2025-06-03T05:00:00{fraction}Z"}} for fraction in (".5", ".25")))
        reply = ask("GET", EXTRACTS)
        assert reply.ids == [104, 105, 103, 102, 101]  # the order is that of the real moments
        assert ask("GET", f"{EXTRACTS}?created_from=2025-06-03T05:00:00.3Z").ids == [104]
        return [row["created"] for row in reply.rows[:3] if row["scheduled"] == row["created"]]

    @sees({
        "honoured": [NEWEST, OLDEST, NEWEST, NEWEST, NEWEST], "with_id": [NEWEST, OLDEST, NEWEST, BY_ID, BY_ID[::-1]],
        "strict": [NEWEST, OLDEST, NEWEST, ["ordering"], ["ordering"]], "ignored": [NEWEST] * 5,
    })
    def extract_ordering(self, ask):
        ask.simulator.world.put("extracts", {"id": 9, "datastream_id": 1, "created": "2030-01-01T00:00:00Z"})
        replies = [ask("GET", f"{EXTRACTS}{query}") for query in ("", "?ordering=created", "?ordering=-created", "?ordering=id", "?ordering=-id")]
        return [reply.ids if reply.status == 200 else list(reply.body) for reply in replies]

    @sees({"stable": [(True, True)] * 2, "by_page": [(False, True)] * 2, "random": [(False, False)] * 2})
    def extract_ties(self, ask):
        """Whether three pages have all extracts, and whether they come again; by ID they always do."""
        whole = [101, 102, 103, *range(200, 260)]
        for number in whole[3:]:
            ask.simulator.world.put("extracts", {"id": number, "datastream_id": 1, "created": "2025-06-02T05:00:00Z"})
        ask.simulator.switches.update({"extract_page_size": 25, "extract_ordering": "with_id"})

        def read(ordering):
            return [one for page in (1, 2, 3) for one in ask("GET", f"{EXTRACTS}?ordering={ordering}&page={page}").ids]

        assert read("-id") == whole[::-1]
        return [(sorted(ids) == whole, ids == read(ordering)) for ordering in ("created", "-created") for ids in [read(ordering)]]

    # --- requeue ---

    @sees({"all": ["102", "103"], "first": ["102"], "none": []})
    def requeue_refusal_names(self, ask):
        ask.simulator.world.refused = {102, 103}
        message = ask("POST", REQUEUE, {"extract_ids": [101, 102, 103]}).body["detail"]
        return [name for name in ("101", "102", "103") if name in message]

    @sees({"load": [(200, 1), (200, 2), (200, 2)], "refuse": [(400, 0), (200, 1), (400, 1)]})
    def requeue_disabled_binding(self, ask):
        """The status and the loads until then: into a disabled binding, into all, and into all when none is enabled."""
        seen = []
        for body in ({"extract_ids": [101], "binding_ids": [6]}, {"extract_ids": [101]}, {"extract_ids": [101]}):
            seen.append((ask("POST", REQUEUE, body).status, len(ask.simulator.loads)))
            ask.simulator.world.bindings[5]["enabled"] = len(seen) < 2
        return seen

    # --- responses ---

    @sees({"same": "https://simulator.example", "other": "https://elsewhere.example"})
    def next_host(self, ask):
        ask.simulator.switches["extract_page_size"] = 1
        body = ask("GET", f"{EXTRACTS}?page=2").body
        host, _place, rest = body["next"].partition(EXTRACTS)
        assert (rest, body["previous"]) == ("?page=3", host + EXTRACTS)
        return host

    @sees({"on": ["00:00:59", "00:01:00", "00:01:00", "00:01:00"], "off": [None] * 4})
    def date_header(self, ask):
        ask.simulator.change({"clock": {"now": "2026-01-01T00:00:59.9Z", "step": 0.2}})
        ask.simulator.fault(method="POST", status={"code": 503})
        dates = [reply.headers.get("date") for reply in (ask("GET", BINDINGS), enable(ask), ask("GET", "/nowhere/"), ask("POST", REQUEUE, {}))]
        return [date and date.replace("Thu, 01 Jan 2026 ", "").replace(" GMT", "") for date in dates]

    # --- destinations and names ---

    @sees({"full": True, "short": ["id", "name", "url"]})
    def target_rows(self, ask):
        row = ask("GET", TARGETS).rows[0]
        return row == ask("GET", f"{TARGETS}10/").body or list(row)

    @sees({"metadata": (200, True, False), "bare": (200, False, False), "refused": (405, False, False)})
    def target_options(self, ask):
        """The status, and whether fields are shown to a key that may write, and to one that may not."""
        reply = ask("OPTIONS", FILE)
        ask.simulator.world.keys["all"]["scopes"] = ["destination:read"]
        return reply.status, "actions" in reply.body, "actions" in ask("OPTIONS", FILE).body

    @sees({"patch": (200, 405, "d", 1), "put": (405, 200, "e", 0), "both": (200, 200, "e", 0)})
    def target_changes(self, ask):  # of a PUT, what is left out falls to its default
        path = f"{AZURE}{ask('POST', AZURE, {**BLOB, 'schema_mapping': 1}).body['id']}/"
        statuses = [ask("PATCH", path, {"container": "d"}).status, ask("PUT", path, {**BLOB, "container": "e"}).status]
        if statuses[1] == 200:
            assert ask("PUT", path, {**NEW, "container": "f"}).body == {"account_key": ["This field is required."]}
        seen = ask("GET", path).body
        return (*statuses, seen["container"], seen["schema_mapping"])

    @sees({"free": [201, 201, 201, 201, 200, 200], "unique": [201, 400, 201, 201, 400, 200]})
    def target_names(self, ask):
        replies = [ask("POST", FILE, NEW), ask("POST", FILE, NEW), ask("POST", AZURE, BLOB), ask("POST", FILE, {**NEW, "name": "Other"})]
        replies += [ask("PATCH", f"{FILE}{replies[3].body['id']}/", {"name": name}) for name in ("New", "Other")]
        assert all("with this name exists" in reply.body["name"][0] for reply in replies if reply.status == 400)
        return [reply.status for reply in replies]

    @sees({"kept": ("  Two \u00a0", 201, " t"), "trimmed": ("Two", 400, "t")})
    def text_blanks(self, ask):
        name = ask("POST", FILE, {**NEW, "name": "  Two \u00a0"}).body["name"]
        assert ask("POST", FILE, {**NEW, "name": ""}).body == {"name": ["This field may not be blank."]}
        table = ask("POST", MAPPINGS, {"datastream": 1, "table_name": " t"}).body["table_name"]
        return name, ask("POST", FILE, {**NEW, "name": "  "}).status, table

    @sees({"refuse": [(400, ["colour", "id", "logo_url"]), (400, ["colour", "id", "target"])], "ignore": [(201, []), (201, [])]})
    def unknown_settings(self, ask):
        """The status, and the fields that are refused, or are taken."""
        seen = []
        for path, body, read_only in ((FILE, NEW, "logo_url"), (MAPPINGS, {"datastream": 1}, "target")):
            given = {"colour": "red", read_only: 7, "id": 900}
            reply = ask("POST", path, {**body, **given})
            wrong = {name: ["This field is not known." if name == "colour" else "This field is read-only."] for name in given}
            seen.append((reply.status, sorted(name for name in given if reply.body.get(name) in (given[name], wrong[name]))))
        return seen

    @sees({"masked": ["********"] * 3, "absent": ["absent"] * 3, "null": [None] * 3})
    def secrets(self, ask):
        made = ask("POST", AZURE, BLOB)
        path = f"{AZURE}{made.body['id']}/"
        replies = [made, ask("GET", path), ask("PATCH", path, {"account_key": "another-key"})]
        assert ask.simulator.world.targets[made.body["id"]]["settings"]["account_key"] == "another-key"
        return [reply.body.get("account_key", "absent") for reply in replies]

    @sees({
        "id": [1, None, 10, 1],
        "nested": [{"id": 1, "name": f"Workspace {readable_uuid('a0', 1)}"}, None, {"id": 10, "name": "Destination 10"}, {"id": 1, "name": "Datastream 1"}],
    })
    def related_objects(self, ask):
        target, mapping = ask("GET", f"{TARGETS}10/").body, ask("GET", f"{TARGETS}10/mappings/5/").body
        return [target["stack"], target["auth"], mapping["target"], mapping["datastream"]]

    @sees({"same": (7, [404, 204]), "other": (1_000_007, [404, 204])})
    def mapping_ids(self, ask):
        made = ask("POST", MAPPINGS, {"datastream": 1}).body
        assert ask("GET", BINDINGS).ids == [5, 6, 7]
        assert ask("GET", f"{MAPPINGS}{made['id']}/").body == made == ask("GET", MAPPINGS).rows[-1]
        return made["id"], [ask("DELETE", f"{MAPPINGS}{identity}/").status for identity in (1_000_014 - made["id"], made["id"])]

    @sees({"enabled": (True, True, False), "disabled": (False, False, False)})
    def mapping_enabled(self, ask):
        made = ask("POST", MAPPINGS, {"datastream": 1}).body
        ask.simulator.fetch(1)
        return made["enabled"], (104, 7) in ask.simulator.arrivals, ask("POST", MAPPINGS, {"datastream": 1, "enabled": False}).body["enabled"]

    @sees({"refresh": ["2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"], "keep": ["2024-01-15T10:00:00Z", "2026-01-01T00:00:01Z"]})
    def mapping_change(self, ask):
        seen = []
        for change in ({"table_name": "t"}, {"enabled": True}):
            ask("PATCH", f"{MAPPINGS}6/", change)
            seen.append(ask("GET", BINDINGS).rows[1]["updated"])
        return seen

    @sees({"allow": (201, 3), "refuse": (400, 2)})
    def double_assignment(self, ask):  # binding 6 is the first
        status = ask("POST", MAPPINGS, {"datastream": 1, "table_name": "another"}).status
        return status, len(ask("GET", BINDINGS).ids)

    @sees({number: ([False] * number + [True] * (5 - number), 200) for number in (0, 1, 3)} | {"never": ([False] * 5, 404)})
    def binding_appears(self, ask):
        made = ask("POST", MAPPINGS, {"datastream": 1}).body["id"]
        ask("GET", f"{BINDINGS}?target_id=10")  # a read that would not show it does not count
        return [7 in ask("GET", f"{BINDINGS}?target_id=11").ids for _read in range(5)], enable(ask, made).status

    @sees({"checked": (403, 403), "open": (200, 403)})
    def older_scopes(self, ask):
        ask.simulator.world.keys["all"]["scopes"] = []
        return ask("GET", "/api/stacks/").status, ask("GET", BINDINGS).status

    # --- loads, jobs and issues ---

    @sees({
        "newer": ["Collected", "Processing", "Loaded"], "older": ["Collected", "Processing", "Imported"],
        "upper": ["COLLECTED", "PROCESSING", "LOADED"], "translated": ["Gesammelt", "In Verarbeitung", "Importiert"],
    })
    def state_labels(self, ask):
        seen = [label(ask)]
        requeue(ask, 101)
        seen.append(label(ask))
        ask.later(10)
        assert ask("GET", f"{EXTRACTS}?state=12").ids == [101]
        return [*seen, label(ask)]

    @sees({
        "at_once": ["Processing", "Processing", "Loaded"], "later": ["Collected", "Processing", "Loaded"], "never": ["Collected", "Collected", "Loaded"],
    })
    def requeue_processing(self, ask):
        requeue(ask, 101)
        seen = [label(ask)]
        for _step in range(2):
            ask.later(5)
            seen.append(label(ask))
        return seen

    @sees({"error": ["Import Error", "Loaded", "Import Error"], "keeps": ["Loaded", "Loaded", "Import Error"]})
    def failed_reload(self, ask):
        requeue(ask, 101, 102)
        ask.later(10)
        requeue(ask, 101, 103, fails=True)
        assert [label(ask, one) for one in (101, 102, 103)] == ["Processing", "Loaded", "Processing"]
        ask.later(10)
        assert (ask.simulator.holds, ask.simulator.failed) == ({(101, 5), (102, 5)}, {(101, 5), (103, 5)})
        return [label(ask, one) for one in (101, 102, 103)]

    @sees({"no": ([], "Collected", {(102, 6)}), "yes": ([101, 103], "Processing", {(101, 6), (102, 6), (103, 6)})})
    def enable_loads_history(self, ask):
        requeue(ask, 102, binding_ids=[6])
        for _write in range(2):  # the second one changes nothing
            enable(ask, 6)
        loaded, shown = sorted(row["extract_id"] for row in ask.simulator.self_loads), label(ask)
        ask.later(30)
        return loaded, shown, ask.simulator.holds

    @sees({"collected": [5], "loaded": [5, 6]})
    def processing_at_enable(self, ask):  # binding 5 was enabled before
        ask.simulator.change({"loading": {"process_seconds": 10}}, {"fetch": {"datastream_id": 1}})
        enable(ask, 6)
        assert (label(ask, 104), ask.simulator.self_loads) == ("Processing", [])
        ask.later(10)
        loaded = [row["binding_id"] for row in ask.simulator.self_loads]
        ask.later(10)
        assert label(ask, 104) == "Loaded"
        return loaded

    @sees({"none": 0, "request": 1, "extract": 2, "binding": 2})
    def load_jobs(self, ask):
        requeue(ask, 101, 102, binding_ids=[5, 6])
        running = ask("GET", JOBS).rows
        assert {row["state_label"] for row in running} <= {"Running"}
        ask.later(10)
        assert ask("GET", JOBS).ids == []
        rows = ask("GET", f"{JOBS}?start=2026-01-01").rows
        assert [(row["type"], row["state_label"], row["job_end"]) for row in rows] == [("Import", "Success", "2026-01-01T00:00:11Z")] * len(running)
        return len(running)

    @sees({"Import": ["Fetch", "Import"], "Load": ["Fetch", "Load"]})
    def load_job_type(self, ask):
        return [row["type"] for row in jobs_of_load_and_fetch(ask)]

    @sees({"present": [True, True], "absent": [True, False]})
    def load_job_datastream(self, ask):
        return ["datastream" in row for row in jobs_of_load_and_fetch(ask)]

    @sees({"inclusive": [1, 1, 0, 1, 1], "exclusive": [0, 1, 0, 0, 1]})
    def job_bounds(self, ask):
        ask.simulator.fetch(1, at="2025-12-01T10:00:00Z")
        return [ask("GET", f"{JOBS}?{query}").body["count"] for query in (
            "start=2025-12-01T10:00:00Z", "start=2025-12-01T09:59:59Z", "start=2025-12-01T10:00:01Z",
            "start=2025-12-01&end=2025-12-01T10:00:00Z", "start=2025-12-01&end=2025-12-01T10:00:01Z",
        )]

    @sees({"object": 101, "null": None})
    def issue_extract(self, ask):
        return (issue_of_failed_load(ask)["extract"] or {}).get("id")

    @sees({"shown": ["Error", "Import", "Unknown"], "asked": [None] * 3})
    def issue_tags(self, ask):
        names = ("type_label", "extraction_stage_label", "error_cause_label")
        row, tagged = issue_of_failed_load(ask), ask("GET", f"{ISSUES}?show_issue_tags=true").rows[0]
        assert [tagged[name] for name in names] == ["Error", "Import", "Unknown"]
        return [row.get(name) for name in names]

    @sees({"Import": ["Import", "Import"], "Load": ["Load", "Load"]})
    def load_stage_label(self, ask):
        ask.simulator.switches["load_jobs"] = "request"
        return [row["extraction_stage_label"] for row in (issue_of_failed_load(ask), ask("GET", f"{JOBS}1/").body["issues"][0])]

    @sees({"listed": [True], "hidden": [], "never": [False]})
    def acknowledged_issues(self, ask):
        issue_of_failed_load(ask)
        ask.simulator.fetch(1)  # the range of extract 101 is not in it
        assert [row["ack"] for row in ask("GET", ISSUES).rows] == [False]
        ask.simulator.world.issues[1].update(range_start="2025-12-25", range_end="2025-12-31")
        return [row["ack"] for row in ask("GET", ISSUES).rows]


# --- the switches themselves ---

LOOKS = {name: look for name, look in vars(Looks).items() if not name.startswith("_")}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in LOOKS for value in VALUES[name]])
def test_switch_in_several_steps(start, small, name, value):
    look = LOOKS[name]
    assert look(Looks(), start(small, switches={name: value})) == look.values[value]


def test_each_switch_is_tested():
    assert {name for name, *_row in RESPONSES} | set(LOOKS) == set(SWITCHES)


def test_first_value_is_the_default():
    assert Switches() == {name: 100 if allowed is int else allowed[0] for name, (allowed, _meaning) in SWITCHES.items()}


@pytest.mark.parametrize(("name", "given", "value"), [  # as command lines and YAML write them
    ("requeue_refusal", "404", 404), ("extract_page_size", "7", 7), ("smart_defaults", None, "null"), ("extract_count", False, "off"),
])
def test_value_as_text_is_converted(ask_small, name, given, value):
    assert ask_small.control("PATCH", "switches", {name: given})[name] == value
    ask_small.simulator.reset()
    assert ask_small.control("GET", "switches") == Switches()


@pytest.mark.parametrize(("name", "wrong"), [
    ("nothing", "on"), ("binding_rows", "some"), ("binding_rows", True), ("requeue_refusal", 500), ("extract_page_size", 0),
])
def test_wrong_value_changes_no_switch(ask_small, name, wrong):
    assert name in ask_small.refuses("switches", {"next_host": "other", name: wrong})

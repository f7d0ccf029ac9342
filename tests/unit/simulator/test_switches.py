# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every switch: what is asked in the small world, and what is seen for each of its values."""

from __future__ import annotations

import pytest
from adverity_simulator import DEFAULT_RANGE, SWITCHES, Switches, readable_uuid

BINDINGS, DATASTREAMS, SMART = "/api/v1/bindings/", "/api/v1/datastreams/", "/api/v1/datastreams/pulling/smart/"
EXTRACTS, REQUEUE, JOBS, ISSUES = "/api/extracts/", "/api/v1/extracts/requeue/", "/api/jobs/", "/api/errors/"
TYPES, CONNECTIONS = "/api/target-types/", "/api/connection-types/121/connections/"
TARGETS, FILE, AZURE = (f"{TYPES}{number}/targets/" for number in (21, 23, 24))  # the last two take no connection
ASSIGNED = f"{TARGETS}11/mappings/"
ONE, UNKNOWN = readable_uuid("d5", 1), readable_uuid("d5", 999)
SETTING = {"is_active": True, "frequency": "daily"}
NEW = {"name": "New", "stack": 1}
BLOB = {**NEW, "container": "c", "account_key": "key-of-azure"}
MOMENT = "2026-01-01T00:00:00.250000Z"
TIMES = {"readable": "2026-01-01T00:00:00Z", "present": "2026-01-01T00:00:00Z", "unreadable": "2026-01-01T00:00:60Z", "number": 1767225600,
         "absent": None}
WHOLE = {"id", "datastream_id", "target_id", "target_name", "target_type", "created", "updated", "enabled"}
NEWEST, OLDEST, BY_ID = [9, 103, 102, 101], [101, 102, 103, 9], [9, 101, 102, 103]
SHORT = {"id", "name", "slug", "absolute_url"}
LONG = SHORT | {"description", "enabled", "datatype", "datastream_type_id", "stack_id", "auth", "created", "updated", "last_fetch", "next_run"}
CONNECTED = [{"id": 7, "name": "Connection 7", "stack": 1, "is_authorized": True, "app": None, "user": None}]
NOT_ALLOWED = {"detail": 'Method "GET" not allowed.'}


def enable(ask, number=5):
    return ask("PATCH", f"{BINDINGS}{number}/", {"enabled": True})


def requeue(ask, *extract_ids, binding_ids=(5,), fails=False):
    """Requeue, with loads that take ten seconds."""
    ask.simulator.change({"loading": {"load_seconds": 10}}, {"fail": [{"extract_id": one} for one in extract_ids if fails]})
    assert ask("POST", REQUEUE, {"extract_ids": list(extract_ids), "binding_ids": list(binding_ids)}).status == 200


def label(ask, extract_id=101):
    """What the list says of an extract."""
    return next(row["state_label"] for row in ask("GET", EXTRACTS).rows if row["id"] == extract_id)


def pulling(ask):
    return ask("GET", DATASTREAMS).rows[0]["pulling"]


def jobs(ask):
    """The jobs of a load and of a fetch."""
    ask.simulator.switches["load_jobs"] = "request"
    requeue(ask, 101)
    ask.simulator.fetch(1)
    return ask("GET", f"{JOBS}?start=2026-01-01").rows


def issue(ask):
    """The issue of a load that failed."""
    requeue(ask, 101, fails=True)
    assert ask("GET", ISSUES).ids == []
    ask.later(10)
    (row,) = ask("GET", ISSUES).rows
    assert row["start"] == "2026-01-01T00:00:11Z"
    return row


def sees(values):
    """What a look sees, by the value of its switch."""
    def note(function):
        function.values = values
        return function
    return note


class Looks:
    """For each switch, what is asked with a Talk, and what is seen."""

    # --- bindings ---

    @sees({"full": WHOLE, "no_enabled": WHOLE - {"enabled"}, "no_updated": WHOLE - {"updated"}, "ids": {"id", "datastream_id", "target_id"}})
    def binding_rows(self, ask):
        assert set(enable(ask).body) == WHOLE
        return set(ask("GET", BINDINGS).rows[0])

    @sees({value: TIMES[value] for value in ("readable", "unreadable", "number")})
    def row_updated(self, ask):
        ask.simulator.world.bindings[5]["updated"] = MOMENT
        seen = ask("GET", BINDINGS).rows[0]["updated"]
        assert enable(ask).body["updated"] == "2026-01-01T00:00:01Z"
        return seen

    @sees({value: (value != "absent", TIMES[value]) for value in ("present", "absent", "unreadable", "number")})
    def patch_updated(self, ask):
        ask.simulator.change({"clock": {"now": MOMENT, "step": 0}})
        body = enable(ask).body
        assert ask("GET", BINDINGS).rows[0]["updated"] == "2026-01-01T00:00:00Z"
        return "updated" in body, body.get("updated")

    @sees({"second": ("2026-01-01T00:00:00Z", "2024-01-15T10:00:00Z"),
           "fraction": ("2026-01-01T00:00:00.750000Z", "2024-01-15T10:00:00.000000Z")})
    def updated_precision(self, ask):
        ask.simulator.change({"clock": {"now": MOMENT, "step": 0.5}})
        updated, row = enable(ask).body["updated"], ask("GET", BINDINGS).rows[0]
        assert row["updated"] == updated
        return updated, row["created"]

    @sees({"hidden": [5], "listed": [5, 6]})
    def unavailable_bindings(self, ask):
        ask.simulator.world.bindings[6]["available"] = False
        assert enable(ask, 6).status == 404
        reply = ask("GET", BINDINGS)
        assert reply.body["count"] == len(reply.ids)
        return reply.ids

    # --- datastreams ---

    @sees({"pages": [(1, 50), (51, 100), (101, 120), None], "all": [(1, 120)] * 4, "ignored": [(1, 50)] * 4})
    def datastream_paging(self, ask):
        for number in range(2, 121):
            ask.simulator.world.put("datastreams", {"id": number})
        replies = [ask("GET", f"{DATASTREAMS}?{query}") for query in ("", "page=2", "page=2&page_size=100", "page=9")]
        assert {reply.body["count"] for reply in replies} == {120}
        return [(reply.ids[0], reply.ids[-1]) if reply.ids else None for reply in replies]

    @sees({"skip": ([200] * 3, False), "error": ([422] * 3, True)})
    def unknown_datastream(self, ask):
        query, before = f"?datastream_id={UNKNOWN}&datastream_id={ONE}", ask.simulator.world.data()["datastreams"]
        replies = [ask("GET", DATASTREAMS + query), ask("PATCH", DATASTREAMS + query, {"enabled": False}), ask("PUT", SMART + query, SETTING)]
        return [reply.status for reply in replies], ask.simulator.world.data()["datastreams"] == before

    @sees({"on": (422, 422), "off": (200, 422)})
    def get_datastream_cap(self, ask):
        query = "&".join(f"datastream_id={readable_uuid('d5', number)}" for number in range(1, 52))
        return ask("GET", f"{DATASTREAMS}?{query}").status, ask("PATCH", f"{DATASTREAMS}?{query}", {"enabled": True}).status

    @sees({"null": (None, None, [ONE]), "value": (DEFAULT_RANGE, {"time": None}, [])})
    def smart_defaults(self, ask):
        ask("PUT", SMART, SETTING)
        smart = pulling(ask)["smart"]
        again = ask("PUT", SMART, {**SETTING, "refresh_range": DEFAULT_RANGE}).body["affected"]["datastream_ids"]
        return smart["refresh_range"], smart["deadline"], again

    @sees({"accept": ([200] * 3, True), "refuse": ([422] * 3, False)})
    def smart_null(self, ask):
        replies = [ask("PUT", SMART, {**SETTING, **null}) for null in ({"refresh_range": None}, {"deadline": None}, {"deadline": {"time": None}})]
        return [reply.status for reply in replies], pulling(ask)["smart"] == {**SETTING, "refresh_range": None, "deadline": None}

    @sees({
        "coupled": [("smart", True), ("schedule", False), ("smart", True), ("schedule", False), (None, None), ("smart", True), (None, False)],
        "independent": [("schedule", True), ("schedule", False), ("smart", False), ("schedule", False), (None, None), ("smart", None),
                        ("smart", False)]})
    def smart_coupling(self, ask):
        def see(method=None, body=None):
            if method:
                assert ask(method, SMART if method == "PUT" else DATASTREAMS, body).status == 200
            state = pulling(ask)
            return state["active_mode"], state["smart"] and state["smart"]["is_active"]

        start, stop = ("PUT", SETTING), ("PUT", {**SETTING, "is_active": False})
        smart, schedule = (("PATCH", {"pulling": {"active_mode": mode}}) for mode in ("smart", "schedule"))
        assert see() == ("schedule", None)
        seen = [see(*start), see(*stop), see(*smart), see(*schedule)]
        ask.simulator.world.datastreams[1].update(has_schedule=False, active_mode=None, smart=None)  # no schedule to fall back to, and no setting yet
        return [*seen, see(), see(*smart), see(*stop)]

    # --- extracts ---

    @sees({
        "inclusive": [[103, 102], [102, 101], [103, 102], [102, 101], [102], [102], [103, 102]],
        "exclusive": [[103], [101], [103], [101], [], [102], [103]]})
    def extract_bounds(self, ask):  # created on the first, second and third of June 2025, at five
        return [ask("GET", f"{EXTRACTS}?{query}").ids for query in (
            "created_from=2025-06-02T05:00:00Z", "created_to=2025-06-02T05:00:00Z", "created_from=2025-06-02", "created_to=2025-06-02",
            "created_from=2025-06-02&created_to=2025-06-02", "created_from=2025-06-02T04:59:59Z&created_to=2025-06-02T05:00:01Z",
            "created_from=2025-06-02T07:00:00%2B02:00")]

    @sees({"any": [200, 200], "date": [400, 400]})
    def extract_bounds_format(self, ask):
        assert [len(ask("GET", f"{EXTRACTS}?{name}=2025-06-02").rows) for name in ("created_from", "created_to")] == [2, 2]
        return [ask("GET", f"{EXTRACTS}?{name}=2025-06-02T05:00:00Z").status for name in ("created_from", "created_to")]

    @sees({"second": ["2025-06-03T05:00:00Z"] * 3,
           "fraction": [f"2025-06-03T05:00:00.{digits}0000Z" for digits in ("50", "25", "00")]})
    def created_precision(self, ask):
        ask.simulator.change(*({"fetch": {"datastream_id": 1, "at": f"2025-06-03T05:00:00{fraction}Z"}} for fraction in (".5", ".25")))
        reply = ask("GET", EXTRACTS)
        assert reply.ids == [104, 105, 103, 102, 101]  # the order is that of the real moments
        assert ask("GET", f"{EXTRACTS}?created_from=2025-06-03T05:00:00.3Z").ids == [104]
        return [row["created"] for row in reply.rows[:3] if row["scheduled"] == row["created"]]

    @sees({"honoured": [NEWEST, OLDEST, NEWEST, NEWEST, NEWEST], "with_id": [NEWEST, OLDEST, NEWEST, BY_ID, BY_ID[::-1]],
           "strict": [NEWEST, OLDEST, NEWEST, ["ordering"], ["ordering"]], "ignored": [NEWEST] * 5})
    def extract_ordering(self, ask):
        ask.simulator.world.put("extracts", {"id": 9, "datastream_id": 1, "created": "2030-01-01T00:00:00Z"})
        replies = [ask("GET", f"{EXTRACTS}{query}") for query in ("", "?ordering=created", "?ordering=-created", "?ordering=id", "?ordering=-id")]
        return [reply.ids if reply.status == 200 else list(reply.body) for reply in replies]

    @sees({"stable": (True, True), "by_page": (False, True), "random": (False, False)})
    def extract_ties(self, ask):
        whole = [101, 102, 103, *range(200, 260)]
        for number in whole[3:]:
            ask.simulator.world.put("extracts", {"id": number, "datastream_id": 1, "created": "2025-06-02T05:00:00Z"})
        ask.simulator.switches.update({"extract_page_size": 25, "extract_ordering": "with_id"})

        def read(ordering):
            return [one for page in (1, 2, 3) for one in ask("GET", f"{EXTRACTS}?ordering={ordering}&page={page}").ids]

        seen = set()
        for ordering, first in (("created", 0), ("-created", -1)):
            ids, again = read(ordering), read(ordering)
            assert (len(ids), ids[first]) == (63, 101)
            seen.add((sorted(ids) == whole, ids == again))
        assert read("-id") == whole[::-1]
        return seen.pop() if len(seen) == 1 else seen

    # --- requeue ---

    @sees({400: [400, 400], 404: [404, 404], 422: [422, 422]})
    def requeue_refusal(self, ask):
        replies = [ask("POST", REQUEUE, body) for body in ({"extract_ids": [999]}, {"extract_ids": [101], "binding_ids": [999]})]
        assert all("999" in reply.body["detail"] for reply in replies)
        assert (ask("POST", REQUEUE, {}).status, ask.simulator.loads) == (422, [])
        return [reply.status for reply in replies]

    @sees({"all": ["102", "103"], "first": ["102"], "none": []})
    def requeue_refusal_names(self, ask):
        ask.simulator.world.refused = {102, 103}
        reply = ask("POST", REQUEUE, {"extract_ids": [101, 102, 103]})
        assert reply.status == 400
        return [name for name in ("101", "102", "103") if name in reply.body["detail"]]

    @sees({422: [422] * 3, 400: [400] * 3})
    def requeue_invalid(self, ask):
        replies = [ask("POST", REQUEUE, body) for body in ({}, {"extract_ids": list(range(51))}, {"extract_ids": [101], "sequential": 1})]
        assert all(set(reply.body["detail"][0]) == {"loc", "msg", "type"} for reply in replies)
        return [reply.status for reply in replies]

    @sees({"load": [(200, 1), (200, 2), (200, 2)], "refuse": [(400, 0), (200, 1), (400, 1)]})
    def requeue_disabled_binding(self, ask):
        seen = []
        for body in ({"extract_ids": [101], "binding_ids": [6]}, {"extract_ids": [101]}, {"extract_ids": [101]}):
            seen.append((ask("POST", REQUEUE, body).status, len(ask.simulator.loads)))
            if len(seen) == 2:
                ask.simulator.world.bindings[5]["enabled"] = False
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
        replies = [ask("GET", BINDINGS), enable(ask), ask("GET", "/nowhere/"), ask("POST", REQUEUE, {})]
        return [date and date.replace("Thu, 01 Jan 2026 ", "").replace(" GMT", "") for date in (reply.headers.get("date") for reply in replies)]

    @sees({"detail": ({"detail": "Unauthorized"}, ["body", "is_active"]), "message": ({"message": "Unauthorized"}, "body.is_active: "),
           "text": ("Unauthorized", "body.is_active: ")})
    def error_bodies(self, ask):
        assert ask("GET", f"{EXTRACTS}?page=9").body == {"detail": "Invalid page."}
        wrong = ask("PUT", SMART, {}).body
        shown = wrong[:16] if isinstance(wrong, str) else wrong["message"][:16] if "message" in wrong else wrong["detail"][0]["loc"]
        return ask("GET", BINDINGS, key=None).body, shown

    # --- destinations and names ---

    @sees({100: [(10, 10, False), (5, 5, False), (1, 1, False)], 2: [(10, 2, True), (5, 2, True), (1, 1, False)]})
    def list_page_size(self, ask):
        bodies = [ask("GET", path).body for path in (TYPES, "/api/connection-types/", "/api/stacks/")]
        assert len(ask("GET", EXTRACTS).ids) == 3
        return [(body["count"], len(body["results"]), body["next"] is not None) for body in bodies]

    @sees({"full": [LONG, LONG], "short": [SHORT, SHORT]})
    def datastream_rows(self, ask):
        assert set(ask("GET", "/api/datastreams/1/").body) == LONG
        return [set(ask("GET", path).rows[0]) for path in ("/api/datastreams/", "/api/datastream-types/221/datastreams/")]

    @sees({"pages": (200, {"count": 1, "next": None, "previous": None, "results": CONNECTED}), "list": (200, CONNECTED),
           "refused": (405, NOT_ALLOWED)})
    def connections_list(self, ask):
        ask.simulator.world.put("connections", {"id": 7})
        reply = ask("GET", CONNECTIONS)
        assert ask("GET", "/api/connection-types/99/connections/").status == 404
        return reply.status, reply.body

    @sees({"listed": [10, 11], "refused": NOT_ALLOWED})
    def targets_list(self, ask):
        assert ask("GET", f"{TARGETS}10/").body["name"] == "Destination 10"
        reply = ask("GET", TARGETS)
        return reply.ids if reply.status == 200 else reply.body

    @sees({"full": True, "short": ["id", "name", "url"]})
    def target_rows(self, ask):
        row = ask("GET", TARGETS).rows[0]
        return row == ask("GET", f"{TARGETS}10/").body or list(row)

    @sees({"metadata": (200, True, False), "bare": (200, False, False), "refused": (405, False, False)})
    def target_options(self, ask):
        reply = ask("OPTIONS", FILE)
        ask.simulator.world.keys["all"]["scopes"] = ["destination:read"]
        return reply.status, "actions" in reply.body, "actions" in ask("OPTIONS", FILE).body

    @sees({"patch": (200, 405, "d", 1), "put": (405, 200, "e", 0), "both": (200, 200, "e", 0)})
    def target_changes(self, ask):  # of a PUT, what is left out falls to its default
        place = f"{AZURE}{ask('POST', AZURE, {**BLOB, 'schema_mapping': 1}).body['id']}/"
        statuses = [ask("PATCH", place, {"container": "d"}).status, ask("PUT", place, {**BLOB, "container": "e"}).status]
        if statuses[1] == 200:
            assert ask("PUT", place, {**NEW, "container": "f"}).body == {"account_key": ["This field is required."]}
        seen = ask("GET", place).body
        return (*statuses, seen["container"], seen["schema_mapping"])

    @sees({"free": [201, 201, 201, 201, 200, 200], "unique": [201, 400, 201, 201, 400, 200]})
    def target_names(self, ask):
        replies = [ask("POST", FILE, NEW), ask("POST", FILE, NEW), ask("POST", AZURE, BLOB), ask("POST", FILE, {**NEW, "name": "Other"})]
        replies += [ask("PATCH", f"{FILE}{replies[3].body['id']}/", {"name": name}) for name in ("New", "Other")]
        assert all(reply.body == {"name": ["A destination with this name exists in this workspace."]} for reply in replies if reply.status == 400)
        return [reply.status for reply in replies]

    @sees({"kept": ("  Two \u00a0", 201, " t"), "trimmed": ("Two", 400, "t")})
    def text_blanks(self, ask):
        name = ask("POST", FILE, {**NEW, "name": "  Two \u00a0"}).body["name"]
        assert ask("POST", FILE, {**NEW, "name": ""}).body == {"name": ["This field may not be blank."]}
        table = ask("POST", ASSIGNED, {"datastream": 1, "table_name": " t"}).body["table_name"]
        return name, ask("POST", FILE, {**NEW, "name": "  "}).status, table

    @sees({"refuse": [(400, ["colour", "id", "logo_url"]), (400, ["colour", "id", "target"])], "ignore": [(201, []), (201, [])]})
    def unknown_settings(self, ask):
        seen = []
        for path, body, read_only in ((FILE, NEW, "logo_url"), (ASSIGNED, {"datastream": 1}, "target")):
            given = {"colour": "red", read_only: 7, "id": 900}
            reply = ask("POST", path, {**body, **given})
            wrong = {name: ["This field is not known." if name == "colour" else "This field is read-only."] for name in given}
            seen.append((reply.status, sorted(name for name in given if reply.body.get(name) in (given[name], wrong[name]))))
        return seen

    @sees({"masked": ["********"] * 3, "absent": ["absent"] * 3, "null": [None] * 3})
    def secrets(self, ask):
        made = ask("POST", AZURE, BLOB)
        place = f"{AZURE}{made.body['id']}/"
        replies = [made, ask("GET", place), ask("PATCH", place, {"account_key": "another-key"})]
        assert ask.simulator.world.targets[made.body["id"]]["settings"]["account_key"] == "another-key"
        return [reply.body.get("account_key", "absent") for reply in replies if reply.body["container"] == "c"]

    @sees({"id": [1, None, 10, 1], "nested": [
           {"id": 1, "name": f"Workspace {readable_uuid('a0', 1)}"}, None, {"id": 10, "name": "Destination 10"}, {"id": 1, "name": "Datastream 1"}]})
    def related_objects(self, ask):
        target, mapping = ask("GET", f"{TARGETS}10/").body, ask("GET", f"{TARGETS}10/mappings/5/").body
        return [target["stack"], target["auth"], mapping["target"], mapping["datastream"]]

    @sees({"same": (7, [404, 204]), "other": (1_000_007, [404, 204])})
    def mapping_ids(self, ask):
        made = ask("POST", ASSIGNED, {"datastream": 1, "enabled": False}).body
        assert [(row["id"], row["enabled"]) for row in ask("GET", BINDINGS).rows] == [(5, True), (6, False), (7, False)]
        assert ask("GET", f"{ASSIGNED}{made['id']}/").body == made == ask("GET", ASSIGNED).rows[-1]
        assert enable(ask, 7).status == 200
        statuses = [ask("DELETE", f"{ASSIGNED}{identity}/").status for identity in (1_000_014 - made["id"], made["id"])]
        assert 7 not in ask.simulator.world.bindings
        return made["id"], statuses

    @sees({"enabled": (True, True, False), "disabled": (False, False, False)})
    def mapping_enabled(self, ask):
        made = ask("POST", ASSIGNED, {"datastream": 1}).body
        ask.simulator.fetch(1)
        return made["enabled"], (104, 7) in ask.simulator.arrivals, ask("POST", ASSIGNED, {"datastream": 1, "enabled": False}).body["enabled"]

    @sees({"refresh": ["2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"], "keep": ["2024-01-15T10:00:00Z", "2026-01-01T00:00:01Z"]})
    def mapping_change(self, ask):
        seen = []
        for change in ({"table_name": "t"}, {"enabled": True}):
            assert ask("PATCH", f"{ASSIGNED}6/", change).body.items() >= change.items()
            seen.append(ask("GET", BINDINGS).rows[1]["updated"])
        return seen

    @sees({"allow": (201, 3), "refuse": (400, 2)})
    def double_assignment(self, ask):
        reply = ask("POST", ASSIGNED, {"datastream": 1, "table_name": "another"})  # binding 6 is the first
        if reply.status == 400:
            assert reply.body == {"non_field_errors": ["The fields target, datastream must make a unique set."]}
        return reply.status, len(ask("GET", BINDINGS).ids)

    @sees({number: ([False] * number + [True] * (5 - number), 200) for number in (0, 1, 3)} | {"never": ([False] * 5, 404)})
    def binding_appears(self, ask):
        made = ask("POST", ASSIGNED, {"datastream": 1}).body["id"]
        ask("GET", f"{BINDINGS}?target_id=10")  # a read that would not show it does not count
        seen = [7 in ask("GET", f"{BINDINGS}?target_id=11").ids for _read in range(5)]
        assert ask("GET", ASSIGNED).ids == [6, 7]
        return seen, enable(ask, made).status

    @sees({"checked": (403, 403), "open": (200, 403)})
    def older_scopes(self, ask):
        ask.simulator.world.keys["all"]["scopes"] = []
        return ask("GET", "/api/stacks/").status, ask("GET", BINDINGS).status

    # --- loads, jobs and issues ---

    @sees({"newer": ["Collected", "Processing", "Loaded"], "older": ["Collected", "Processing", "Imported"],
           "upper": ["COLLECTED", "PROCESSING", "LOADED"], "translated": ["Gesammelt", "In Verarbeitung", "Importiert"]})
    def state_labels(self, ask):
        seen = [label(ask)]
        for seconds in (0, 10):
            requeue(ask, 101) if not seconds else ask.later(seconds)
            seen.append(label(ask))
        assert ask("GET", f"{EXTRACTS}?state=12").ids == [101]
        return seen

    @sees({"at_once": ["Processing", "Processing", "Loaded"], "later": ["Collected", "Processing", "Loaded"],
           "never": ["Collected", "Collected", "Loaded"]})
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

    @sees({"inclusive": [1, 1, 0, 1, 1], "exclusive": [0, 1, 0, 0, 1]})
    def job_bounds(self, ask):
        ask.simulator.fetch(1, at="2025-12-01T10:00:00Z")
        return [ask("GET", f"{JOBS}?{query}").body["count"] for query in (
            "start=2025-12-01T10:00:00Z", "start=2025-12-01T09:59:59Z", "start=2025-12-01T10:00:01Z",
            "start=2025-12-01&end=2025-12-01T10:00:00Z", "start=2025-12-01&end=2025-12-01T10:00:01Z")]

    @sees({"shown": ["Error", "Import", "Unknown"], "asked": [None] * 3})
    def issue_tags(self, ask):
        names = ("type_label", "extraction_stage_label", "error_cause_label")
        row, tagged = issue(ask), ask("GET", f"{ISSUES}?show_issue_tags=true").rows[0]
        assert [tagged[name] for name in names] == ["Error", "Import", "Unknown"]
        return [row.get(name) for name in names]

    @sees({"Import": ["Import", "Import"], "Load": ["Load", "Load"]})
    def load_stage_label(self, ask):
        ask.simulator.switches["load_jobs"] = "request"
        return [row["extraction_stage_label"] for row in (issue(ask), ask("GET", f"{JOBS}1/").body["issues"][0])]

    @sees({"listed": [True], "hidden": [], "never": [False]})
    def acknowledged_issues(self, ask):
        issue(ask)
        ask.simulator.fetch(1)  # the range of extract 101 is not in it
        assert [row["ack"] for row in ask("GET", ISSUES).rows] == [False]
        ask.simulator.world.issues[1].update(range_start="2025-12-25", range_end="2025-12-31")
        return [row["ack"] for row in ask("GET", ISSUES).rows]

    # --- what takes no more than one look ---

    @sees({"full": 11, "id": 1})
    def extract_fields(self, ask):
        return len(ask("GET", EXTRACTS).rows[0])

    @sees({"on": True, "off": False})
    def extract_count(self, ask):
        return "count" in ask("GET", EXTRACTS).body

    @sees({100: [103, 102, 101], 2: [103, 102]})
    def extract_page_size(self, ask):
        return ask("GET", EXTRACTS).ids

    @sees({"full": {"id", "name", "parent_id"}, "id": {"id"}})
    def workspace_rows(self, ask):
        return set(ask("GET", "/api/v1/workspaces/").rows[0])

    @sees({201: {201}, 200: {200}})
    def created_status(self, ask):
        return {ask("POST", FILE, NEW).status, ask("POST", ASSIGNED, {"datastream": 1}).status}

    @sees({"Import": ["Fetch", "Import"], "Load": ["Fetch", "Load"]})
    def load_job_type(self, ask):
        return [row["type"] for row in jobs(ask)]

    @sees({"present": [True, True], "absent": [True, False]})
    def load_job_datastream(self, ask):
        return ["datastream" in row for row in jobs(ask)]

    @sees({"object": 101, "null": None})
    def issue_extract(self, ask):
        return (issue(ask)["extract"] or {}).get("id")


# --- the switches themselves ---

VALUES = [(name, value) for name, (allowed, _meaning) in SWITCHES.items() for value in ((100, 2) if allowed is int else allowed)]


@pytest.mark.parametrize(("name", "value"), VALUES)
def test_switch(start, small, name, value):
    look = getattr(Looks(), name)
    assert look(start(small, switches={name: value})) == look.values[value]


def test_the_first_value_is_the_default():
    assert Switches() == {name: 100 if allowed is int else allowed[0] for name, (allowed, _meaning) in SWITCHES.items()}


@pytest.mark.parametrize(("name", "given", "value"), [  # as command lines and YAML write them
    ("requeue_refusal", "404", 404), ("extract_page_size", "7", 7), ("smart_defaults", None, "null"), ("extract_count", False, "off"),
    *((name, wrong, None) for name, wrong in (
        ("nothing", "on"), ("binding_rows", "some"), ("binding_rows", True), ("requeue_refusal", 500), ("extract_page_size", 0))),
])
def test_values_are_converted_and_others_refused(ask_small, name, given, value):
    if value is None:
        assert name in ask_small.refuses("switches", {"next_host": "other", name: given})
    else:
        assert ask_small.control("PATCH", "switches", {name: given})[name] == value
        ask_small.simulator.reset()
        assert ask_small.control("GET", "switches") == Switches()

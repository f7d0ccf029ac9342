# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extracts (the older API) and requeue (requeue guide)."""

from __future__ import annotations

import hashlib
import itertools
import re
from datetime import datetime
from typing import Any, Callable

from ..calls import Call, Refusal, reached_datastreams
from ..fields import REQUIRED, Kind, moment, one_of, or_null, whole
from ..loading import LABELS, STATES, covered, record_issues, record_jobs, record_load, state_of
from ..older import page
from ..values import MAX_IDS, Row, exact_time, is_whole, parse_time, problem, shown_time


def extract_row(call: Call, extract: Row, created: datetime) -> Row:
    """An extract with the fields that other clients have seen; only its id is certain. The numbers are made up."""
    datastream = call.world.datastreams[extract["datastream_id"]]
    moment = shown_time(created, call.switches["created_precision"])
    day = created.date()
    rows = 1000 + extract["id"] * 37 % 9000
    state = state_of(call.world, extract, call.world.now())
    first, last = covered(created)
    return {
        "id": extract["id"], "created": moment, "name": f"{datastream['name']} {day}",
        "scheduled": moment, "nrows": rows, "ncols": 18, "filesize": rows * 18 * 9,
        "state_label": LABELS[call.switches["state_labels"]][state], "state_color": STATES[state][1],
        "datastream": {"id": datastream["id"], "name": datastream["name"]},
        "metadata": {"datastream_extract_range_start": first, "datastream_extract_range_end": last, "origin_job_id": extract["job_id"]},
    }


def bound(call: Call, name: str) -> Callable[[datetime], bool]:
    """A test on `created` for created_from or created_to. A bound without a time of day compares whole days.

    It is the real moment that is compared, also where rows show whole seconds.
    """
    text = call.last(name) or ""
    try:
        limit: Any = parse_time(text)
    except ValueError:
        raise Refusal(400, {name: ["Enter a valid date/time."]}) from None
    days = len(text) == 10
    if not days and call.switches["extract_bounds_format"] == "date":
        raise Refusal(400, {name: ["Enter a valid date."]})
    limit = limit.date() if days else limit
    inclusive = call.switches["extract_bounds"] == "inclusive"

    def within(created: datetime) -> bool:
        value: Any = created.date() if days else created
        return bool((inclusive and value == limit) or (value > limit if name == "created_from" else value < limit))

    return within


def read_ordering(call: Call) -> str:
    """The order of the list: `created`, `-created`, `id` or `-id` (switch extract_ordering)."""
    way, ordering = call.switches["extract_ordering"], call.last("ordering") or "-created"
    if way == "strict" and ordering not in ("created", "-created"):
        raise Refusal(400, {"ordering": ["Select a valid choice."]})
    known = {"ignored": (), "with_id": ("created", "id", "-id")}.get(way, ("created",))
    return ordering if ordering in known else "-created"


def shuffled_ties(found: list[tuple[datetime, int]], first: int, last: int, seed: int) -> list[tuple[datetime, int]]:
    """found[first:last] as it would be if those with equal times stood in an order of their own for each seed."""
    if first >= last:
        return []
    low, high = first, last
    while low > 0 and found[low - 1][0] == found[first][0]:
        low -= 1
    while high < len(found) and found[high][0] == found[last - 1][0]:
        high += 1
    part = sorted(found[low:high], key=lambda entry: (entry[0], hashlib.sha256(b"%d %d" % (seed, entry[1])).digest()))
    return part[first - low:last - low]


def list_extracts(call: Call) -> Row:
    """GET /api/extracts/: `{count, next, previous, results}`; 404 past the last page."""
    world, switches = call.world, call.switches
    datastream_id, state = call.last("datastream_id"), call.last("state")
    if datastream_id is not None and not re.fullmatch(r"\d{1,18}", datastream_id):
        raise Refusal(400, {"datastream_id": ["Enter a number."]})
    if state is not None and not re.fullmatch(r"\d{1,9}", state):
        raise Refusal(400, {"state": ["Enter a number."]})
    tests = [bound(call, name) for name in ("created_from", "created_to") if call.last(name) is not None]
    lists = [world.timeline(number) for number in reached_datastreams(call)
             if datastream_id is None or number == int(datastream_id)]
    # Oldest first. The usual call, for one whole datastream, copies nothing: a long list is asked for page by page.
    found = lists[0] if len(lists) == 1 else sorted(itertools.chain.from_iterable(lists))
    if tests or state is not None:
        found = [entry for entry in found if all(test(entry[0]) for test in tests)
                 and (state is None or STATES[state_of(world, world.extracts[entry[1]], world.now())][0] == int(state))]
    ordering = read_ordering(call)
    if ordering.endswith("id"):
        found = sorted(found, key=lambda entry: entry[1])

    def rows(start: int, end: int) -> list[Row]:
        first, last = (len(found) - end, len(found) - start) if ordering.startswith("-") else (start, end)
        if ordering.endswith("id") or switches["extract_ties"] == "stable":
            shown = found[first:last]
        else:
            shown = shuffled_ties(found, first, last, start if switches["extract_ties"] == "by_page" else call.number)
        shown = shown[::-1] if ordering.startswith("-") else shown
        results = [extract_row(call, world.extracts[identity], created) for created, identity in shown]
        return results if switches["extract_fields"] == "full" else [{"id": row["id"]} for row in results]

    listed = page(call, len(found), switches["extract_page_size"], rows)
    return listed if switches["extract_count"] == "on" else {name: value for name, value in listed.items() if name != "count"}


def requeue_problem(body: Row) -> Row | None:
    """What is wrong with the body of a requeue, as an entry of a validation error."""
    if "extract_ids" not in body:
        return problem("body", "extract_ids", "Field required", "missing")
    for name in ("extract_ids", "binding_ids"):
        # An empty list or null for binding_ids is not documented; to read it as "all" would be the dangerous guess.
        ids = body.get(name, [1])
        if not isinstance(ids, list) or not ids or not all(map(is_whole, ids)):
            return problem("body", name, "Input should be a list of at least one integer")
    if len(body["extract_ids"]) > MAX_IDS:
        return problem("body", "extract_ids", f"List should have at most {MAX_IDS} items", "too_long")
    if not isinstance(body.get("sequential", True), bool):
        return problem("body", "sequential", "Input should be a valid boolean", "bool_type")
    return None


def requeue(call: Call) -> Row:
    """POST /api/v1/extracts/requeue/: records a load for each extract and binding, at every call anew."""
    body, world, switches = call.json(), call.world, call.switches
    wrong = requeue_problem(body)
    if wrong:
        raise Refusal(switches["requeue_invalid"], [wrong])
    refusal, reached = switches["requeue_refusal"], reached_datastreams(call)
    bad = [identity for identity in body["extract_ids"] if identity in world.refused
           or identity not in world.extracts or world.extracts[identity]["datastream_id"] not in reached]
    if bad:
        raise Refusal(refusal, {"all": f"Extracts not found: {', '.join(map(str, bad))}",
                                "first": f"Extract {bad[0]} cannot be requeued.",
                                "none": "The extracts cannot be requeued."}[switches["requeue_refusal_names"]])
    # An id that is there twice is loaded twice: the worst that a caller has to reckon with.
    extracts = sorted((world.extracts[identity] for identity in body["extract_ids"]),
                      key=lambda row: (parse_time(row["created"]), row["id"]))
    datastreams = {row["datastream_id"] for row in extracts}
    on_them = {row["id"]: row for _id, row in sorted(world.bindings.items())
               if row["available"] and row["datastream_id"] in datastreams}
    named = body.get("binding_ids")
    if named is not None:
        foreign = [identity for identity in named if identity not in on_them]
        if foreign:
            raise Refusal(refusal, f"Bindings not associated with the datastreams of the extracts: {foreign}")
        bindings = [on_them[identity] for identity in dict.fromkeys(named)]
    else:
        bindings = [row for row in on_them.values() if row["enabled"]]
    if switches["requeue_disabled_binding"] == "refuse":
        disabled = [row["id"] for row in bindings if not row["enabled"]]
        if disabled or datastreams - {row["datastream_id"] for row in bindings}:
            raise Refusal(refusal, f"No enabled binding to load to; disabled: {disabled}")
    moment = world.tick()
    at, begun = exact_time(moment), []
    for extract, binding in itertools.product(extracts, bindings):
        if extract["datastream_id"] == binding["datastream_id"]:
            begun.append(record_load(world, extract["id"], binding["id"], moment))
            world.loads.append({"extract_id": extract["id"], "binding_id": binding["id"], "request": call.number,
                                "datastream_id": extract["datastream_id"], "at": at, "load": begun[-1]})
    record_jobs(world, begun, [extract["datastream_id"] for extract in extracts])
    record_issues(world, begun)
    ids = [row["id"] for row in extracts]
    return {"message": f"Dispatched requeue for {len(ids)} extract(s).", "extract_ids": ids, "extract_count": len(ids)}


_STATE = (one_of(*STATES), "collected")
SERIES = Kind("series", {  # rows of extracts in one
    "datastream_id": (whole, REQUIRED), "first_id": (whole, REQUIRED), "count": (whole, REQUIRED), "from": (moment, REQUIRED), "every_hours": (whole, 24),
    "state": _STATE})
KINDS = [Kind(
    "extracts", {
        "id": (whole, REQUIRED), "datastream_id": (whole, REQUIRED), "created": (moment, REQUIRED), "state": _STATE, "job_id": (or_null(whole), None)},
    references={"datastream_id": ("datastreams", "id")}, removed_with=("datastream_id",))]
ROUTES = [
    ("GET", r"/api/extracts/", "datastream:read", list_extracts),
    ("POST", r"/api/v1/extracts/requeue/", "destination:write", requeue),
]

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of an extract: loads that take time, the state that is shown meanwhile, and whether an issue is acknowledged.

Nothing here moves by itself. Each load, job and issue has its times when it is recorded, and what is shown of it follows from the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .values import Row, exact_time, parse_time

if TYPE_CHECKING:
    from .world import World

# state: the number by which the list filters (None: it has none that is known), and the color, which is made up
STATES: dict[str, tuple[int | None, str]] = {
    "collected": (1, "grey"), "processing": (3, "blue"), "import_error": (4, "red"), "transform_error": (6, "red"),
    "imported": (12, "green"), "failed": (13, "red"), "overwritten": (None, "grey")}
_NEWER = {"collected": "Collected", "processing": "Processing", "import_error": "Import Error", "transform_error": "Transform Error",
          "imported": "Loaded", "failed": "Failed", "overwritten": "Overwritten"}
LABELS: dict[str, dict[str, str]] = {  # value of the switch state_labels: state: its text
    "newer": _NEWER,
    "older": {**_NEWER, "imported": "Imported"},
    "upper": {state: label.upper() for state, label in _NEWER.items()},
    "translated": {"collected": "Gesammelt", "processing": "In Verarbeitung", "import_error": "Importfehler", "imported": "Importiert",
                   "transform_error": "Transformationsfehler", "failed": "Fehlgeschlagen", "overwritten": "\u00dcberschrieben"}}
RANGE_DAYS = 7  # what a fetch covers: so many days up to the day before


@dataclass
class Load:
    """A load of an extract into a binding, from its beginning to its end. `shown_from` is when the extract reads as being processed."""

    extract_id: int
    binding_id: int
    start: datetime
    shown_from: datetime
    end: datetime
    fails: bool
    job_id: int | None = None


def record_load(world: World, extract_id: int, binding_id: int, start: datetime) -> Load:
    """A load that begins then. If the world says that it fails, an issue begins when it ends."""
    lasts = timedelta(seconds=world.load_seconds)
    shown_from = start + lasts / 2 if world.switches.get("requeue_processing") == "later" else start
    failing = world.failing.get(extract_id, ())
    load = Load(extract_id, binding_id, start, shown_from, start + lasts, None in failing or binding_id in failing)
    world.history.append(load)
    world.shown_loads.setdefault(extract_id, []).append(load)
    return load


def record_issues(world: World, loads: list[Load]) -> None:
    """An issue for each of these loads that fails."""
    for load in loads:
        if load.fails:
            extract = world.extracts[load.extract_id]
            first, last = covered(parse_time(extract["created"]))
            world.put("issues", {
                "id": world.next_id("issues"), "datastream_id": extract["datastream_id"], "extract_id": load.extract_id, "job_id": load.job_id,
                "start": exact_time(load.end), "stage": "load", "message": f"Loading extract {load.extract_id} failed.",
                "range_start": first, "range_end": last})


def record_jobs(world: World, loads: list[Load], datastream_ids: list[int]) -> None:
    """The jobs that a requeue makes (switch load_jobs): none, or one for each request, extract or binding of a datastream."""
    kind = world.switches.get("load_jobs", "none")
    groups: dict[Any, list[Load]] = {}
    for load in loads if kind != "none" else ():
        datastream_id = world.extracts[load.extract_id]["datastream_id"]
        part = {"request": None, "extract": load.extract_id, "binding": load.binding_id}[kind]
        groups.setdefault((datastream_ids.index(datastream_id), datastream_id, part), []).append(load)
    for (_place, datastream_id, _part), group in sorted(groups.items(), key=lambda item: item[0][0]):
        identity = world.next_id("jobs")
        spans = [covered(parse_time(world.extracts[load.extract_id]["created"])) for load in group]
        world.put("jobs", {
            "id": identity, "datastream_id": datastream_id, "type": "load", "manual": True,
            "scheduled": exact_time(group[0].start), "start": exact_time(min(load.shown_from for load in group)),
            "end": exact_time(max(load.end for load in group)), "result": "failed" if any(load.fails for load in group) else "success",
            "range_start": min(span[0] for span in spans), "range_end": max(span[1] for span in spans)})
        for load in group:
            load.job_id = identity


def covered(created: datetime) -> tuple[str, str]:
    """The first and the last day that an extract covers."""
    day = created.date()
    return str(day - timedelta(days=RANGE_DAYS)), str(day - timedelta(days=1))


def state_of(world: World, extract: Row, now: datetime) -> str:
    """The state of an extract then. It has one, however many bindings it went to: the load that ended last decides."""
    state: str = extract["state"]
    if now < world.processed_at.get(extract["id"], now):
        return "processing"
    under_way = False
    for load in sorted(world.shown_loads.get(extract["id"], ()), key=lambda one: one.end):
        if load.end <= now:
            if not load.fails:
                state = "imported"
            elif state != "imported" or world.switches.get("failed_reload") != "keeps":
                state = "import_error"
        elif load.shown_from <= now:
            under_way = True
    return "processing" if under_way and world.switches.get("requeue_processing") != "never" else state


def job_state(world: World, job: Row, now: datetime) -> str:
    """Scheduled, Running, or how it ended. A job that follows one that failed or was cancelled is discarded, and so is one that does not start for two days."""
    start, end = (parse_time(job[name]) if job[name] else None for name in ("start", "end"))
    scheduled = parse_time(job["scheduled"])
    for other in world.jobs.values():
        if other["datastream_id"] == job["datastream_id"] and other["id"] != job["id"] and other["end"]:
            ended = parse_time(other["end"])
            if other["result"] in ("failed", "cancelled") and ended <= now and scheduled <= ended < (start or ended + timedelta(days=2)):
                return "Discarded"
    if start is None or now < start:
        return "Discarded" if now >= scheduled + timedelta(days=2) else "Scheduled"
    if end is None or now < end:
        return "Running"
    return str(job["result"]).capitalize()


def is_acknowledged(world: World, issue: Row, now: datetime) -> bool:
    """Whether somebody acknowledged an issue, or (switch acknowledged_issues) a later fetch that covers its range did."""
    if issue["ack"]:
        return True
    if world.switches.get("acknowledged_issues") == "never":
        return False
    return any(_covers(job, issue) and parse_time(issue["start"]) < parse_time(job["end"]) <= now for job in world.jobs.values())


def _covers(job: Row, issue: Row) -> bool:
    """Whether a job is a successful fetch of all days that an issue is about."""
    if job["type"] != "fetch" or job["result"] != "success" or job["datastream_id"] != issue["datastream_id"] or not job["end"]:
        return False
    return bool(job["range_start"] and issue["range_start"] and job["range_start"] <= issue["range_start"] and issue["range_end"] <= job["range_end"])

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the service documents, what the modules take and return, and which of it carries which.

``DOCUMENTED`` has a row for every parameter and field of the three guides (bindings, pulling and requeue guide), and of what the contract adds to
them. ``PROMISED`` has the options and return keys that users were promised; ``ADDED`` those that came later, and why.
"""

from __future__ import annotations

from typing import NamedTuple

BINDINGS, BINDING = ("GET", "/api/v1/bindings/"), ("PATCH", "/api/v1/bindings/{id}/")
DATASTREAMS, DATASTREAM = ("GET", "/api/v1/datastreams/"), ("PATCH", "/api/v1/datastreams/")
SMART = ("PUT", "/api/v1/datastreams/pulling/smart/")
EXTRACTS, REQUEUE = ("GET", "/api/extracts/"), ("POST", "/api/v1/extracts/requeue/")
JOBS, JOB, ISSUES = ("GET", "/api/jobs/"), ("GET", "/api/jobs/{id}/"), ("GET", "/api/errors/")
ENDPOINTS = (BINDINGS, BINDING, DATASTREAMS, DATASTREAM, SMART, EXTRACTS, REQUEUE, JOBS, JOB, ISSUES)


class Field(NamedTuple):
    """A documented parameter or field. ``place`` is query, body, path, header or answer; ``carriers`` are ``module.option``, or ``module.return key``."""

    guide: str
    section: str
    endpoint: tuple[str, str]
    place: str
    name: str
    carriers: tuple[str, ...]
    why_none: str = ""


def _fields(guide: str, section: str, endpoint: tuple[str, str], place: str, **rows: str) -> list[Field]:
    """Rows of one place. What carries them stands in one text; a text that begins with a dash says why nothing does."""
    fields = []
    for name, text in rows.items():
        carriers = () if text.startswith("-") else tuple(text.split())
        path = name.replace("__", "[].").replace("_DOT_", ".").rstrip(".")
        fields.append(Field(guide, section, endpoint, place, path, carriers, text[1:].strip() if not carriers else ""))
    return fields


_PAGES = "-every page is read, so that nobody decides on a part of a list"
_NAMED = "-a write names its datastreams and nothing else: a filter could match others by the time it arrives"
_SAME = "-held against the number of rows, and not told"

_JOB = (
    "id", "url", "type", "job_start", "job_end", "range_start", "range_end", "scheduled", "progress", "duration", "state", "state_label", "manual",
    "issues__message", "issues__type_label", "issues__extraction_stage_label", "issues__url", "datastream_DOT_id", "datastream_DOT_name",
    "datastream_DOT_stack_DOT_id", "datastream_DOT_stack_DOT_name", "datastream_DOT_stack_DOT_slug",
)  # fmt: skip


def _job(prefix: str) -> dict[str, str]:
    return {prefix + name: "adverity_job_info.jobs[]." + name.replace("__", "[].").replace("_DOT_", ".") for name in _JOB}


DOCUMENTED: list[Field] = [
    # The bindings guide
    *_fields(
        "bindings", "filters", BINDINGS, "query",
        datastream_id="adverity_binding.datastream_id adverity_binding_info.datastream_id",
        target_id="adverity_binding.target_id adverity_binding_info.target_id adverity_requeue.target_id adverity_requeue_info.target_id"
        " adverity_load_info.target_id",
    ),
    *_fields("bindings", "pages", BINDINGS, "query", page=_PAGES, page_size=_PAGES),
    *_fields(
        "bindings", "answer of the list", BINDINGS, "answer",
        count="adverity_binding_info.count",
        items__id="adverity_binding_info.bindings[].id",
        items__datastream_id="adverity_binding_info.bindings[].datastream_id",
        items__target_id="adverity_binding_info.bindings[].target_id",
        items__target_name="adverity_binding_info.bindings[].target_name",
        items__target_type="adverity_binding_info.bindings[].target_type",
        items__enabled="adverity_binding_info.bindings[].enabled",
        items__created="adverity_binding_info.bindings[].created",
        items__updated="adverity_binding_info.bindings[].updated",
    ),
    *_fields("bindings", "enabling and disabling", BINDING, "path", id="adverity_binding.binding_ids"),
    *_fields("bindings", "enabling and disabling", BINDING, "body", enabled="adverity_binding.enabled"),
    *_fields(
        "bindings", "answer of the change", BINDING, "answer",
        id="adverity_binding.bindings[].id adverity_binding.affected.binding_ids[]",
        datastream_id="adverity_binding.bindings[].datastream_id",
        target_id="adverity_binding.bindings[].target_id",
        target_name="adverity_binding.bindings[].target_name",
        target_type="adverity_binding.bindings[].target_type",
        enabled="adverity_binding.bindings[].enabled",
        created="adverity_binding.bindings[].created",
        updated="adverity_binding.bindings[].updated",
    ),
    # The pulling guide
    *_fields(
        "pulling", "listing", DATASTREAMS, "query",
        datastream_id="adverity_datastream_info.datastream_ids adverity_smart_pulling_info.datastream_ids",
        workspace_id="adverity_datastream_info.workspace_ids adverity_smart_pulling_info.workspace_ids"
        " adverity_datastream.filters.workspace_ids adverity_smart_pulling.filters.workspace_ids",
        workspace_scope="adverity_datastream_info.workspace_scope adverity_smart_pulling_info.workspace_scope"
        " adverity_datastream.filters.workspace_scope adverity_smart_pulling.filters.workspace_scope",
        enabled="adverity_datastream_info.enabled adverity_smart_pulling_info.enabled"
        " adverity_datastream.filters.enabled adverity_smart_pulling.filters.enabled",
        active_pulling_mode="adverity_datastream_info.active_pulling_mode adverity_smart_pulling_info.active_pulling_mode"
        " adverity_datastream.filters.active_pulling_mode adverity_smart_pulling.filters.active_pulling_mode",
    ),
    *_fields("contract", "pages of datastreams", DATASTREAMS, "query", page=_PAGES, page_size="-not documented for this list, and never sent"),
    *_fields(
        "pulling", "answer of the list", DATASTREAMS, "answer",
        count="adverity_datastream_info.count adverity_smart_pulling_info.count",
        items__id="adverity_datastream_info.datastreams[].id adverity_smart_pulling_info.smart_pulling[].datastream_id",
        items__name="adverity_datastream_info.datastreams[].name adverity_smart_pulling_info.smart_pulling[].name",
        items__enabled="adverity_datastream_info.datastreams[].enabled",
        items__workspace_DOT_id="adverity_datastream_info.datastreams[].workspace.id",
        items__workspace_DOT_name="adverity_datastream_info.datastreams[].workspace.name",
        items__pulling_DOT_active_mode="adverity_datastream_info.datastreams[].pulling.active_mode"
        " adverity_smart_pulling_info.smart_pulling[].active_mode",
        items__pulling_DOT_smart_DOT_is_active="adverity_datastream_info.datastreams[].pulling.smart.is_active"
        " adverity_smart_pulling_info.smart_pulling[].is_active",
        items__pulling_DOT_smart_DOT_frequency="adverity_datastream_info.datastreams[].pulling.smart.frequency"
        " adverity_smart_pulling_info.smart_pulling[].frequency",
        items__pulling_DOT_smart_DOT_refresh_range_DOT_value="adverity_datastream_info.datastreams[].pulling.smart.refresh_range.value"
        " adverity_smart_pulling_info.smart_pulling[].refresh_range.value",
        items__pulling_DOT_smart_DOT_refresh_range_DOT_unit="adverity_datastream_info.datastreams[].pulling.smart.refresh_range.unit"
        " adverity_smart_pulling_info.smart_pulling[].refresh_range.unit",
        items__pulling_DOT_smart_DOT_deadline_DOT_time="adverity_datastream_info.datastreams[].pulling.smart.deadline.time"
        " adverity_smart_pulling_info.smart_pulling[].deadline",
        items__pulling_DOT_smart_bundle="adverity_datastream_info.datastreams[].pulling.smart_bundle",
    ),
    *_fields(
        "pulling", "filters of a change", DATASTREAM, "query",
        datastream_id="adverity_datastream.datastream_ids",
        workspace_id=_NAMED, workspace_scope=_NAMED, enabled=_NAMED, active_pulling_mode=_NAMED,
    ),
    *_fields("pulling", "enabling and disabling", DATASTREAM, "body", enabled="adverity_datastream.enabled"),
    *_fields("pulling", "switching the schedule", DATASTREAM, "body", pulling_DOT_active_mode="adverity_datastream.pulling_mode"),
    *_fields("pulling", "answer of a change", DATASTREAM, "answer", affected_DOT_datastream_ids__="adverity_datastream.affected.datastream_ids[]"),
    *_fields(
        "pulling", "filters of a change", SMART, "query",
        datastream_id="adverity_smart_pulling.datastream_ids",
        workspace_id=_NAMED, workspace_scope=_NAMED, enabled=_NAMED, active_pulling_mode=_NAMED,
    ),
    *_fields(
        "pulling", "settings", SMART, "body",
        is_active="adverity_smart_pulling.is_active",
        frequency="adverity_smart_pulling.frequency",
        refresh_range_DOT_value="adverity_smart_pulling.refresh_range.value",
        refresh_range_DOT_unit="adverity_smart_pulling.refresh_range.unit",
        deadline_DOT_time="adverity_smart_pulling.deadline",
    ),
    *_fields("pulling", "answer of the settings", SMART, "answer", affected_DOT_datastream_ids__="adverity_smart_pulling.affected.datastream_ids[]"),
    # The requeue guide, and the older list of extracts
    *_fields("requeue", "finding extracts", EXTRACTS, "query", datastream_id="adverity_extract_info.datastream_ids adverity_requeue.datastream_ids"),
    *_fields(
        "contract", "filters of extracts", EXTRACTS, "query",
        created_from="adverity_extract_info.created_from adverity_requeue.created_from",
        created_to="adverity_extract_info.created_to adverity_requeue.created_to",
        ordering="adverity_extract_info.limit",
        state="-takes numbers that no row has; the rows tell the state of each extract",
        page=_PAGES,
    ),
    *_fields("requeue", "finding extracts", EXTRACTS, "answer", results__id="adverity_extract_info.extracts[].id"),
    *_fields(
        "contract", "rows of extracts", EXTRACTS, "answer",
        count=_SAME, next="-followed", previous="-never needed",
        results__created="adverity_extract_info.extracts[].created",
        results__name="adverity_extract_info.extracts[].name",
        results__scheduled="adverity_extract_info.extracts[].scheduled",
        results__nrows="adverity_extract_info.extracts[].nrows",
        results__ncols="adverity_extract_info.extracts[].ncols",
        results__filesize="adverity_extract_info.extracts[].filesize",
        results__state_label="adverity_extract_info.extracts[].state_label",
        results__state_color="adverity_extract_info.extracts[].state_color",
        results__metadata_DOT_origin_job_id="adverity_extract_info.extracts[].metadata.origin_job_id",
        results__datastream_DOT_id="adverity_extract_info.extracts[].datastream.id adverity_extract_info.extracts[].datastream_id",
        results__datastream_DOT_name="adverity_extract_info.extracts[].datastream.name",
        results__metadata_DOT_datastream_extract_range_start="adverity_extract_info.extracts[].metadata.datastream_extract_range_start",
        results__metadata_DOT_datastream_extract_range_end="adverity_extract_info.extracts[].metadata.datastream_extract_range_end",
    ),
    *_fields("requeue", "requeueing", REQUEUE, "body", extract_ids="adverity_requeue.extract_ids"),
    *_fields("requeue", "one binding", REQUEUE, "body", binding_ids="adverity_requeue.binding_ids"),
    *_fields("requeue", "in parallel", REQUEUE, "body", sequential="adverity_requeue.sequential"),
    *_fields(
        "requeue", "answer", REQUEUE, "answer",
        message="adverity_requeue.batches[].message",
        extract_ids__="adverity_requeue.requeued_extract_ids[]",
        extract_count="adverity_requeue.extract_count",
    ),
    # Jobs and issues: what other clients have seen
    *_fields(
        "contract", "filters of jobs", JOBS, "query",
        datastream_id="adverity_job_info.datastream_ids", start="adverity_job_info.start", end="adverity_job_info.end",
        stack="-a workspace is not one of the choices", ordering="-its values are not documented", page=_PAGES, page_size=_PAGES,
    ),
    *_fields("contract", "rows of jobs", JOBS, "answer", count=_SAME, next="-followed", previous="-never needed", **_job("results__")),
    *_fields("contract", "a job", JOB, "path", id="-of a job that the list no longer shows"),
    *_fields("contract", "a job", JOB, "answer", **dict.fromkeys(_job(""), "-as in the list")),
    *_fields("contract", "filters of issues", ISSUES, "query", datastream_id="adverity_issue_info.datastream_ids",
             show_issue_tags="adverity_issue_info.stages", page=_PAGES, page_size=_PAGES),
    *_fields(
        "contract", "rows of issues", ISSUES, "answer", count=_SAME, next="-followed", previous="-never needed",
        **{f"results__{name}": f"adverity_issue_info.issues[].{name.replace('_DOT_', '.')}" for name in (
            "id", "start", "end", "duration", "message", "type_label", "extraction_stage_label", "error_cause_label", "ack", "occurrences", "url",
            "extract_DOT_id", "extract_DOT_url", "job_DOT_url", "job_DOT_job_start", "job_DOT_range_start", "job_DOT_range_end",
            "datastream_DOT_id", "datastream_DOT_name", "datastream_DOT_stack_DOT_id", "datastream_DOT_stack_DOT_name",
            "datastream_DOT_stack_DOT_slug",
        )},
    ),
]  # fmt: skip

# Every request has these: the guides repeat them in each section.
HEADERS = {"instance": "the host of each address", "api_key": "the header Authorization"}

_CONNECTION = ("instance", "api_key", "validate_certs", "ca_path", "timeout", "retries", "retry_max_delay")
_CHOICE = ("datastream_ids", "filters", "all_datastreams")
_FILTERS = ("datastream_ids", "workspace_ids", "workspace_scope", "enabled", "active_pulling_mode")
_REQUEUE_SELECTION = ("extract_ids", "datastream_ids", "created_from", "created_to", "binding_ids", "target_id")

_LEDGER = ("ledger", "ledger_password", "ledger_wait")

PROMISED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # module: options, return keys
    "adverity_binding": (("enabled", "binding_ids", "datastream_id", "target_id", *_LEDGER), ("bindings", "affected")),
    "adverity_binding_info": (("binding_ids", "datastream_id", "target_id", "enabled"), ("bindings", "count")),
    "adverity_datastream": ((*_CHOICE, "enabled", "pulling_mode"), ("datastreams", "affected")),
    "adverity_datastream_info": (_FILTERS, ("datastreams", "count")),
    "adverity_smart_pulling": (
        (*_CHOICE, "is_active", "frequency", "refresh_range", "deadline", "reset"),
        ("datastreams", "affected"),
    ),
    "adverity_smart_pulling_info": (_FILTERS, ("smart_pulling", "count")),
    "adverity_extract_info": (("datastream_ids", "created_from", "created_to", "limit"), ("extracts", "count")),
    "adverity_job_info": (("datastream_ids", "start", "end", "states", "wait", "poll_interval"), ("jobs", "count", "unfinished")),
    "adverity_issue_info": (("datastream_ids", "since", "acknowledged", "stages"), ("issues", "count")),
    "adverity_requeue": (
        (*_REQUEUE_SELECTION, "sequential", "batch_size", "limit", *_LEDGER, "force", "on_unknown", "on_refused", "on_failed", "state"),
        (
            "requeued_extract_ids", "skipped_extract_ids", "unknown_extract_ids", "refused_extract_ids", "remaining_extract_ids", "extract_count", "batches",
            "summary", "ledger",
        ),
    ),
    "adverity_requeue_info": ((*_REQUEUE_SELECTION, *_LEDGER, "summary_only"), ("extracts", "counts", "backfills", "in_progress")),
    "adverity_load_info": (
        (*_REQUEUE_SELECTION, *_LEDGER, "wait", "poll_interval", "state_labels"), ("loads", "counts", "failed_extract_ids", "unconfirmed", "jobs", "waited"),
    ),
    "adverity_deployment_info": (_LEDGER, ()),
    "adverity_ledger_copy": ((), ()),
}
PROMISED = {name: ((*_CONNECTION, *options), keys) for name, (options, keys) in PROMISED.items()}

ADDED = {  # module.name: why
    "adverity_binding.remaining": "says, on a failure half way, what is still to do",
    "adverity_binding.unknown": "says, after a failure, what may be done",
    "adverity_binding.unfinished": "whether everything else was done",
    "adverity_binding.check_mode": "the role has to know whether something was only pretended",
    "adverity_datastream.remaining": "says, on a failure half way, what is still to do",
    "adverity_smart_pulling.remaining": "says, on a failure half way, what is still to do",
    "adverity_requeue.backfill": "the role leaves out what it need not send",
    "adverity_requeue.enabled_bindings": "in check mode the enabling of an earlier task is only pretended",
    "adverity_requeue.state_labels": "what labels of an instance of one's own mean, for on_unknown: check",
    "adverity_requeue.bindings": "what happens to the history of each binding",
    "adverity_requeue.unfinished": "whether everything else was done",
    "adverity_requeue.failed_extract_ids": "what is left out",
    "adverity_requeue.check_mode": "the role has to know whether something was only pretended",
    "adverity_requeue_info.ledger": "the place that was read",
    "adverity_load_info.outcomes": "a report of many extracts lists only what failed",
    "adverity_deployment_info.names": "a mistyped variable of the role would be ignored without a word",
    "adverity_load_info.bindings": "a report of many extracts shows counts",
    "adverity_load_info.ledger": "the place that was read",
    "adverity_deployment_info.variables": "the variables of the role",
    "adverity_deployment_info.options": "what the role's tasks are given",
    "adverity_deployment_info.name": "what the role's tasks are given",
    "adverity_deployment_info.check_mode": "the summary has to know whether something was only pretended",
    "adverity_deployment_info.connection_id": "what the role's tasks are given",
    "adverity_deployment_info.create": "whether the destination is to be created or changed",
    "adverity_deployment_info.assign": "whether anything is to be assigned",
    "adverity_deployment_info.assignments": "what the role's tasks are given",
    "adverity_deployment_info.target_id": "what the role's tasks are given",
    "adverity_deployment_info.bindings": "what happens to each binding",
    "adverity_deployment_info.steps": "what the role has to do",
    "adverity_ledger_copy.source": "moves a ledger",
    "adverity_ledger_copy.source_password": "moves a ledger",
    "adverity_ledger_copy.destination": "moves a ledger",
    "adverity_ledger_copy.destination_password": "moves a ledger",
    "adverity_ledger_copy.source_instance": "moves a ledger",
    "adverity_ledger_copy.ledger_wait": "moves a ledger",
    "adverity_ledger_copy.binding_count": "moves a ledger",
    "adverity_ledger_copy.extract_count": "moves a ledger",
    "adverity_ledger_copy.check_mode": "as every module that changes something",
}

# Options that no request carries: they say how the collection itself works.
LOCAL = {
    "validate_certs": "of the connection", "ca_path": "of the connection", "timeout": "of the connection", "retries": "of the connection",
    "retry_max_delay": "of the connection",
    "adverity_binding_info.binding_ids": "there is no read by id: looked up in the list",
    "adverity_binding_info.enabled": "the list has no such filter: looked up in the rows",
    "adverity_datastream.all_datastreams": "asks for the list without a filter; each write names its datastreams",
    "adverity_smart_pulling.all_datastreams": "asks for the list without a filter; each write names its datastreams",
    "adverity_smart_pulling.reset": "leaves the field out of the body",
    "adverity_binding.ledger": "a file or a database",
    "adverity_deployment_info.ledger": "a file or a database",
    "adverity_job_info.states": "looked up in the rows",
    "adverity_job_info.wait": "how often the list is read",
    "adverity_job_info.poll_interval": "how often the list is read",
    "adverity_issue_info.since": "looked up in the rows",
    "adverity_issue_info.acknowledged": "looked up in the rows",
    "adverity_load_info.extract_ids": "only the ledger is asked",
    "adverity_load_info.datastream_ids": "only the ledger is asked",
    "adverity_load_info.created_from": "only the ledger is asked",
    "adverity_load_info.created_to": "only the ledger is asked",
    "adverity_load_info.binding_ids": "only the ledger is asked",
    "adverity_load_info.ledger": "a file or a database",
    "adverity_load_info.wait": "how often the lists are read",
    "adverity_load_info.poll_interval": "how often the lists are read",
    "adverity_load_info.state_labels": "what the rows mean",
    "adverity_load_info.outcomes": "which rows of the result are listed",
    "adverity_ledger_copy.ledger_wait": "of the ledger",
    "adverity_deployment_info.variables": "those of the role, each of which is an option of another module",
    "adverity_deployment_info.names": "names of variables, which are compared",
    "adverity_ledger_copy.source": "a file or a database",
    "adverity_ledger_copy.destination": "a file or a database",
    "adverity_ledger_copy.source_instance": "of the ledger",
    "adverity_ledger_copy.source_password": "of the ledger",
    "adverity_ledger_copy.destination_password": "of the ledger",
    "adverity_requeue.batch_size": "how many extracts one request holds",
    "adverity_requeue.limit": "how many extracts a call sends",
    "adverity_requeue.ledger": "a file or a database",
    "adverity_requeue.on_refused": "what the ledger records",
    "adverity_requeue.backfill": "what the ledger decides",
    "adverity_requeue.enabled_bindings": "what is warned of",
    "adverity_requeue.force": "whether the ledger decides",
    "adverity_requeue.on_unknown": "what the ledger decides",
    "adverity_requeue.on_failed": "what the ledger decides",
    "adverity_requeue.state_labels": "what the rows mean",
    "adverity_requeue.state": "whether anything is sent",
    "adverity_requeue_info.extract_ids": "only the ledger is asked",
    "adverity_requeue_info.datastream_ids": "only the ledger is asked",
    "adverity_requeue_info.created_from": "only the ledger is asked",
    "adverity_requeue_info.created_to": "only the ledger is asked",
    "adverity_requeue_info.binding_ids": "only the ledger is asked",
    "adverity_requeue_info.ledger": "a file or a database",
    "adverity_requeue_info.summary_only": "what is returned",
}  # fmt: skip
LOCAL.update(
    (f"{module}.{option}", "of the ledger")
    for module in ("adverity_binding", "adverity_deployment_info", "adverity_load_info", "adverity_requeue", "adverity_requeue_info")
    for option in ("ledger_password", "ledger_wait")
)

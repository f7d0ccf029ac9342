# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the service documents, what the modules take and return, and which of it carries which.

``DOCUMENTED`` has a row for every parameter and field of the three guides (bindings, pulling and requeue guide), and of what the contract adds to
them. Which options and return keys were promised stands in modules/test_interface.py.
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

# These have the older API behind them, and a table of their own (test_by_name.py).
BY_NAME = ("adverity_assignment", "adverity_destination", "adverity_destination_info", "adverity_directory_info")

# Options that no request carries: they say how the collection itself works. Those of the connection, and by module. What a list has no filter for is looked
# up in its rows; what has the ledger in its name, or asks only the ledger, stays on this side.
LOCAL_CONNECTION = "validate_certs ca_path timeout retries retry_max_delay"
_LEDGER = "ledger ledger_password ledger_wait"
_ASKED_OF_THE_LEDGER = "extract_ids datastream_ids created_from created_to binding_ids"
LOCAL = {
    "adverity_binding": _LEDGER,
    "adverity_binding_info": "binding_ids enabled",
    "adverity_datastream": "all_datastreams",
    "adverity_smart_pulling": "all_datastreams reset",
    "adverity_job_info": "states wait poll_interval",
    "adverity_issue_info": "since acknowledged",
    "adverity_requeue": f"batch_size limit force on_unknown on_refused on_failed state_labels backfill state enabled_bindings {_LEDGER}",
    "adverity_requeue_info": f"{_ASKED_OF_THE_LEDGER} summary_only {_LEDGER}",
    "adverity_load_info": f"{_ASKED_OF_THE_LEDGER} wait poll_interval state_labels outcomes {_LEDGER}",
    "adverity_deployment_info": f"variables names {_LEDGER}",
    "adverity_ledger_copy": "source source_password source_instance destination destination_password ledger_wait",
}

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

    endpoint: tuple[str, str]
    place: str
    name: str
    carriers: tuple[str, ...]
    why_none: str = ""


def _fields(endpoint: tuple[str, str], place: str, rows: dict[str, str]) -> list[Field]:
    """Rows of one place. What carries them stands in one text; a text that begins with a dash says why nothing does."""
    return [
        Field(endpoint, place, name, (), text[1:].strip()) if text.startswith("-") else Field(endpoint, place, name, tuple(text.split()))
        for name, text in rows.items()
    ]


def _same(prefix: str, names: str, *carriers: str) -> dict[str, str]:
    """Rows of names that mean the same where they are carried: each name after ``prefix``, and after each of ``carriers``."""
    return {prefix + name: " ".join(carrier + name for carrier in carriers) for name in names.split()}


_PAGES = "-every page is read, so that nobody decides on a part of a list"
_NAMED = "-a write names its datastreams and nothing else: a filter could match others by the time it arrives"
_SAME = "-held against the number of rows, and not told"
_LIST = {"count": _SAME, "next": "-followed", "previous": "-never needed"}
_FILTERS = "workspace_id workspace_scope enabled active_pulling_mode"

_BINDING = "id datastream_id target_id target_name target_type enabled created updated"
_JOB = (
    "id url type job_start job_end range_start range_end scheduled progress duration state state_label manual issues[].message issues[].type_label"
    " issues[].extraction_stage_label issues[].url datastream.id datastream.name datastream.stack.id datastream.stack.name datastream.stack.slug"
)
_EXTRACT = (
    "created name scheduled nrows ncols filesize state_label state_color metadata.origin_job_id datastream.id datastream.name"
    " metadata.datastream_extract_range_start metadata.datastream_extract_range_end"
)
_ISSUE = (
    "id start end duration message type_label extraction_stage_label error_cause_label ack occurrences url extract.id extract.url job.url"
    " job.job_start job.range_start job.range_end datastream.id datastream.name datastream.stack.id datastream.stack.name datastream.stack.slug"
)
_STREAMS, _SETTINGS = "adverity_datastream_info.", "adverity_smart_pulling_info."
_CHOSEN = (_STREAMS, _SETTINGS, "adverity_datastream.filters.", "adverity_smart_pulling.filters.")
_ROWS, _SHOWN = _STREAMS + "datastreams[].", _SETTINGS + "smart_pulling[]."

DOCUMENTED: list[Field] = [
    # The bindings guide
    *_fields(BINDINGS, "query", {
        **_same("", "datastream_id", "adverity_binding.", "adverity_binding_info."),
        **_same("", "target_id", "adverity_binding.", "adverity_binding_info.", "adverity_requeue.", "adverity_requeue_info.", "adverity_load_info."),
        "page": _PAGES, "page_size": _PAGES,
    }),
    *_fields(BINDINGS, "answer", {"count": "adverity_binding_info.count", **_same("items[].", _BINDING, "adverity_binding_info.bindings[].")}),
    *_fields(BINDING, "path", {"id": "adverity_binding.binding_ids"}),
    *_fields(BINDING, "body", {"enabled": "adverity_binding.enabled"}),
    *_fields(BINDING, "answer", {
        **_same("", _BINDING, "adverity_binding.bindings[]."), "id": "adverity_binding.bindings[].id adverity_binding.affected.binding_ids[]",
    }),
    # The pulling guide
    *_fields(DATASTREAMS, "query", {
        "datastream_id": f"{_STREAMS}datastream_ids {_SETTINGS}datastream_ids",
        "workspace_id": " ".join(carrier + "workspace_ids" for carrier in _CHOSEN),
        **_same("", "workspace_scope enabled active_pulling_mode", *_CHOSEN),
        "page": _PAGES, "page_size": "-not documented for this list, and never sent",
    }),
    *_fields(DATASTREAMS, "answer", {
        **_same("", "count", _STREAMS, _SETTINGS),
        "items[].id": f"{_ROWS}id {_SHOWN}datastream_id",
        **_same("items[].", "name", _ROWS, _SHOWN),
        **_same("items[].", "enabled workspace.id workspace.name pulling.smart_bundle", _ROWS),
        **_same("items[].pulling.", "active_mode", _ROWS + "pulling.", _SHOWN),
        **_same("items[].pulling.smart.", "is_active frequency refresh_range.value refresh_range.unit", _ROWS + "pulling.smart.", _SHOWN),
        "items[].pulling.smart.deadline.time": f"{_ROWS}pulling.smart.deadline.time {_SHOWN}deadline",
    }),
    *_fields(DATASTREAM, "query", {"datastream_id": "adverity_datastream.datastream_ids", **dict.fromkeys(_FILTERS.split(), _NAMED)}),
    *_fields(DATASTREAM, "body", {"enabled": "adverity_datastream.enabled", "pulling.active_mode": "adverity_datastream.pulling_mode"}),
    *_fields(DATASTREAM, "answer", _same("", "affected.datastream_ids[]", "adverity_datastream.")),
    *_fields(SMART, "query", {"datastream_id": "adverity_smart_pulling.datastream_ids", **dict.fromkeys(_FILTERS.split(), _NAMED)}),
    *_fields(SMART, "body", {
        **_same("", "is_active frequency refresh_range.value refresh_range.unit", "adverity_smart_pulling."),
        "deadline.time": "adverity_smart_pulling.deadline",
    }),
    *_fields(SMART, "answer", _same("", "affected.datastream_ids[]", "adverity_smart_pulling.")),
    # The requeue guide, and the older list of extracts
    *_fields(EXTRACTS, "query", {
        "datastream_id": "adverity_extract_info.datastream_ids adverity_requeue.datastream_ids",
        **_same("", "created_from created_to", "adverity_extract_info.", "adverity_requeue."),
        "ordering": "adverity_extract_info.limit",
        "state": "-takes numbers that no row has; the rows tell the state of each extract",
        "page": _PAGES,
    }),
    *_fields(EXTRACTS, "answer", {
        **_LIST, **_same("results[].", f"id {_EXTRACT}", "adverity_extract_info.extracts[]."),
        "results[].datastream.id": "adverity_extract_info.extracts[].datastream.id adverity_extract_info.extracts[].datastream_id",
    }),
    *_fields(REQUEUE, "body", _same("", "extract_ids binding_ids sequential", "adverity_requeue.")),
    *_fields(REQUEUE, "answer", {
        "message": "adverity_requeue.batches[].message", "extract_ids[]": "adverity_requeue.requeued_extract_ids[]",
        "extract_count": "adverity_requeue.extract_count",
    }),
    # Jobs and issues: what other clients have seen
    *_fields(JOBS, "query", {
        "datastream_id": "adverity_job_info.datastream_ids", **_same("", "start end", "adverity_job_info."),
        "stack": "-a workspace is not one of the choices", "ordering": "-its values are not documented", "page": _PAGES, "page_size": _PAGES,
    }),
    *_fields(JOBS, "answer", {**_LIST, **_same("results[].", _JOB, "adverity_job_info.jobs[].")}),
    *_fields(JOB, "path", {"id": "-of a job that the list no longer shows"}),
    *_fields(JOB, "answer", dict.fromkeys(_JOB.split(), "-as in the list")),
    *_fields(ISSUES, "query", {
        "datastream_id": "adverity_issue_info.datastream_ids", "show_issue_tags": "adverity_issue_info.stages", "page": _PAGES, "page_size": _PAGES,
    }),
    *_fields(ISSUES, "answer", {**_LIST, **_same("results[].", _ISSUE, "adverity_issue_info.issues[].")}),
]  # fmt: skip

# Every request has these: the guides repeat them in each section.
HEADERS = {"instance": "the host of each address", "api_key": "the header Authorization"}

# These have the older API behind them, and a table of their own (test_by_name.py).
BY_NAME = ("adverity_assignment", "adverity_destination", "adverity_destination_info", "adverity_directory_info")

# Options that no request carries: they say how the collection itself works. Those of the connection, and by module. What a list has no filter for
# is looked up in its rows; what has the ledger in its name, or asks only the ledger, stays on this side.
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

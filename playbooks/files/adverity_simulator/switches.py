# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The switches: what the guides leave open is one of these, never a fact."""

from __future__ import annotations

import re
from typing import Any

from .values import Row

# name: (allowed values, the first is the default; `int` stands for any number from 1), meaning
SWITCHES: dict[str, tuple[Any, str]] = {
    "binding_rows": (("full", "no_enabled", "no_updated", "ids"),
                     "rows of the bindings list: everything, all but `enabled`, all but `updated`, or only the three IDs"),
    "row_updated": (("readable", "unreadable", "number"),
                    "`updated` in rows of the bindings list: a time, one that does not exist (second 60), or a number"),
    "patch_updated": (("present", "absent", "unreadable", "number"),
                      "`updated` in the response to the PATCH of a binding: a time, omitted, one that does not exist (second 60), or a number"),
    "updated_precision": (("second", "fraction"), "`created` and `updated` of bindings: whole seconds, or with a fraction"),
    "unavailable_bindings": (("hidden", "listed"), "bindings with `available: false` in the bindings list"),
    "datastream_paging": (("pages", "all", "ignored"),
                          "the datastreams list: pages like the bindings, everything at once, or always the first 50"),
    "unknown_datastream": (("skip", "error"), "a datastream_id that matches nothing: ignored, or 422"),
    "get_datastream_cap": (("on", "off"), "whether GET also takes at most 50 datastream_id values"),
    "requeue_refusal": ((400, 404, 422), "status for extracts that are unknown or refused, and for bindings of other datastreams"),
    "requeue_refusal_names": (("all", "first", "none"), "which of these extracts the message names"),
    "requeue_invalid": ((422, 400), "status for a requeue body that is wrong or has more than 50 extracts"),
    "requeue_disabled_binding": (("load", "refuse"),
                                 "a named binding that is disabled: loaded, or refused; `refuse` also "
                                 "refuses a datastream without any enabled binding, which `load` accepts with 200"),
    "smart_defaults": (("null", "value"),
                       "a default range and no deadline read back as null, or as a value and as {\"time\": null}"),
    "smart_null": (("accept", "refuse"), "an explicit null for refresh_range or deadline: as if omitted, or 422"),
    "smart_coupling": (("coupled", "independent"), "whether smart.is_active and pulling.active_mode move each other"),
    "extract_bounds": (("inclusive", "exclusive"), "whether created_from and created_to include their own moment"),
    "extract_bounds_format": (("any", "date"), "`date`: 400 for a bound that has a time part"),
    "created_precision": (("second", "fraction"), "`created` of extracts: whole seconds, or with a fraction"),
    "extract_fields": (("full", "id"), "rows of the extracts list: everything, or only the ID"),
    "extract_count": (("on", "off"), "whether the extracts list contains `count`"),
    "extract_ordering": (("honoured", "with_id", "strict", "ignored"),
                         "`ordering` of the extracts list: `created` and `-created`; also `id` and `-id`; 400 for any but the first two; "
                         "or ignored. Without an order that counts: newest first"),
    "extract_ties": (("stable", "by_page", "random"),
                     "the order of extracts with equal `created`: by ID, another one on each page, or another one in each response"),
    "extract_page_size": (int, "rows on one page of the extracts list; 100 by default"),
    "older_scopes": (("checked", "open"), "whether requests under /api/ that are not under /api/v1/ need scopes, as their counterparts there do"),
    "state_labels": (("newer", "older", "upper", "translated"),
                     "`state_label` of extracts: Loaded, Imported, in capitals, or in another language"),
    "requeue_processing": (("at_once", "later", "never"), "whether and when a load shows its extract as being processed: at once, half-way, or never"),
    "failed_reload": (("error", "keeps"), "an extract that was loaded before, and whose next load fails: an error, or it keeps its state"),
    "enable_loads_history": (("no", "yes"), "whether a PATCH that enables a binding also loads what was fetched before"),
    "processing_at_enable": (("collected", "loaded"),
                             "an extract that is being processed when its binding is enabled: not loaded, or loaded when that ends"),
    "load_jobs": (("none", "request", "extract", "binding"), "the jobs that a requeue starts: none, or one for each request, extract or binding"),
    "load_job_type": (("Import", "Load"), "`type` of such a job"),
    "load_job_datastream": (("present", "absent"), "whether such a job names its datastream"),
    "job_bounds": (("inclusive", "exclusive"), "whether start and end of the jobs list include their own moment"),
    "issue_extract": (("object", "null"), "`extract` of an issue of an extract"),
    "issue_tags": (("shown", "asked"), "the labels of issues: always, or only with show_issue_tags"),
    "load_stage_label": (("Import", "Load"), "what the stage of a load is called in an issue"),
    "acknowledged_issues": (("listed", "hidden", "never"),
                            "an issue whose range a later fetch covers: acknowledged and listed, no longer listed, or never acknowledged automatically"),
    "next_host": (("same", "other"), "the host in `next` and `previous` of the lists under /api/"),
    "list_page_size": (int, "rows on one page of the other lists under /api/; 100 by default"),
    "workspace_rows": (("full", "id"), "rows of /api/v1/workspaces/: ID, name and parent_id, or only the ID"),
    "datastream_rows": (("full", "short"), "rows of the datastreams lists under /api/: everything, or ID, name, slug and absolute_url"),
    "connections_list": (("pages", "list", "refused"), "the connections of a type: a page like the other lists, a bare list, or 405"),
    "targets_list": (("listed", "refused"), "GET of the destinations of a type: a list, or 405"),
    "target_rows": (("full", "short"), "rows of that list: everything, or ID, name and URL"),
    "target_options": (("metadata", "bare", "refused"), "OPTIONS there: the fields to keys that may write, never any fields, or 405"),
    "target_changes": (("patch", "put", "both"), "which of PATCH and PUT a destination takes; 405 for the other one"),
    "target_names": (("free", "unique"), "whether 400 refuses a destination whose name exists among those of its type and workspace"),
    "text_blanks": (("kept", "trimmed"), "spaces at the ends of names and other text of destinations and assignments"),
    "unknown_settings": (("refuse", "ignore"), "a field of a body under /api/ that is unknown or read-only: 400, or ignored"),
    "secrets": (("masked", "absent", "null"), "how secret fields of a destination read back"),
    "related_objects": (("id", "nested"), "stack, auth, target and datastream of destinations and assignments: an ID, or {id, name}"),
    "created_status": ((201, 200), "status of a POST that creates a destination or an assignment"),
    "mapping_ids": (("same", "other"), "whether the ID of an assignment is that of its binding"),
    "mapping_enabled": (("enabled", "disabled"), "an assignment that is created without `enabled`"),
    "mapping_change": (("refresh", "keep"), "whether a change of other fields of an assignment also changes `updated` of its binding"),
    "double_assignment": (("allow", "refuse"), "a datastream that is assigned to a destination twice: another binding, or 400"),
    "binding_appears": ((0, 1, 3, "never"), "how many reads of the bindings list do not show a new assignment yet"),
    "date_header": (("on", "off"), "whether responses have the header `Date`, by the clock of the simulator"),
    "error_bodies": (("detail", "message", "text"),
                     "how /api/v1/ writes an error: {\"detail\": ...}, {\"message\": ...} or plain text"),
}


class Switches(dict[str, Any]):
    """The switches as a dictionary that refuses names and values it does not know (ValueError)."""

    def __init__(self, values: Row | None = None) -> None:
        super().__init__((name, 100 if allowed is int else allowed[0]) for name, (allowed, _why) in SWITCHES.items())
        self.update(values or {})

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, self._checked(name, value))

    def update(self, values: Row) -> None:  # type: ignore[override]
        """Set several switches, or none where one of them is wrong."""
        if not isinstance(values, dict):
            raise ValueError(f"an object of switches is due, not {values!r}")
        checked = {name: self._checked(name, value) for name, value in values.items()}
        super().update(checked)

    @staticmethod
    def _checked(name: str, value: Any) -> Any:
        if name not in SWITCHES:
            raise ValueError(f"there is no switch {name!r}; there are: {', '.join(SWITCHES)}")
        # On a command line all values are text, and YAML reads on, off and null as something else.
        text = {"True": "on", "False": "off", "None": "null"}.get(str(value), str(value))
        allowed = SWITCHES[name][0]
        if allowed is int:
            if re.fullmatch(r"[1-9]\d{0,8}", text):
                return int(text)
            raise ValueError(f"switch {name}: {value!r} is not a number from 1")
        for choice in allowed:
            if str(choice) == text:
                return choice
        raise ValueError(f"switch {name}: {value!r} is none of {', '.join(map(str, allowed))}")

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for the API of AWX: it keeps what it is given, if AWX's rules allow it, and writes down every request.

A launched job runs nothing. It is over at once, and shows what it would have run with (awx/api/serializers.py, JobLaunchSerializer;
awx/main/models/unified_jobs.py, pre_start, for a credential that is not filled in).
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from adverity_harness.place import ROOT
from awx_credential_types import ENCRYPTED, Refusal, can_start, secret_fields
from awx_resources import LAUNCH_PROMPTS, MANAGED_TYPES, RESOURCES, ROLES, Row, Store, playbooks_of
from awx_surveys import check_survey, complaints, launch_variables

TOKEN = "awx-token-0123456789"
API = "/api/v2/"
# What has its place among the unified job templates.
UNIFIED = ("projects", "job_templates", "workflow_job_templates", "workflow_approval_templates")


class StandIn:
    """The server and what it holds: ``store[list][id]``, and `jobs` by id. Use it as a context manager.

    `requests` are the requests as (method, path, body). Projects hold the playbooks of this collection.
    """

    def __init__(self) -> None:
        self.store: Store = {name: {} for name in RESOURCES}
        self.jobs: dict[int, Row] = {}
        self.surveys: dict[int, Row] = {}
        self.related: dict[tuple[int, str], list[int]] = {}
        self.requests: list[tuple[str, str, Any]] = []
        self._ids = count(1)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.roles: dict[tuple[int, str], int] = {}  # the id of each role on an object
        self.granted: dict[int, list[int]] = {}  # teams by the id of the role
        self.add("organizations", {"name": "Default"})
        for ident, kind in enumerate(MANAGED_TYPES, 9001):
            self.store["credential_types"][ident] = {"description": "", "injectors": {}, **kind, "id": ident, "managed": True}

    def __enter__(self) -> StandIn:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def writes(self) -> list[tuple[str, str, Any]]:
        """Return the requests that were no reads."""
        return [request for request in self.requests if request[0] != "GET"]

    def teams_with(self, resource: str, name: str, role: str) -> list[str]:
        """Return the names of the teams that have a role on an object."""
        ident = self.roles.get((self.named(resource, name)["id"], role))
        return sorted(self.store["teams"][one]["name"] for one in self.granted.get(ident or 0, []))

    def named(self, resource: str, name: str) -> Row:
        """Return the only row with this name, or identifier."""
        found = [row for row in self.store[resource].values() if name in (row.get("name"), row.get("identifier"))]
        assert len(found) == 1, f"{len(found)} of {resource} are called {name!r}"
        return found[0]

    def add(self, resource: str, given: Row) -> Row:
        """Keep a new row, as after a POST."""
        row = RESOURCES[resource].fill(given, None, self.store[resource], self._known())
        self._check_answers(resource, row)
        row["id"] = next(self._ids)
        if resource == "projects":
            row["playbook_files"] = playbooks_of(ROOT)
        self.store[resource][row["id"]] = row
        return row

    def _check_answers(self, resource: str, row: Row) -> None:
        """Refuse a schedule with variables that no question asks for, or wrong answers; those that are missing are no error (JobTemplate, WorkflowJobTemplate,
        _accept_or_ignore_job_kwargs)."""
        survey = self.surveys.get(row.get("unified_job_template", 0), {"spec": []}) if resource == "schedules" else {"spec": []}
        answers = row.get("extra_data", {})
        wrong = [text for text in complaints(survey, answers) if not text.endswith("is missing")]
        wrong += [f"Variables {name} are not allowed on launch" for name in answers if name not in {one["variable"] for one in survey["spec"]}]
        if resource == "schedules" and wrong:
            raise Refusal("extra_data", "; ".join(wrong))

    def _known(self) -> Store:
        return {**self.store, "unified_job_templates": {key: row for name in UNIFIED for key, row in self.store[name].items()}}

    def answer(self, method: str, path: str, query: list[tuple[str, str]], body: Any) -> tuple[int, Any]:
        """Return status and body for a request below ``/api/v2/``. Raises Refusal."""
        with self._lock:
            self.requests.append((method, path, body))
            words = path.strip("/").split("/")
            name, key, rest = words[0], words[1:2], words[2:]
            if name == "roles" and rest == ["teams"] and int(key[0]) in self.roles.values():
                return self._grant(method, int(key[0]), body)
            if name == "project_updates" and method == "GET":
                return 200, {"status": "successful"}
            if name in ("jobs", "workflow_jobs") and method == "GET" and key and key[0].isdigit() and int(key[0]) in self.jobs:
                return 200, self.jobs[int(key[0])]
            if name not in self._known() or (key and (not key[0].isdigit() or int(key[0]) not in self._known()[name])):
                raise Refusal("detail", "Not found.", 404)
            if not key:
                return self._list(method, name, query, body)
            row = self._known()[name][int(key[0])]
            return self._part(method, name, row, rest[0], body) if rest else self._row(method, name, row, body)

    def _list(self, method: str, name: str, query: list[tuple[str, str]], body: Any) -> tuple[int, Any]:
        if method == "GET":
            rows = [self._shown(row) for row in self._known()[name].values()]
            known = {"id", "name", "organization", *(RESOURCES[name].fields if name in RESOURCES else ())}
            for field, value in query:
                if field not in known:
                    raise Refusal("detail", f"There is no field {field} to filter by.")
                rows = [row for row in rows if str(row.get(field)) == value]
            return 200, _page(rows)
        self._only(method, name, "POST")
        return 201, self._shown(self.add(name, body))

    def _grant(self, method: str, role: int, body: Any) -> tuple[int, Any]:
        teams = self.granted.setdefault(role, [])
        if method == "GET":
            return 200, _page([self._shown(self.store["teams"][one]) for one in teams])
        if body.get("id") not in self.store["teams"]:
            raise Refusal("detail", "Not found.", 404)
        teams.append(body["id"])
        return 204, None

    def _row(self, method: str, name: str, row: Row, body: Any) -> tuple[int, Any]:
        if method == "DELETE" and name == "hosts":
            del self.store[name][row["id"]]
            return 204, None
        if method != "GET":
            self._only(method, name, "PATCH")
            if row.get("managed"):
                raise Refusal("detail", "Modifications not allowed for managed credential types", 403)
            filled = RESOURCES[name].fill(body, row, self.store[name], self._known())
            self._check_answers(name, filled)
            row.update(filled)
        return 200, self._shown(row)

    @staticmethod
    def _only(method: str, name: str, allowed: str) -> None:
        if method != allowed or name not in RESOURCES:
            raise Refusal("detail", f'Method "{method}" not allowed.', 405)

    def _part(self, method: str, name: str, row: Row, part: str, body: Any) -> tuple[int, Any]:
        if part == "survey_spec" and name in ("job_templates", "workflow_job_templates"):
            if method == "GET":
                return 200, self.surveys.get(row["id"], {})
            check_survey(body)
            self.surveys[row["id"]] = body
            return 200, {}
        if part == "launch" and name in ("job_templates", "workflow_job_templates") and method == "POST":
            job, ignored = self._launch(row, body or {})
            return 201, {"job": job["id"], "ignored_fields": ignored, **job}
        if part == "create_approval_template" and name == "workflow_job_template_nodes" and method == "POST":
            approval = self.add("workflow_approval_templates", body)
            row["unified_job_template"] = approval["id"]
            return 201, self._shown(approval)
        if part not in RESOURCES[name].sub_lists:
            raise Refusal("detail", "Not found.", 404)
        rows = self.store[RESOURCES[name].sub_lists[part]]
        ids = self.related.setdefault((row["id"], part), [])
        if method == "GET":
            return 200, _page([self._shown(rows[one]) for one in ids])
        self._relate(row, part, rows, ids, body)
        return 204, None

    def _launch(self, template: Row, given: Row) -> tuple[Row, Row]:
        """Keep a job of this template as if it had run. Return it, and what AWX ignores of what was given."""
        survey = self.surveys[template["id"]] if template["survey_enabled"] and template["id"] in self.surveys else {"spec": []}
        fixed = json.loads(template["extra_vars"] or "{}")
        variables, ignored = launch_variables(survey, fixed, given.get("extra_vars", {}), template["ask_variables_on_launch"])
        prompts = {name: given[name] for name in LAUNCH_PROMPTS if name in given}
        accepted = {name: value for name, value in prompts.items() if template.get(LAUNCH_PROMPTS[name])}
        refused = {name: value for name, value in prompts.items() if name not in accepted}
        kind = "job" if "job_type" in template else "workflow_job"
        credentials = [self.store["credentials"][one] for one in self.related.get((template["id"], "credentials"), [])]
        ok = all(can_start(self.store["credential_types"][one["credential_type"]], one["inputs"]) for one in credentials)
        ident = next(self._ids)
        self.jobs[ident] = {
            "id": ident,
            "type": kind,
            "url": f"{API}{kind}s/{ident}/",
            f"{kind}_template": template["id"],
            "job_type": template.get("job_type"),
            **accepted,
            "extra_vars": json.dumps(variables),
            "status": "successful" if ok else "failed",
            "failed": not ok,
            "finished": "2026-03-10T12:00:00Z",
            "event_processing_finished": True,
            "job_explanation": "" if ok else "Job cannot start because its Credential does not provide one or more required fields.",
        }
        return self.jobs[ident], {**refused, **({"extra_vars": ignored} if ignored else {})}

    def _relate(self, row: Row, part: str, rows: dict[int, Row], ids: list[int], body: Row) -> None:
        if body.get("id") not in rows:
            raise Refusal("detail", "Not found.", 404)
        other = rows[body["id"]]
        if body.get("disassociate"):
            ids.remove(other["id"])
            return
        if part == "credentials" and any(rows[one]["credential_type"] == other["credential_type"] for one in ids):
            raise Refusal("error", "Cannot assign multiple credentials of one type.")
        in_a_workflow = part.endswith("_nodes")
        if in_a_workflow and (other["workflow_job_template"] != row["workflow_job_template"] or self._leads(other["id"], row["id"])):
            raise Refusal("Error", "Cycle detected, or a node of another workflow.")
        ids.append(other["id"])

    def _leads(self, first: int, last: int) -> bool:
        """Tell whether a workflow goes on from one node to another (awx/api/views/__init__.py, WorkflowJobTemplateNodeChildrenBaseList)."""
        following = [one for (node, part), ids in self.related.items() if node == first and part.endswith("_nodes") for one in ids]
        return first == last or any(self._leads(one, last) for one in following)

    def _shown(self, row: Row) -> Row:
        """Return a row as the API shows it, without secrets."""
        name = next(name for name, rows in self.store.items() if row["id"] in rows)
        url = f"{API}{name}/{row['id']}/"
        related = {"survey_spec": f"{url}survey_spec/"} if name in ("job_templates", "workflow_job_templates") else {}
        related.update({"launch": f"{url}launch/"} if related else {})
        if row.get("unified_job_template"):
            target = row["unified_job_template"]
            related["unified_job_template"] = next(f"{API}{one}/{target}/" for one in UNIFIED if target in self.store[one])
        shown = {**row, "type": name[:-1], "url": url, "related": related, "summary_fields": {}}
        for role in ROLES.get(name, ()):
            ident = self.roles.setdefault((row["id"], role), 100_000 + len(self.roles))
            shown["summary_fields"].setdefault("object_roles", {})[role] = {"id": ident}
        if name == "projects":
            shown.update(scm_revision="", summary_fields={"current_update": {"id": row["id"]}})
        if name in ("credential_types", "credentials", "execution_environments"):
            shown["managed"] = row.get("managed", False)
        if name == "credentials":
            secrets = secret_fields(self.store["credential_types"][row["credential_type"]])
            shown["inputs"] = {key: ENCRYPTED if key in secrets and value else value for key, value in row["inputs"].items()}
        if name == "notification_templates":
            hidden = ("password", "token", "headers")
            shown["notification_configuration"] = {key: ENCRYPTED if key in hidden else value for key, value in row["notification_configuration"].items()}
        return shown


def _page(rows: list[Row]) -> Row:
    return {"count": len(rows), "next": None, "previous": None, "results": rows}


def _handler(awx: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Hands requests to the stand-in."""

        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            url = urlsplit(self.path)
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    raise Refusal("detail", "Authentication credentials were not provided.", 401)
                if not url.path.startswith(API) or not url.path.endswith("/"):
                    raise Refusal("detail", "Not found.", 404)
                body = json.loads(text) if text else None
                status, answer = awx.answer(self.command, url.path[len(API) :], parse_qsl(url.query), body)
            except Refusal as refusal:
                status, answer = refusal.status, refusal.body
            except Exception as error:  # a mistake of ours: the module that asked shows it
                status, answer = 500, {"detail": repr(error)}
            data = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("X-API-Product-Name", "AWX")
            self.send_header("X-API-Product-Version", "24.6.1")
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    return Handler

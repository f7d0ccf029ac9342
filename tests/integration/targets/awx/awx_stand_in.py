# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for the API of AWX: it keeps what the modules of awx.awx give it, and writes down every request.

The modules check the kinds of values themselves. The stand-in refuses what lacks a required field, names what is not there, has the name of another
row, or does not fit AWX's rules for playbooks, credential types and surveys. A launched job runs nothing and is over at once; its variables are kept.
"""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from adverity_harness.place import ROOT
from awx_rules import Refusal, Row, check_credential_type, check_survey, launch_variables

TOKEN = "awx-token-0123456789"
API = "/api/v2/"
ENCRYPTED = "$encrypted$"
OWNED = {"organization": "organizations"}
# By list: the fields that a row must have, and of fields that hold an id the list that it is of. No two rows have the same name and first such id.
RESOURCES: dict[str, tuple[set[str], dict[str, str]]] = {
    "organizations": ({"name"}, {}),
    "instance_groups": ({"name"}, {}),
    "teams": ({"name", "organization"}, OWNED),
    "projects": ({"name", "organization", "scm_type", "scm_url"}, {**OWNED, "credential": "credentials"}),
    "execution_environments": ({"name", "image"}, {**OWNED, "credential": "credentials"}),
    "inventories": ({"name", "organization"}, OWNED),
    "hosts": ({"name", "inventory"}, {"inventory": "inventories"}),
    "credential_types": ({"name", "kind", "inputs", "injectors"}, {}),
    "credentials": ({"name", "organization", "credential_type"}, {**OWNED, "credential_type": "credential_types"}),
    "job_templates": (
        {"name", "project", "playbook", "inventory"},
        {**OWNED, "project": "projects", "inventory": "inventories", "execution_environment": "execution_environments"},
    ),
    "workflow_job_templates": ({"name", "organization"}, OWNED),
    "workflow_job_template_nodes": (
        {"identifier", "workflow_job_template"}, {"workflow_job_template": "workflow_job_templates", "unified_job_template": "unified_job_templates"},
    ),
    "workflow_approval_templates": ({"name"}, {}),
    "notification_templates": ({"name", "organization", "notification_type"}, OWNED),
    "schedules": ({"name", "unified_job_template", "rrule"}, {"unified_job_template": "unified_job_templates"}),
}  # fmt: skip
UNIFIED = ("projects", "job_templates", "workflow_job_templates", "workflow_approval_templates")
# What lists below a row hold.
PARTS = {"credentials": "credentials", "instance_groups": "instance_groups"}
PARTS.update(dict.fromkeys(("success_nodes", "failure_nodes", "always_nodes"), "workflow_job_template_nodes"))
PARTS.update(dict.fromkeys((f"notification_templates_{event}" for event in ("started", "success", "error", "approvals")), "notification_templates"))
ROLES = ("admin_role", "execute_role", "approval_role", "read_role")
# Types of credentials that AWX brings along, as far as they matter here.
MANAGED = {
    "Source Control": ("scm", "username password"),
    "Container Registry": ("registry", "host username password verify_ssl"),
}


def playbooks() -> list[str]:
    """Return the playbooks that AWX offers of a project with this collection (awx/main/utils/ansible.py)."""
    start = re.compile(r"^\s*-?\s*(hosts|(ansible\.builtin\.)?import_playbook):", re.M)
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / "playbooks").glob("*.yml") if start.search(path.read_text("utf-8")))


class StandIn:
    """The server and what it holds: ``store[list][id]``, and the variables of launched jobs. Use it as a context manager."""

    def __init__(self) -> None:
        self.store: dict[str, dict[int, Row]] = {name: {} for name in RESOURCES}
        self.surveys: dict[int, Row] = {}
        self.related: dict[tuple[int, str], list[int]] = {}
        self.roles: dict[tuple[int, str], int] = {}  # the id of each role on an object
        self.granted: dict[int, list[int]] = {}  # teams by the id of the role
        self.launched: list[tuple[str, Row]] = []
        self.requests: list[tuple[str, str, Any]] = []
        self._ids = count(1)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.add("organizations", {"name": "Default"})
        for name, (kind, fields) in MANAGED.items():
            inputs = {"fields": [{"id": field, "label": field, "secret": field == "password"} for field in fields.split()]}
            ident = next(self._ids)
            self.store["credential_types"][ident] = {"id": ident, "name": name, "kind": kind, "inputs": inputs, "managed": True}

    def __enter__(self) -> StandIn:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def writes(self) -> list[tuple[str, str, Any]]:
        """Return the requests that were no reads."""
        return [request for request in self.requests if request[0] != "GET"]

    def named(self, resource: str, name: str) -> Row:
        """Return the only row with this name, or identifier."""
        (found,) = [row for row in self.rows(resource).values() if name in (row.get("name"), row.get("identifier"))]
        return found

    def teams_with(self, resource: str, name: str, role: str) -> list[str]:
        """Return the names of the teams that have a role on an object."""
        ident = self.roles.get((self.named(resource, name)["id"], role), 0)
        return sorted(self.store["teams"][one]["name"] for one in self.granted.get(ident, []))

    def rows(self, resource: str) -> dict[int, Row]:
        """Return the rows of a list, by id."""
        if resource == "unified_job_templates":
            return {key: row for name in UNIFIED for key, row in self.store[name].items()}
        return self.store[resource]

    def add(self, resource: str, given: Row) -> Row:
        """Keep a new row, as after a POST."""
        row = {"id": next(self._ids)}
        self._keep(resource, row, given)
        return row

    def _keep(self, resource: str, row: Row, given: Row) -> None:
        required, references = RESOURCES[resource]
        filled = {**row, **given}
        missing = [name for name in required if filled.get(name) in (None, "")]
        unknown = [name for name, other in references.items() if filled.get(name) is not None and filled[name] not in self.rows(other)]
        if missing or unknown:
            raise Refusal(f"{resource}: required: {missing}; there is no such object: {unknown}")
        if resource == "job_templates":
            filled["organization"] = self.rows("projects")[filled["project"]]["organization"]
            if filled["playbook"] not in playbooks():
                raise Refusal(f"Playbook not found for project: {filled['playbook']}")
        if resource == "credential_types":
            check_credential_type(filled)
        names = ("name", "identifier", *list(references)[:1])
        if any(other is not row and all(other.get(name) == filled.get(name) for name in names) for other in self.store[resource].values()):
            raise Refusal(f"{resource}: there is one with this name already")
        row.update(filled)
        self.store[resource][row["id"]] = row

    def answer(self, method: str, path: str, query: list[tuple[str, str]], body: Any) -> Any:
        """Return the answer to a request below ``/api/v2/``, None for one without a body. Raises Refusal."""
        with self._lock:
            self.requests.append((method, path, body))
            name, *rest = path.strip("/").split("/")
            if name == "project_updates":
                return {"status": "successful"}
            if name in ("jobs", "workflow_jobs"):
                return self._job(name, int(rest[0]))
            if name == "roles":
                return self._assign(method, self.granted.setdefault(int(rest[0]), []), "teams", body)
            if not rest and method == "GET":
                found = self.rows(name).values()
                return _page([self._shown(row) for row in found if all(str(row.get(field)) == value for field, value in query)])
            if not rest:
                return self._shown(self.add(name, body))
            row = self.rows(name)[int(rest[0])]
            if rest[1:]:
                return self._part(method, name, row, rest[1], body)
            if method == "DELETE":
                del self.store[name][row["id"]]
                return None
            if method == "PATCH":
                self._keep(name, row, body)
            return self._shown(row)

    def _part(self, method: str, name: str, row: Row, part: str, body: Any) -> Any:
        if part == "survey_spec":
            if method == "POST":
                check_survey(body)
                self.surveys[row["id"]] = body
            return self.surveys.get(row["id"], {})
        if part == "launch":
            fixed = json.loads(row.get("extra_vars") or "{}")
            self.launched.append((row["name"], launch_variables(self.surveys[row["id"]], fixed, body["extra_vars"])))
            kind = "jobs" if name == "job_templates" else "workflow_jobs"
            return {**self._job(kind, len(self.launched)), "job": len(self.launched), "ignored_fields": {}}
        if part == "create_approval_template":
            row["unified_job_template"] = self.add("workflow_approval_templates", body)["id"]
            return self._shown(self.rows("workflow_approval_templates")[row["unified_job_template"]])
        return self._assign(method, self.related.setdefault((row["id"], part), []), PARTS[part], body)

    def _assign(self, method: str, ids: list[int], resource: str, body: Any) -> Any:
        if method == "GET":
            return _page([self._shown(self.rows(resource)[one]) for one in ids])
        if body.get("disassociate"):
            ids.remove(body["id"])
        else:
            ids.append(self.rows(resource)[body["id"]]["id"])
        return None

    @staticmethod
    def _job(kind: str, ident: int) -> Row:
        over = {"status": "successful", "failed": False, "finished": "2026-03-10T12:00:00Z", "event_processing_finished": True}
        return {"id": ident, "type": kind[:-1], "url": f"{API}{kind}/{ident}/", **over}

    def _shown(self, row: Row) -> Row:
        """Return a row as the API shows it, without secrets."""
        name = next(name for name, rows in self.store.items() if row["id"] in rows)
        url = f"{API}{name}/{row['id']}/"
        shown = {"ask_variables_on_launch": False, "managed": False, **row, "type": name[:-1], "url": url, "summary_fields": {}}
        shown["related"] = {part: f"{url}{part}/" for part in ("survey_spec", "launch")}
        if row.get("unified_job_template"):
            other = next(one for one in UNIFIED if row["unified_job_template"] in self.store[one])
            shown["related"]["unified_job_template"] = f"{API}{other}/{row['unified_job_template']}/"
        if name in ("job_templates", "workflow_job_templates"):
            ids = {role: self.roles.setdefault((row["id"], role), 100_000 + len(self.roles)) for role in ROLES}
            shown["summary_fields"]["object_roles"] = {role: {"id": ident} for role, ident in ids.items()}
        if name == "projects":
            shown.update(scm_revision="", summary_fields={"current_update": {"id": row["id"]}})
        if name == "credentials":
            secrets = [field["id"] for field in self.rows("credential_types")[row["credential_type"]]["inputs"]["fields"] if field.get("secret")]
            shown["inputs"] = {key: ENCRYPTED if key in secrets and value else value for key, value in row.get("inputs", {}).items()}
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
            status = 201 if self.command == "POST" and not url.path.endswith("/survey_spec/") else 200
            try:
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    raise Refusal("Authentication credentials were not provided.", 401)
                answer = awx.answer(self.command, url.path[len(API) :], parse_qsl(url.query), json.loads(text) if text else None)
            except Refusal as refusal:
                status, answer = refusal.status, {"detail": str(refusal)}
            except Exception as error:  # what the stand-in does not have: the module that asked shows it
                status, answer = 500, {"detail": repr(error)}
            data = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status if data else 204)
            for name, value in {"Content-Type": "application/json", "Content-Length": len(data), "X-API-Product-Name": "AWX"}.items():
                self.send_header(name, str(value))
            self.send_header("X-API-Product-Version", "24.6.1")
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    return Handler

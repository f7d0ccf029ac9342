# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for the API of AWX: it keeps what the modules of awx.awx give it, and writes down every request. And runs of the playbook awx_setup.

The modules check what they are given, and look up what they name. A launched job runs nothing and is over at once; its variables are kept.
"""

from __future__ import annotations

import json
import os
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from adverity_harness.place import NAME, NAMESPACE, ROOT
from adverity_harness.runs import Controller
from awx_jobs import Row, variables_of

TOKEN = "awx-token-0123456789"
API = "/api/v2/"
ENCRYPTED = "$encrypted$"
UNIFIED = ("projects", "job_templates", "workflow_job_templates", "workflow_approval_templates")
ROLES = ("admin_role", "execute_role", "approval_role", "read_role")
# Types of credentials that AWX brings along, with their fields.
MANAGED = {"Source Control": ("username", "password"), "Container Registry": ("host", "username", "password", "verify_ssl")}
VARIABLES = {"awx_setup_scm_url": "https://git.example.com/adverity/management.git", "awx_setup_image": "registry.example.com/ee-adverity:1"}


class StandIn(ThreadingHTTPServer):
    """The server and what it holds: ``store[list][id]``, and the variables of launched jobs. Use it as a context manager."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.store: dict[str, dict[int, Row]] = defaultdict(dict)
        self.surveys: dict[int, Row] = {}
        self.related: dict[tuple[int, str], list[int]] = {}  # by row and part: ids
        self.roles: dict[tuple[int, str], int] = {}  # the id of each role on an object
        self.granted: dict[int, list[int]] = {}  # teams by the id of the role
        self.launched: list[tuple[str, Row]] = []
        self.requests: list[tuple[str, str, Any]] = []
        self.lock = threading.Lock()
        self._ids = count(1)
        self.add("organizations", {"name": "Default"})
        for name, fields in MANAGED.items():
            inputs = {"fields": [{"id": field, "label": field, "secret": field == "password"} for field in fields]}
            self.add("credential_types", {"name": name, "inputs": inputs, "managed": True})

    def __enter__(self) -> StandIn:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def writes(self) -> list[tuple[str, str, Any]]:
        return [request for request in self.requests if request[0] != "GET"]

    def named(self, resource: str, name: str) -> Row:
        (found,) = [row for row in self.rows(resource).values() if name in (row.get("name"), row.get("identifier"))]
        return found

    def teams_with(self, resource: str, name: str, role: str) -> list[str]:
        ident = self.roles.get((self.named(resource, name)["id"], role), 0)
        return sorted(self.store["teams"][one]["name"] for one in self.granted.get(ident, []))

    def rows(self, resource: str) -> dict[int, Row]:
        if resource == "unified_job_templates":
            return {key: row for name in UNIFIED for key, row in self.store[name].items()}
        return self.store[resource]

    def add(self, resource: str, given: Row) -> Row:
        """Keep a new row, as after a POST."""
        ident = next(self._ids)
        self.store[resource][ident] = {"id": ident, **given}
        if resource == "job_templates":
            self.store[resource][ident]["organization"] = self.store["projects"][given["project"]]["organization"]
        return self.store[resource][ident]

    def answer(self, method: str, path: str, query: list[tuple[str, str]], body: Any) -> Any:
        """Return the answer to a request below ``/api/v2/``, None for one without a body."""
        self.requests.append((method, path, body))
        name, *rest = path.strip("/").split("/")
        if name == "project_updates":
            return {"status": "successful"}
        if name in ("jobs", "workflow_jobs"):
            return self._job(name, int(rest[0]))
        if name == "roles":
            return self._assign(method, self.granted.setdefault(int(rest[0]), []), "teams", body)
        if not rest and method == "GET":
            found = [row for row in self.rows(name).values() if all(str(row.get(field)) == value for field, value in query)]
            return self._page(found)
        if not rest:
            return self._shown(self.add(name, body))
        row = self.rows(name)[int(rest[0])]
        if rest[1:]:
            return self._part(method, name, row, rest[1], body)
        if method == "DELETE":
            del self.store[name][row["id"]]
            return None
        row.update(body if method == "PATCH" else {})
        return self._shown(row)

    def _part(self, method: str, name: str, row: Row, part: str, body: Any) -> Any:
        if part == "survey_spec":
            if method == "POST":
                self.surveys[row["id"]] = body
            return self.surveys.get(row["id"], {})
        if part == "launch":
            fixed = json.loads(row.get("extra_vars") or "{}")
            self.launched.append((row["name"], {**fixed, **variables_of(self.surveys[row["id"]], body["extra_vars"])}))
            job = self._job("jobs" if name == "job_templates" else "workflow_jobs", len(self.launched))
            return {**job, "job": job["id"], "ignored_fields": {}}
        if part == "create_approval_template":
            row["unified_job_template"] = self.add("workflow_approval_templates", body)["id"]
            return self._shown(self.rows("workflow_approval_templates")[row["unified_job_template"]])
        resource = "notification_templates" if part.startswith("notification") else "workflow_job_template_nodes" if part.endswith("_nodes") else part
        return self._assign(method, self.related.setdefault((row["id"], part), []), resource, body)

    def _assign(self, method: str, ids: list[int], resource: str, body: Any) -> Any:
        if method == "GET":
            return self._page([self.rows(resource)[one] for one in ids])
        if body.get("disassociate"):
            ids.remove(body["id"])
        else:
            ids.append(self.rows(resource)[body["id"]]["id"])
        return None

    @staticmethod
    def _job(kind: str, ident: int) -> Row:
        over = {"status": "successful", "failed": False, "finished": "2026-03-10T12:00:00Z", "event_processing_finished": True}
        return {"id": ident, "type": kind[:-1], "url": f"{API}{kind}/{ident}/", **over}

    def _page(self, rows: list[Row]) -> Row:
        return {"count": len(rows), "next": None, "previous": None, "results": list(map(self._shown, rows))}

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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StandIn

    def _serve(self) -> None:
        url = urlsplit(self.path)
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = 201 if self.command == "POST" and not url.path.endswith("/survey_spec/") else 200
        try:
            assert self.headers["Authorization"] == f"Bearer {TOKEN}"
            with self.server.lock:
                answer = self.server.answer(self.command, url.path[len(API) :], parse_qsl(url.query), json.loads(text) if text else None)
        except Exception as error:  # what the stand-in does not take, or does not have: the module that asked shows it
            status, answer = 400, {"detail": repr(error)}
        content = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status if content else 204)
        for name, value in {"Content-Type": "application/json", "Content-Length": len(content), "X-API-Product-Name": "AWX"}.items():
            self.send_header(name, str(value))
        self.send_header("X-API-Product-Version", "24.6.1")
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_DELETE = _serve


def awx_collection() -> Path:
    """Return the collection awx.awx. `noxfile.py` puts it beside this one, where ansible-test tells Ansible to look for collections."""
    for folder in os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(os.pathsep):
        found = Path(folder) / "ansible_collections" / "awx" / "awx"
        if (found / "plugins" / "modules").is_dir():
            return found.resolve()
    raise AssertionError("awx.awx is not there: run `make test STAGES=integration`, which fetches it, or name its folder in ANSIBLE_COLLECTIONS_PATH")


class Setup(Controller):
    """A controller from which AWX is set up, with the real modules of awx.awx or with none."""

    def __init__(self, folder: Path, awx: StandIn, collection: bool = True) -> None:
        collections = folder / "collections"
        linked = {(NAMESPACE, NAME): ROOT, **({("awx", "awx"): awx_collection()} if collection else {})}
        for names, target in linked.items():
            link = collections.joinpath("ansible_collections", *names)
            link.parent.mkdir(parents=True)
            link.symlink_to(target, target_is_directory=True)
        super().__init__(folder, collections, awx.url)
        self.awx = awx

    def environment(self) -> dict[str, str]:
        """Return the environment of a run: AWX's address and token, and nothing of Adverity."""
        kept = {name: value for name, value in super().environment().items() if not name.startswith("ADVERITY_")}
        return {**kept, "CONTROLLER_HOST": self.awx.url, "CONTROLLER_OAUTH_TOKEN": TOKEN, "CONTROLLER_VERIFY_SSL": "false"}

    def act(self, play: list[Row] | str, fails: bool = False, **variables: Any) -> Any:
        """Run tasks with AWX's modules, or a playbook, and return the run. Warnings, as of what awx.awx still uses, are none of our business."""
        run = self.start(play, quick=True, extra_vars=variables)
        run.wait()
        assert (run.process.returncode != 0) is fails, run.output[-6000:]
        return run

    def run(self, fails: bool = False, **variables: Any) -> Any:
        return self.act(f"{NAMESPACE}.{NAME}.awx_setup", fails, **{**VARIABLES, **variables})

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in playbooks/files/awx, how it gets to a job, and jobs as AWX runs them: ansible-runner in a folder of which only the events are kept.

Written after ansible/awx at e21dd0a0933fd544d1fe2513c54fe41203775eb5: awx/main/models/credential.py (inject_credential), awx/main/models/mixins.py
(SurveyJobTemplateMixin), awx/main/tasks/jobs.py (RunJob.build_env), and awx/main/utils/safe_yaml.py: no text in variables is ever a template.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

import yaml
from adverity_harness.place import ROOT, collections_path
from adverity_harness.runs import TOKEN, Run, ansible_playbook, kill_all
from adverity_harness.scenes import Scene
from adverity_harness.world import KEY
from jinja2.sandbox import ImmutableSandboxedEnvironment

Row = dict[str, Any]
DEPLOY, CHECK, NEW, RESUME = "deploy destination", "deploy destination, check only", "new destination", "resume backfill"
FILES = ROOT / "playbooks" / "files" / "awx"


def data(name: str) -> Any:
    return yaml.safe_load((FILES / name).with_suffix(".yml").read_text("utf-8"))


def inject(inputs: Row, folder: Path) -> dict[str, str]:
    """Return the environment that a job gets from a credential of our type; its file is written into `folder`.

    Empty strings are as if they were not there, and a boolean that was never set is False, whatever default it has.
    """
    kind = data("credential_type")
    known: Row = {field["id"]: False for field in kind["inputs"]["fields"] if field["type"] == "boolean"}
    known.update({name: value for name, value in inputs.items() if isinstance(value, bool) or value})
    environment, path = ImmutableSandboxedEnvironment(), folder / "injected"
    path.write_text(environment.from_string(kind["injectors"]["file"]["template"]).render(known), "utf-8")
    path.chmod(0o600)
    known["tower"] = SimpleNamespace(filename=str(path))
    return {name: environment.from_string(text).render(known) for name, text in kind["injectors"]["env"].items()}


def is_taken(question: Row, value: Any) -> bool:
    """Tell whether AWX takes this value as the answer to a question, or as its default."""
    if question["type"] == "multiplechoice":
        return value in question["choices"]
    if isinstance(value, bool) or not isinstance(value, int if question["type"] == "integer" else str):
        return False
    size = len(value) if isinstance(value, str) else value
    return bool(question.get("min", size) <= size <= question.get("max", size))


def variables_of(survey: Row, answers: Row) -> Row:
    """Return the variables of a job that is launched with these answers. AWX drops what no question asks for, and takes the defaults."""
    spec = {question["variable"]: question for question in survey["spec"]}
    given = {name: value for name, value in answers.items() if name in spec}
    refused = [name for name, value in given.items() if not is_taken(spec[name], value)]
    refused += [name for name, question in spec.items() if question["required"] and name not in given]
    assert not refused, f"AWX would refuse {refused} of {answers}"
    return {**{name: question["default"] for name, question in spec.items() if "default" in question}, **given}


class _Unsafe(yaml.SafeDumper):
    """Writes text so that Ansible takes it as it is."""


_Unsafe.add_representer(str, lambda dumper, value: dumper.represent_scalar("!unsafe", value))


class Job:
    """A job that is over. `events` are those of ansible-runner; `ok` says whether it succeeded, `results` are those of its tasks."""

    def __init__(self, artifacts: Path) -> None:
        status = artifacts / "status"
        self.ok = status.exists() and status.read_text("utf-8") == "successful"
        files = [path for path in (artifacts / "job_events").glob("[0-9]*.json") if "partial" not in path.name]
        self.events = [json.loads(path.read_text("utf-8")) for path in sorted(files, key=lambda path: int(path.name.split("-")[0]))]
        self.results = [event["event_data"].get("res", {}) for event in self.events if event["event"] in ("runner_on_ok", "runner_on_failed")]

    @property
    def output(self) -> str:
        """What AWX shows, but for its colours: the text of the events.

        The file `stdout` is no witness: of several lines that ansible-runner reads at once, it writes the last one only.
        """
        return re.sub(r"\x1b\[[\d;]*m", "", "\n".join(event["stdout"] for event in self.events))

    @property
    def stats(self) -> Row:
        """What set_stats hands on to a workflow."""
        (event,) = [event for event in self.events if event["event"] == "playbook_on_stats"]
        return event["event_data"].get("artifact_data", {})

    @property
    def failure(self) -> str:
        (event,) = [event for event in self.events if event["event"] == "runner_on_failed"]
        return event["event_data"]["res"]["msg"]


class Awx:
    """Runs jobs with a credential whose fields for the ledger are `ledger`. It keeps the jobs' events, and nothing else of them."""

    def __init__(self, folder: Path, scene: Scene, ledger: dict[str, str]) -> None:
        self.folder, self.scene, self.ledger = folder, scene, ledger
        self.jobs = 0

    def printed(self) -> str:
        path = self.folder / f"job{self.jobs}" / "artifacts" / str(self.jobs) / "stdout"
        return path.read_text("utf-8") if path.exists() else ""

    def launch(
        self,
        name: str,
        /,
        kill_when: Callable[[], Any] | None = None,
        cancelled: bool = False,
        ledger: dict[str, str] | None = None,
        job_type: str = "",
        variables: Row | None = None,
        **answers: Any,
    ) -> Job:
        """Run a job template with answers to its survey, those left out being its defaults; with another `ledger`, and `job_type` where it asks.

        `variables` come with whole names, as from a workflow. With `kill_when` ansible-playbook is killed as soon as that holds, or with `cancelled`
        all that belongs to the job.
        """
        (template,) = [one for one in data("job_templates") if one["name"] == name]
        assert not job_type or template["ask_job_type_on_launch"]
        template = {**template, "job_type": job_type or template["job_type"]}
        self.jobs += 1
        ident, folder = str(self.jobs), self.folder / f"job{self.jobs}"
        home = folder / "home"
        for path in (home, folder / "env", folder / "inventory", folder / "secrets"):
            path.mkdir(parents=True)
        host = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        (folder / "inventory" / "hosts.json").write_text(json.dumps({"all": {"hosts": {"localhost": host}}}), "utf-8")
        environment = {
            "AWX_PRIVATE_DATA_DIR": str(folder),
            "JOB_ID": ident,
            "MAX_EVENT_RES": "700000",
            "AWX_HOST": "https://awx.example.com",
            "ANSIBLE_COLLECTIONS_PATH": str(collections_path(self.folder / "collections")),
            "ANSIBLE_PIPELINING": "true" if kill_when is None else "false",  # what is not to be killed is quicker
            "ANSIBLE_REMOTE_TEMP": str(home / ".ansible" / "tmp"),
            "HOME": str(home),
            "ADVERITY_RETRY_MAX_DELAY": "0.05",
            "ADVERITY_LEDGER_WAIT": "20",
            "ADVERITY_PROGRESS_SECONDS": "1",
        }
        if template.get("credential", True):
            inputs = {"instance": self.scene.url, "api_key": KEY, **(self.ledger if ledger is None else ledger)}
            environment.update(inject(inputs, folder / "secrets"))
        questions = data(template["survey"])["spec"] if "survey" in template else []
        extra = {
            **template.get("extra_vars", {}),
            **{question["variable"]: question["default"] for question in questions if "default" in question},
            **(variables or {}),
            **{f"deploy_destination_{key}": value for key, value in answers.items()},
            "awx_job_id": self.jobs,
            "awx_job_template_name": name,
        }
        (folder / "env" / "envvars").write_text(json.dumps(environment), "utf-8")
        (folder / "env" / "extravars").write_text(yaml.dump(extra, Dumper=_Unsafe), "utf-8")
        self._run(folder, ident, template, kill_when, cancelled)
        shutil.rmtree(home)
        return Job(folder / "artifacts" / ident)

    def _run(self, folder: Path, ident: str, template: Row, kill_when: Callable[[], Any] | None, cancelled: bool) -> None:
        playbook = "adverity.management." + Path(template["playbook"]).stem
        command = [sys.executable, "-m", "ansible_runner", "run", str(folder), "-p", playbook, "--ident", ident]
        command += ["--cmdline=--check"] * (template["job_type"] == "check")
        token = uuid.uuid4().hex
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ADVERITY_", "ANSIBLE_"))}
        path = os.pathsep.join([str(Path(ansible_playbook()).parent), os.environ.get("PATH", os.defpath)])
        environment = {**kept, TOKEN: token, "PATH": path, "LC_ALL": "C.UTF-8"}
        with open(folder / "stdout", "wb") as stdout, open(folder / "stderr", "wb") as stderr:
            process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        run = Run(folder, process, token)
        run.wait(until=kill_when)
        if kill_when:
            assert process.poll() is None, run.output
            kill_all(token, keep=() if cancelled else (process.pid,))
            run.wait()

    def check_secrets(self) -> None:
        """The key and the password are in what AWX hands to a job, and in nothing that comes back.

        In the file "command" ansible-runner repeats the environment it was given. AWX shows that without what comes of a secret field
        (awx/main/models/credential.py, inject_credential).
        """
        secrets = [text.encode() for text in (KEY, self.ledger.get("ledger_password")) if text]
        looked = 0
        for path in self.folder.glob("job*/**/*"):
            if path.is_file() and not path.is_symlink() and path.parent.name not in ("env", "secrets") and path.name != "command":
                content = path.read_bytes()
                assert not [one for one in secrets if one in content], path
                looked += 1
        assert looked > 10 * self.jobs


class Workflow:
    """A workflow as AWX runs it, that has ended. `jobs` by node, in the order in which they ran; `asked` says whether somebody was asked to approve.

    Written after ansible/awx at e21dd0a0933fd544d1fe2513c54fe41203775eb5: awx/main/scheduler/dag_workflow.py (which node comes next, and when a
    workflow has failed), awx/main/models/workflow.py (WorkflowJobNode.get_job_kwargs: the artifacts of all nodes before, then the workflow's own
    variables; neither is filtered by the survey of the job template).
    """

    def __init__(self, awx: Awx, approves: bool = True, **answers: Any) -> None:
        self._nodes = {node["identifier"]: node for node in data("workflow")["nodes"]}
        self._variables = variables_of(data("survey_deploy"), {f"deploy_destination_{name}": value for name, value in answers.items()})
        self._awx, self._approves = awx, approves
        self.jobs: dict[str, Job] = {}
        self.asked = False
        self.ok = True
        self._run("check", {})

    def _run(self, name: str, artifacts: Row) -> None:
        node = self._nodes[name]
        if "approval" in node:
            self.asked, ok = True, self._approves
        else:
            job = self._awx.launch(node["job_template"], variables={**artifacts, **self._variables})
            self.jobs[name], ok = job, job.ok
            artifacts = {**artifacts, **job.stats}
        if not ok and not node.get("failure_nodes"):
            self.ok = False
        for following in node.get("success_nodes" if ok else "failure_nodes", []):
            self._run(following, artifacts)

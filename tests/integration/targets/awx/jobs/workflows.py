# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workflow as AWX runs it, node by node, with real jobs.

Written after ansible/awx at e21dd0a0933fd544d1fe2513c54fe41203775eb5: awx/main/scheduler/dag_workflow.py (which node comes next, and when a workflow has
failed), awx/main/models/workflow.py (WorkflowJobNode.get_job_kwargs: the artifacts of all nodes before, then the workflow's own variables; neither is
filtered by the survey of the job template).
"""

from __future__ import annotations

from typing import Any

from awx_setups import data
from awx_surveys import launch_variables
from jobs import Awx, Job

Row = dict[str, Any]


class Workflow:
    """A workflow that has ended. `jobs` by node, in the order in which they ran; `asked` says whether somebody was asked to approve."""

    def __init__(self, awx: Awx, approves: bool = True, **answers: Any) -> None:
        definition = data("workflow")
        self._nodes = {node["identifier"]: node for node in definition["nodes"]}
        self._variables, ignored = launch_variables(data("survey_deploy"), {}, {f"deploy_destination_{name}": value for name, value in answers.items()})
        assert not ignored
        self._awx, self._approves = awx, approves
        self.jobs: dict[str, Job] = {}
        self.asked = False
        self.ok = True
        followers = {one for node in definition["nodes"] for way in ("success_nodes", "failure_nodes", "always_nodes") for one in node.get(way, [])}
        (first,) = set(self._nodes) - followers
        self._run(first, {})

    def _run(self, name: str, artifacts: Row) -> None:
        node = self._nodes[name]
        if "approval" in node:
            self.asked, ok = True, self._approves
        else:
            job = self._awx.launch(node["job_template"], variables={**artifacts, **self._variables})
            self.jobs[name], ok = job, job.ok
            artifacts = {**artifacts, **job.stats}
        if not ok and not (node.get("failure_nodes") or node.get("always_nodes")):
            self.ok = False
        for following in node.get("success_nodes" if ok else "failure_nodes", []) + node.get("always_nodes", []):
            self._run(following, artifacts)

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many cases at once: each has its own service and its own ledger, and none knows of the others."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from .direct import Carried
from .outcomes import Outcomes, Row
from .place import collections_path
from .runs import LONGEST, Controller
from .scenes import Scene, open_scene
from .worlds import World

FORKS = 4  # of ansible-playbook
AT_ONCE = 6  # without it; most of their time is waiting


class Case(NamedTuple):
    """A world, how its service behaves, and what its tasks find in their environment."""

    world: World
    switches: Mapping[str, Any] = MappingProxyType({})
    faults: tuple[Row, ...] = ()
    environment: Mapping[str, str] = MappingProxyType({})


class Told:
    """What the tasks told, case by case; `run` has it all."""

    def __init__(self, run: Outcomes, hosts: dict[str, str]) -> None:
        self.run, self._hosts = run, hosts

    def all(self, case: str, title: str) -> list[Row]:
        """Return the results that a case has of the tasks with this name, or this module, that were not skipped."""
        mine = [one for one in self.run.rows(title) if one["host"] == self._hosts[case]]
        return [{**one["result"], "failed": one["status"] == "failed"} for one in mine]

    def one(self, case: str, title: str) -> Row:
        """Return the result of the only one."""
        found = self.all(case, title)
        assert len(found) == 1, f"{len(found)} tasks {title!r} of {case!r} in:\n{self.run.output}"
        return found[0]


class SideBySide(Controller):
    """One controller for all cases. `scenes` are their services by name; each has the ledger of its own scene."""

    def __init__(self, folder: Path, scenes: dict[str, Scene], cases: dict[str, Case]) -> None:
        super().__init__(folder / "controller", collections_path(folder / "collections"), "given by each host")
        self.scenes, self.cases = scenes, cases
        self.hosts = {name: f"case{number:03}" for number, name in enumerate(scenes)}

    def act(self, tasks: list[Row], warnings: tuple[str, ...] = (), diff: bool = False) -> Told:
        """Carry out the tasks in every case without ansible-playbook."""

        def carry_out(name: str) -> Outcomes:
            carried = Carried(self.collections, {**self.scenes[name].environment(), **self.cases[name].environment}, diff)
            for task in tasks:
                carried.act(task)
            return carried

        with ThreadPoolExecutor(AT_ONCE) as pool:
            told = list(pool.map(carry_out, self.scenes))
        whole = Outcomes()
        whole.output = "".join(one.output for one in told)
        whole.outcomes = [{**row, "host": self.hosts[name]} for name, one in zip(self.scenes, told) for row in one.outcomes]
        whole.check_told(warnings)
        return Told(whole, self.hosts)

    def play_all(self, tasks: list[Row]) -> Told:
        """Run the tasks in every case as a play in which each case is a host."""
        shared = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        hosts = {
            self.hosts[name]: {"mine": {"ADVERITY_INSTANCE": scene.url, "ADVERITY_LEDGER": str(scene.ledger), **self.cases[name].environment}}
            for name, scene in self.scenes.items()
        }
        self.inventory.write_text(json.dumps({"all": {"vars": shared, "hosts": hosts}}), "utf-8")
        play = {"name": "Test", "hosts": "all", "gather_facts": False, "strategy": "ansible.builtin.free"}
        playbook = self.folder / f"playbook{self._runs}.yml"
        playbook.write_text(json.dumps([{**play, "environment": "{{ mine }}", "tasks": tasks}], indent=1), "utf-8")
        return Told(self.play(str(playbook), env={"ANSIBLE_FORKS": str(FORKS), "ANSIBLE_PIPELINING": "true"}), self.hosts)


@contextlib.contextmanager
def open_cases(folder: Path, cases: dict[str, Case]) -> Iterator[SideBySide]:
    """Open the scenes of these cases."""
    with contextlib.ExitStack() as stack:
        scenes = {}
        for number, (name, case) in enumerate(cases.items()):
            scene = stack.enter_context(open_scene(folder / f"case{number:03}", case.world, dict(case.switches)))
            for fault in case.faults:
                scene.service.fault(**fault)
            scenes[name] = scene
        yield SideBySide(folder, scenes, cases)


def settle(scene: Scene) -> None:
    """Wait until the service has answered all that it means to answer, also what nobody waits for any more."""
    dropped = sum(fault.fired for fault in scene.service.faults if fault.kind == "drop")
    limit = time.monotonic() + LONGEST
    while sum(row["status"] is None for row in list(scene.service.requests)) > dropped:
        assert time.monotonic() < limit, "the service still has a request to answer"
        time.sleep(0.01)

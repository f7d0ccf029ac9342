# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many cases in one run: a play in which each host has its own service and its own ledger, and none knows of the others."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from .place import collections_path
from .runs import Controller, Row, Run
from .scenes import Scene, open_scene
from .worlds import World

FORKS = 4


class Case(NamedTuple):
    """A world, how its service behaves, and what the tasks find as variables beside `url` and `ledger`."""

    world: World
    switches: Mapping[str, Any] = MappingProxyType({})
    faults: tuple[Row, ...] = ()
    variables: Mapping[str, Any] = MappingProxyType({})


class Told:
    """What the tasks of one run told, case by case."""

    def __init__(self, run: Run, hosts: dict[str, str]) -> None:
        self.run, self._hosts = run, hosts

    def all(self, case: str, title: str) -> list[Row]:
        """Return the results that a case has of the tasks with this name, or this module, that were not skipped."""
        wanted = (title, f"adverity.management.{title}")
        mine = [one for one in self.run.outcomes if one["host"] == self._hosts[case] and one["status"] != "skipped"]
        return [{**one["result"], "failed": one["status"] == "failed"} for one in mine if one["task"] == title or one["action"] in wanted]

    def one(self, case: str, title: str) -> Row:
        """Return the result of the only one."""
        found = self.all(case, title)
        assert len(found) == 1, f"{len(found)} tasks {title!r} of {case!r} in:\n{self.run.output}"
        return found[0]


class SideBySide(Controller):
    """One controller for all cases. `scenes` are their services by name; each has the ledger of its own scene."""

    def __init__(self, folder: Path, scenes: dict[str, Scene], cases: dict[str, Case]) -> None:
        super().__init__(folder / "controller", collections_path(folder / "collections"), "given by each host")
        self.scenes = scenes
        self.hosts = {name: f"case{number:03}" for number, name in enumerate(scenes)}
        shared = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        hosts = {
            self.hosts[name]: {"url": scene.url, "ledger": str(scene.ledger), **cases[name].variables} for name, scene in scenes.items()
        }
        self.inventory = self.folder / "inventory.json"
        self.inventory.write_text(json.dumps({"all": {"vars": shared, "hosts": hosts}}), "utf-8")

    def act(self, tasks: list[Row], only: Any = None, environment: Row | None = None, **options: Any) -> Told:
        """Run the tasks in every case, or only in these; `environment` is that of the modules, `options` are those of `play`."""
        chosen = [self.hosts[name] for name in (self.scenes if only is None else only)]
        mine = {"ADVERITY_INSTANCE": "{{ url }}", "ADVERITY_LEDGER": "{{ ledger }}", **(environment or {})}
        play = {"name": "Test", "hosts": ",".join(chosen), "gather_facts": False, "strategy": "ansible.builtin.free"}
        playbook = self.folder / f"playbook{self._runs}.yml"
        playbook.write_text(json.dumps([{**play, "environment": mine, "tasks": tasks}], indent=1), "utf-8")
        env = {"ANSIBLE_FORKS": str(FORKS), "ANSIBLE_PIPELINING": "true", **options.pop("env", {})}
        return Told(self.play(str(playbook), env=env, **options), self.hosts)


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
    limit = time.monotonic() + 20
    while sum(row["status"] is None for row in list(scene.service.requests)) > dropped:
        assert time.monotonic() < limit, "the service still has a request to answer"
        time.sleep(0.01)

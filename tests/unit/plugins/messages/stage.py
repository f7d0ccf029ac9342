# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the tests of messages run modules and the role: scenes, and short ways to say what happens in one. Not tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Union

from ansible_collections.adverity.management.plugins.module_utils._api.errors import AdverityError
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.calls import acme
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.world import World
from ansible_collections.adverity.management.tests.unit.plugins.support.scenes import Scene

Row = dict[str, Any]
Given = Callable[["Stage"], Any]  # a run, or several: what they return holds their messages


class Stage:
    """What a run needs: ``open`` gives a scene, ``patch`` is pytest's monkeypatch, ``folder`` is empty, ``postgres`` gives the server of the tests."""

    def __init__(self, begin: Callable[..., Scene], patch: Any, folder: Path, postgres: Any) -> None:
        self.open, self.patch, self.folder, self.postgres = begin, patch, folder, postgres


def texts(value: Any) -> Iterator[str]:
    """All texts in what a run returned."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from texts(each)


Step = Union[tuple[str, Row], Row, Callable[[Scene], Any]]  # a task with its options, a change of the world, or anything else


def story(*steps: Step, world: Callable[[], World] = acme, **switches: Any) -> Given:
    """Steps one after the other, in a world with switches."""

    def given(stage: Stage) -> list[Any]:
        scene = stage.open(world(), **switches)
        return [take(scene, step) for step in steps]

    return given


def take(scene: Scene, step: Step) -> Any:
    if callable(step):
        return step(scene)
    return scene.service.change(step) if isinstance(step, dict) else run(scene, step[0], **step[1])


def fault(**does: Any) -> Step:
    """From here on, the simulator has a fault."""
    return lambda scene: scene.service.fault(**does)


def meanwhile(*steps: Step, **request: Any) -> Step:
    """At the next such request, once: what another run does in the middle of this one."""

    def prepare(scene: Scene) -> list[Any]:
        results: list[Any] = []

        def act(_world: Any) -> None:
            scene.service.scripts.clear()
            results.extend(take(scene, step) for step in steps)

        scene.service.script(**request, changes=act)
        return results

    return prepare


def patched(given: Given, *attributes: tuple[Any, str, Any], **environment: str) -> Given:
    """A run in which attributes have other values, and variables of the environment."""

    def given_then(stage: Stage) -> Any:
        for attribute in attributes:
            stage.patch.setattr(*attribute)
        for name, value in environment.items():
            stage.patch.setenv(name, value)
        return given(stage)

    return given_then


def task(
    module: str,
    *,
    world: Callable[[], World] = acme,
    switches: Row | None = None,
    changes: Iterable[Row] = (),
    faults: Iterable[Row] = (),
    before: Iterable[tuple[str, Row]] = (),
    **options: Any,
) -> Given:
    """One task, after those ``before`` it: in a world, with switches; then the world changes, and there are faults."""
    given = story(*before, *changes, *(fault(**each) for each in faults), (module, options), world=world, **(switches or {}))
    return lambda stage: given(stage)[-1]


def run(scene: Scene, module: str, check_mode: bool = False, **options: Any) -> Row:
    """The result of a module, or of the role: its lines, and the error."""
    if module != "role":
        return scene.run(module, check_mode, **options)
    try:
        deployment = scene.deploy(check_mode, **options)
    except AdverityError as error:
        shown = error.deployment  # type: ignore[attr-defined]
        return {"error": error.result(), "lines": shown.lines, "results": list(shown.results.values())}
    return {"lines": deployment.lines, "results": list(deployment.results.values())}


def answers(path: str, *bodies: Any, times: int = 20) -> list[Row]:
    """Faults with which a list answers these, one after the other, again and again."""
    return [{"method": "GET", "path": path, "json": body} for body in bodies] * times


def status(code: int, path: str, method: str = "GET", **more: Any) -> Row:
    """A fault: the API returns this status, with "Not now."."""
    return {"method": method, "path": path, "status": {"code": code, "body": {"detail": "Not now."}}, **more}

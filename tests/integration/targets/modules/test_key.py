# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API key shows up nowhere, and nothing takes its place. (Every run of every test looks for it in the output, too.)"""

from __future__ import annotations

import os

import pytest
from adverity_harness.runs import module, refused, role
from adverity_harness.worlds import KEY, World

MODULES = [
    module("binding_info", target_id=789),
    module("binding", target_id=789, enabled=True),
    module("extract_info", datastream_id=456),
    module("requeue", datastream_id=456, target_id=789),
    module("requeue_info", target_id=789),
]
# As an option, the way most playbooks do it; the harness itself hands it over in the environment.
NAMED = [{name: {**value, "api_key": "{{ the_key }}"} if name != "name" else value for name, value in task.items()} for task in MODULES]


def files_with_the_key(folder):
    """The files below a folder that hold the key, or a piece of it."""
    found = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path for path in found if KEY[:16].encode() in path.read_bytes()]


@pytest.fixture(name="scene")
def fixture_scene(begin):
    """Datastream 456 with three extracts, to be loaded into destination 789."""
    return begin(World().datastream(456, extracts=3).binding(123, 456))


@pytest.mark.parametrize("tasks", [MODULES, NAMED], ids=["environment", "option"])
def test_at_the_highest_verbosity_and_when_all_goes_well(scene, tasks):
    # Newer versions of ansible-core show the arguments of a module only where they are told to.
    run = scene.play(tasks, verbosity=4, diff=True, extra_vars={"the_key": KEY}, env={"ANSIBLE_INJECT_INVOCATION": "true"})
    assert len(run.outcomes) == len(MODULES)
    assert "EXEC" in run.output
    assert run.output.count('"api_key": "********"') == len(MODULES)
    assert len(scene.loads(123)) == 3
    (run.folder / "vars.json").unlink()
    assert files_with_the_key(scene.folder) == []


def test_at_the_highest_verbosity_in_the_role(scene):
    scene.play([role(target_id=789)], verbosity=4, diff=True)
    assert len(scene.loads(123)) == 3
    assert files_with_the_key(scene.folder) == []


def echoes():
    """Answers that repeat the request's Authorization header."""
    header = f"Bearer {KEY}"
    page = f"<html><head><title>No {header} here</title></head><body>{header}</body></html>"
    return {
        "detail": {"status": {"code": 401, "body": {"detail": f"Invalid header Authorization: {header}"}}},
        "field": {"status": {"code": 400, "body": {"authorization": [header]}}},
        "validation": {"status": {"code": 422, "body": {"detail": [{"loc": ["header", header], "msg": f"{KEY} is not valid", "type": KEY}]}}},
        "key as a name": {"status": {"code": 403, "body": {KEY: "is not allowed"}}},
        "text": {"status": {"code": 400, "body": header, "content_type": "text/plain"}},
        "page": {"status": {"code": 400, "body": page, "content_type": "text/html"}},
        "cut in the middle of the key": {"status": {"code": 400, "body": "x" * 280 + KEY, "content_type": "text/plain"}},
        "status 200, no JSON": {"status": {"code": 200, "body": header, "content_type": "text/plain"}},
        "redirect": {"redirect": {"to": f"https://elsewhere.example/?token={KEY}"}},
        "next": {"json": {"count": 2, "next": f"no address {KEY}", "previous": None, "results": [{"id": 1}]}},
        "misshapen": {"json": {"items": [{"id": KEY}], "count": 1, "results": [{"id": KEY}]}},
    }


def test_when_the_service_echoes_it_in_errors(scene):
    answers = echoes()
    tasks = {
        "GET": [module("extract_info", datastream_id=456)],
        "PATCH": [module("binding", target_id=789, enabled=True)],
    }
    for method in tasks:
        for name, answer in answers.items():
            if method == "GET" or name not in ("next",):
                scene.service.fault(method=method, path="extracts" if method == "GET" else "bindings", **answer)
    count = {"GET": len(answers), "PATCH": len(answers) - 1}
    run = scene.play([refused(task) for method in tasks for task in tasks[method] * count[method]], verbosity=4)
    assert len(run.failures) == sum(count.values())
    assert KEY[:8] not in run.output
    assert scene.enabled() == []
    assert "********" in run.output
    assert files_with_the_key(scene.folder) == []


def test_when_the_service_echoes_it_in_a_requeue(scene):
    scene.service.world.bindings[123]["enabled"] = True
    for code in (400, 500):
        scene.service.fault(method="POST", status={"code": code, "body": {"detail": f"Bearer {KEY}"}})
    body = {"message": f"Dispatched for {KEY}.", "extract_ids": scene.world.aged(456), "extract_count": 3}
    scene.service.fault(method="POST", json=body)
    task = module("requeue", datastream_id=456, target_id=789)
    decided = module("requeue", "Decided", datastream_id=456, target_id=789, on_unknown="requeue")
    run = scene.play([refused(task), refused(task), decided], verbosity=4)
    assert len(run.failures) == 2
    assert run.one("Decided")["extract_count"] == 3
    assert KEY[:8] not in run.output
    assert files_with_the_key(scene.folder) == []


def test_netrc_changes_nothing(scene):
    netrc = "machine 127.0.0.1 login somebody password else\ndefault login any password one\n"
    for name in (".netrc", "_netrc", "netrc"):
        (scene.home / name).write_text(netrc, "utf-8")
        (scene.home / name).chmod(0o600)
    scene.play(MODULES, env={"NETRC": str(scene.home / "netrc")})
    assert {row["key"] for row in scene.requests()} == {"tester"}
    assert len(scene.loads(123)) == 3


def test_the_ledger_is_for_its_owner_alone(scene):
    before = os.umask(0)
    try:
        scene.play(MODULES)
        scene.play(MODULES, env={"ADVERITY_LEDGER": None})
    finally:
        os.umask(before)
    for ledger in (scene.ledger, scene.home / ".ansible" / "adverity" / "requeue.sqlite3"):
        assert ledger.parent.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o777 for path in ledger.parent.iterdir()} == {0o600}

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ledger that cannot be used: an error that names it, before anything is written, and the file as it was."""

from __future__ import annotations

import sqlite3

import pytest
from adverity_harness.runs import module, refused, role
from adverity_harness.scenes import open_scene
from adverity_harness.worlds import World


def other_database(path, **pragmas):
    """Make a database that is no ledger of ours, or not one that is known yet."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE notes (text TEXT)")
    for name, value in pragmas.items():
        connection.execute(f"PRAGMA {name} = {value}")
    connection.commit()
    connection.close()


def damaged_inside(path, good):
    """A real ledger with nonsense in the middle: its beginning still looks right."""
    content = bytearray(good)
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)


# How to make it, and words of the error beside its path. `good` are the bytes of a ledger that works.
LEDGERS = {
    "text": (lambda path, good: path.write_text("to do: back this up\n" * 200), "not a database"),
    "cut short": (lambda path, good: path.write_bytes(good[: len(good) // 2 - 100]), ""),
    "overwritten": (damaged_inside, ""),
    "of another program": (lambda path, good: other_database(path), "not a ledger of this collection"),
    "of a newer version": (lambda path, good: other_database(path, application_id=int.from_bytes(good[68:72], "big"), user_version=99), "newer version"),
    "a folder": (lambda path, good: path.mkdir(), "not a file"),
    "in a file": (lambda path, good: None, ""),
}


def tries(name, path, extract):
    """The tasks to try a ledger with: none of them may get by, and the role must not even enable anything."""
    requeue = module("requeue", name, extract_ids=[extract], binding_ids=[123], ledger=str(path))
    tasks = [requeue, {**requeue, "check_mode": True}]
    if name != "in a file":  # to the module that only looks a ledger which is not there is an empty one
        tasks.append(module("requeue_info", name, ledger=str(path)))
    if name in ("text", "in a file"):
        tasks.append(role(target_id=790, ledger=str(path)))
    return [refused(task) for task in tasks]


@pytest.fixture(name="tried", scope="module")
def fixture_tried(tmp_path_factory):
    """Each ledger tried in one run; gives the scene, and by name the paths, the bytes before, and the failures."""
    world = World().datastream(456, extracts=60).binding(123, 456, enabled=True)
    world.datastream(457, extracts=3).binding(124, 457, target=790)
    folder = tmp_path_factory.mktemp("ledgers")
    with open_scene(folder, world) as scene:
        scene.play([module("requeue", datastream_id=456, target_id=789)])
        assert len(scene.posts()) == 2
        good = scene.ledger.read_bytes()
        scene.forget()
        paths, before, tasks = {}, {}, {}
        for number, (name, (make, _words)) in enumerate(LEDGERS.items()):
            path = paths[name] = folder / f"ledger{number}" / "requeue.sqlite3"
            if name == "in a file":
                path.parent.write_text("not a folder")
            else:
                path.parent.mkdir()
                make(path, good)
            before[name] = path.read_bytes() if path.is_file() else None
            tasks[name] = tries(name, path, world.aged(456)[0])
        run = scene.play([task for some in tasks.values() for task in some])
        failures = list(run.failures)
        by_name = {name: [failures.pop(0) for _task in some] for name, some in tasks.items()}
        assert not failures
        yield scene, paths, before, by_name


@pytest.mark.parametrize("name", LEDGERS)
def test_it_is_named_and_left_as_it_was(tried, name):
    _scene, paths, before, failures = tried
    for failure in failures[name]:
        assert str(paths[name]) in failure["msg"]
        assert "cannot be used" in failure["msg"]
        assert LEDGERS[name][1] in failure["msg"]
    if before[name] is not None:
        assert paths[name].read_bytes() == before[name]
        assert [one.name for one in paths[name].parent.iterdir()] == [paths[name].name]


def test_nothing_was_written(tried):
    scene = tried[0]
    assert scene.writes() == []
    assert scene.enabled() == [123]

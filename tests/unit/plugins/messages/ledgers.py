# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that give the messages about the ledger. Not tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from ansible_collections.adverity.management.plugins.filter.report_summary import report_summary
from ansible_collections.adverity.management.plugins.module_utils._api.errors import LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger import (
    copy,
    persistence,
    postgresql,
    postgresql_session,
    sqlite,
    sqlite_locks,
)
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import PREDICT, WRITE
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.calls import acme
from ansible_collections.adverity.management.tests.unit.plugins.messages.stage import Given, Stage, patched, story, task
from ansible_collections.adverity.management.tests.unit.plugins.places import PostgresPlace
from ansible_collections.adverity.management.tests.unit.plugins.support.scenes import HOST, Scene

LOAD = {"datastream_id": 456, "target_id": 790}
JOB = {"JOB_ID": "12", "AWX_HOST": "https://awx.example.com"}


def execute(scene: Scene, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(scene.ledger, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def changed(*statements: str, **options: Any) -> Given:
    """A ledger with records, which another program has changed since."""
    return story(("requeue", LOAD), lambda scene: execute(scene, *statements), ("requeue", {**LOAD, **options}))


def cut(scene: Scene) -> None:
    """The file of the ledger loses its end."""
    scene.ledger.write_bytes(scene.ledger.read_bytes()[:-1])


def at(make: Any) -> Given:
    """A ledger at a path that ``make`` prepares in an empty folder."""

    def given(stage: Stage) -> Any:
        return stage.open(acme()).run("requeue", **LOAD, ledger=str(make(stage.folder)))

    return given


def small(folder: Path) -> Path:
    """A file that is too short for a database."""
    (folder / "ledger").write_text("not a ledger")
    return folder / "ledger"


def not_writable(stage: Stage) -> Any:
    """A ledger that this user must not write."""
    scene = stage.open(acme())
    scene.run("requeue", **LOAD)
    stage.patch.setattr(sqlite, "_may_write", lambda _place: False)
    return scene.run("requeue", **LOAD)


def full(stage: Stage) -> Any:
    """A disk without space."""
    scene = stage.open(acme())
    stage.patch.setattr(os, "mkdir", mock.Mock(side_effect=OSError(28, "No space left on device")))
    return scene.run("requeue", **LOAD, ledger=str(stage.folder / "new" / "requeue.sqlite3"))


def locked(stage: Stage) -> Any:
    """A file that another program locks."""
    scene, real = stage.open(acme()), sqlite3.connect
    scene.run("requeue", **LOAD)
    stage.patch.setattr(sqlite3, "connect", lambda *arguments, **more: real(*arguments, **dict(more, timeout=0.1)))
    with contextlib.closing(real(scene.ledger, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        return scene.run("requeue", **LOAD)


NO_USER = (pwd, "getpwuid", mock.Mock(side_effect=KeyError))


def in_a_job(ledger: str, *attributes: tuple[Any, str, Any], **environment: str) -> Given:
    """A task in an AWX job. It would send whatever a ledger that is there by chance records."""
    return patched(task("requeue", **LOAD, force=True, ledger=ledger), *attributes, **JOB, **environment)


def in_folder(folder: str, device: int = 2, mount: str = "/", is_overlay: bool = False, **environment: str) -> Given:
    """A folder as the job sees it. The device of the container is 1."""
    place = persistence.Place(folder, True, device, 1, mount, is_overlay)
    return in_a_job(f"{folder}/requeue.sqlite3", (persistence, "look", lambda _path: place), **environment)


@contextlib.contextmanager
def database(stage: Stage) -> Iterator[PostgresPlace]:
    """An empty database on the server of the tests, which is as before in the end."""
    place = PostgresPlace(stage.postgres)
    try:
        yield place
    finally:
        stage.postgres.end_sessions(place.database)
        stage.postgres.run(f"ALTER DATABASE {place.database} RESET default_transaction_read_only")
        stage.postgres.run(f"DROP ROLE IF EXISTS {role_of(place)}")
        stage.postgres.give_back(place.database)


def role_of(place: PostgresPlace) -> str:
    """The name of a role without rights."""
    return f"role_of_{place.database}"


def in_postgresql(*statements: str, first: bool = True, role: bool = False, **options: Any) -> Given:
    """A ledger in PostgreSQL: with records, if ``first``; then an administrator changes it. ``role``: as a role without rights."""

    def given(stage: Stage) -> Any:
        with database(stage) as place:
            scene = stage.open(acme())
            if first:
                scene.run("requeue", **LOAD, ledger=place.ledger)
            for statement in statements:
                place.run(statement.format(place.database))
            if role:
                place.run(f"CREATE ROLE {role_of(place)} LOGIN")
            return scene.run("requeue", **LOAD, **{"ledger": stage.postgres.url(place.database, role_of(place)) if role else place.ledger, **options})

    return given


def in_check_mode_postgresql(stage: Stage) -> Any:
    """A ledger of an older format, in check mode; and a server that is read-only."""
    return [
        in_postgresql("UPDATE format SET version = 3", check_mode=True)(stage),
        in_postgresql("ALTER DATABASE {} SET default_transaction_read_only = on", first=False, check_mode=True)(stage),
    ]


def full_server(stage: Stage) -> Any:
    """A server without space: what the library raises then."""
    error = postgresql.psycopg.errors.DiskFull("could not extend file: No space left on device")
    with database(stage) as place:
        scene = stage.open(acme())
        scene.run("requeue", **LOAD, ledger=place.ledger)
        stage.patch.setattr(postgresql.PostgresqlStore, "_execute", mock.Mock(side_effect=error))
        return scene.run("requeue", **LOAD, ledger=place.ledger)


def held(stage: Stage, ledger: str, purpose: str = WRITE) -> Any:
    """Another run holds the lock."""
    scene = stage.open(acme())
    scene.run("requeue", **LOAD, ledger=ledger)
    with Ledger(ledger, None, HOST, purpose, 0) as other:
        other.take_turn([55])
        return scene.run("requeue", **LOAD, force=True, ledger=ledger, ledger_wait=0)


def held_in_postgresql(stage: Stage) -> Any:
    """The same in PostgreSQL, by a session with a name of its own."""
    with database(stage) as place:
        return held(stage, stage.postgres.url(place.database, application_name="mine"))


def held_elsewhere(stage: Stage) -> Any:
    """A run in check mode on another machine holds the lock."""
    numbers = iter(range(10**6, 2 * 10**6))
    stage.patch.setattr(sqlite_locks, "_number", lambda _run: next(numbers))
    return held(stage, str(stage.folder / "requeue.sqlite3"), PREDICT)


CANNOT_COPY = mock.Mock(side_effect=LedgerError("The ledger /elsewhere cannot be used: server closed the connection unexpectedly."))
BEGUN = "INSERT INTO move (instance, direction, place, content, at) VALUES (1, 'to', '/elsewhere', '', '')"


def copied(scene: Scene, **options: Any) -> Any:
    return scene.run("ledger_copy", source=str(scene.ledger), destination=f"{scene.ledger}.new", **options)


def copied_back_under_a_new_name(scene: Scene) -> Any:
    places = dict.fromkeys(("source", "destination"), f"{scene.ledger}.new")
    new = {"instance": "https://new.example"}
    return [copied(scene), scene.run("ledger_copy", **places, source_instance=HOST, **new),
            scene.run("ledger_copy", **{**places, "destination": str(scene.ledger)}, **new)]  # fmt: skip


ROWS: dict[str | tuple[str, ...], Given] = {
    # Where it is
    "the environment variable ... is not set": task("requeue", **LOAD, ledger="$NOWHERE/requeue.sqlite3"),
    "there is no user '...' with a home folder": task("requeue", **LOAD, ledger="~nobody-here/requeue.sqlite3"),
    "HOME is not set and this user has no home folder": patched(
        lambda stage: stage.patch.delenv("HOME") or task("requeue", **LOAD, ledger="~/requeue.sqlite3")(stage), NO_USER,
    ),
    "which is not an absolute path. Correct HOME": patched(task("requeue", **LOAD, ledger="~/requeue.sqlite3"), NO_USER, HOME="here"),
    "ledger is a URL with '...'": task("requeue", **LOAD, ledger="mysql://db.example.com/ledger"),
    # The file
    "it is damaged (a row cannot be read)": changed("UPDATE binding_fact SET kind = 'x'"),
    "it is damaged (its end is missing)": story(("requeue", LOAD), cut, ("requeue", LOAD)),
    "it is damaged (its tables are not those of a ledger)": changed("DROP TABLE move"),
    "it is not a database": at(small),
    "it is not a file": at(lambda folder: folder),
    "it is not writable": not_writable,
    "the folder ... is not writable": patched(task("requeue", **LOAD), (sqlite, "_may_write", lambda _place: False)),
    "Free space on the disk": full,
    "Another program holds the file": locked,
    "a run that writes has to bring it from format": changed("PRAGMA user_version = 3", check_mode=True),
    # A move that is not finished
    "a move to ... was begun and is not finished": changed(BEGUN),
    "Finish it first: set destination to": story(("requeue", LOAD), lambda scene: execute(scene, BEGUN), copied),
    "The move is begun, and no run can use": patched(
        story(("requeue", LOAD), copied), (copy, "_copy", CANNOT_COPY), (copy, "_cancel", lambda *_ledgers: False),
    ),
    # A move that is made
    "does not have it any more. Restore its newest backup": story(
        ("requeue", LOAD), copied, lambda scene: Path(f"{scene.ledger}.new").unlink(), copied,
    ),
    "To move it back there, set instance to": story(("requeue", LOAD), copied_back_under_a_new_name),
    "This shows it as it was then": story(("requeue", LOAD), copied, ("requeue_info", {})),
    # AWX
    "does not exist in the job": in_a_job("/proc/nowhere/requeue.sqlite3"),
    "is in the home directory of the job": in_folder("/home/job", HOME="/home/job"),
    "is in the folder of the job": in_folder("/private", AWX_PRIVATE_DATA_DIR="/private"),
    "is in /runner, the folder of the job": in_folder("/runner", AWX_PRIVATE_DATA_DIR="/elsewhere"),
    "it is a folder of the container": in_folder("/ledger", device=1),
    "is mounted with the option O": in_folder("/ledger", mount="/ledger", is_overlay=True),
    "report_file names no path on a volume": patched(
        story(lambda scene: report_summary(scene.run("binding_info")["bindings"], scene.run("requeue_info"))), **JOB,
    ),
    (
        "To enable without sending, set deploy_destination_backfill", "is in /tmp",
    ): patched(task("role", target_id=789, backfill="always", force=True, ledger="/tmp/requeue.sqlite3"), **JOB),
    # PostgreSQL
    "(psycopg)": patched(
        task("requeue", **LOAD, ledger="postgresql://me@db.example.com/ledger"), (postgresql_session, "_PSYCOPG_MISSING", "Traceback: no psycopg"),
    ),
    "has a character that PostgreSQL does not accept": task("requeue", **LOAD, ledger="postgresql://me@db.example.com/ledger", ledger_password="x\0y"),
    "it is damaged (it has no version)": in_postgresql("DELETE FROM format"),
    "then set ledger to another database": in_postgresql("UPDATE format SET version = 1"),
    ("the server is read-only, as a standby is", "Set ledger to the primary server (for example with several hosts"): in_check_mode_postgresql,
    (
        "permission denied for the database", "Where it must not create them, an administrator runs once",
    ): in_postgresql(first=False, role=True, check_mode=True),
    "Free space on the server": full_server,
    "Check the URL, ledger_password and the server": task("requeue", **LOAD, ledger="postgresql://me@127.0.0.1:9/ledger"),
    # Who holds the lock
    ("session ... of the server", "If its machine no longer exists"): held_in_postgresql,
    ("on another machine", ", in check mode"): held_elsewhere,
}  # fmt: skip

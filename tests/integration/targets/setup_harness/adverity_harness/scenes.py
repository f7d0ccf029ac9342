# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A scene: the service in a world, and a controller that talks to it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .manners import check_named
from .place import collections_path, load_simulator
from .runs import LONGEST, Controller, Row
from .worlds import World

BINDINGS, EXTRACTS, REQUEUE = "/api/v1/bindings/", "/api/extracts/", "/api/v1/extracts/requeue/"


class Scene(Controller):
    """A controller with its service: the simulator, in this process, so that a test can look into it and script its faults."""

    def __init__(self, folder: Path, collections: Path, world: World, service: Any) -> None:
        super().__init__(folder, collections, service.url)
        self.world, self.service = world, service
        self._forgotten = 0

    def forget(self) -> None:
        """Leave out of `requests` what was sent until now."""
        self._forgotten = len(self.service.requests)

    def requests(self, method: str = "", path: str = "") -> list[Row]:
        """Return the requests since the last `forget`."""
        rows = self.service.requests[self._forgotten :]
        return [row for row in rows if method in ("", row["method"]) and path in ("", row["path"])]

    def writes(self) -> list[Row]:
        """Return the requests that are no reads."""
        return [row for row in self.requests() if row["method"] not in ("GET", "OPTIONS")]

    def posts(self) -> list[Row]:
        """Return the bodies of the requeues."""
        return [row["body"] for row in self.requests("POST", REQUEUE)]

    def patches(self) -> list[tuple[int, Row]]:
        """Return the id and the body of each change of a binding."""
        return [(int(row["path"].split("/")[4]), row["body"]) for row in self.requests("PATCH") if row["path"].startswith(BINDINGS)]

    def talks(self) -> list[list[str]]:
        """Return the methods of the requests since the last `forget`, connection by connection: a module uses one."""
        by_connection: dict[int, list[str]] = {}
        for row in self.requests():
            by_connection.setdefault(row["connection"], []).append(row["method"])
        return list(by_connection.values())

    def loads(self, binding: int) -> list[int]:
        """Return the extracts that were loaded into a binding, in order; one that was loaded twice is there twice."""
        return [row["extract_id"] for row in self.service.loads if row["binding_id"] == binding]

    def release(self, lost: bool = False) -> None:
        """Let go what the service holds, after its sender was killed. With `lost` take back what that loaded: as if it had never arrived."""
        held = [row["n"] for row in self.service.requests if row["status"] is None]
        self.service.release()
        limit = time.monotonic() + LONGEST
        while any(row["status"] is None for row in self.service.requests):
            assert time.monotonic() < limit, "the service still holds a request"
            time.sleep(0.005)
        if lost:
            loads = self.service.world.loads
            loads[:] = [row for row in loads if row["request"] not in held]

    def enabled(self) -> list[int]:
        """Return the ids of the bindings that are enabled."""
        return sorted(row["id"] for row in self.service.world.bindings.values() if row["enabled"])

    def fetch(self, identity: int, datastream: int) -> int:
        """Let the service fetch one more extract, now, a second before whatever follows; return its id. It loads by itself where a binding is enabled."""
        self.service.fetch(datastream, identity)
        self.service.change({"clock": {"forward": 1}})
        return identity

    def check_manners(self) -> None:
        """Check what holds for everything that the collection ever sends."""
        check_named(self.service.requests)
        for row in self.service.requests:
            assert row["path"].endswith("/"), row
            assert row["headers"].get("user-agent", "").startswith("adverity.management/"), row
            if (row["method"], row["path"]) == ("POST", REQUEUE):
                assert 1 <= len(row["body"]["extract_ids"]) <= 50, row
                assert row["body"].get("binding_ids") != [], row


@contextlib.contextmanager
def open_scene(folder: Path, world: World, switches: Row | None = None, **options: Any) -> Iterator[Scene]:
    """Open a scene; `options` are those of the simulator."""
    with load_simulator().Simulator(world.data, switches, **options) as service:
        scene = Scene(folder / "controller", collections_path(folder / "collections"), world, service)
        try:
            yield scene
        finally:
            scene.check_manners()

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a test sees of the API: the requests that came, and what they left behind. Tests in process use it, too."""

from __future__ import annotations

import copy
from typing import Any
from uuid import UUID

from .world import Row, World

DATASTREAMS = "/api/v1/datastreams"
PATHS = {"PATCH": DATASTREAMS + "/", "PUT": DATASTREAMS + "/pulling/smart/"}
BINDINGS, EXTRACTS, REQUEUE = "/api/v1/bindings/", "/api/extracts/", "/api/v1/extracts/requeue/"


def check_named(requests: list[Row]) -> None:
    """Check that each change of datastreams names 1 to 50 of them by UUIDs: one that names none would change all datastreams of a company."""
    for row in requests:
        if row["method"] != "GET" and row["path"].startswith(DATASTREAMS):
            named = [value for name, value in row["query"] if name == "datastream_id"]
            assert 1 <= len(named) <= 50, f"a change of {len(named)} datastreams: {row}"
            assert [str(UUID(value)) for value in named] == named, row


class ObservedApi:
    """A simulator as `service`, and the `world` with which it began."""

    def __init__(self, world: World, service: Any) -> None:
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

    def loads(self, binding: int) -> list[int]:
        """Return the extracts that were loaded into a binding, in order; one that was loaded twice is there twice."""
        return [row["extract_id"] for row in self.service.loads if row["binding_id"] == binding]

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

    # Changes of datastreams

    def datastream_changes(self) -> list[tuple[str, list[str], Row]]:
        """Return the changes since the last `forget`: method, UUIDs of the datastreams that a request names, and body."""
        rows = [row for row in self.writes() if row["path"].startswith(DATASTREAMS)]
        for row in rows:
            assert row["path"] == PATHS.get(row["method"]), row
            assert {name for name, _value in row["query"]} == {"datastream_id"}, row
        return [(row["method"], [value for _name, value in row["query"]], row["body"]) for row in rows]

    def datastreams(self) -> dict[str, Row]:
        """Return what the service holds of each datastream now, by UUID."""
        return {row["uuid"]: copy.deepcopy(row) for row in self.service.world.datastreams.values()}

    def changed_fields(self, before: dict[str, Row]) -> dict[str, Row]:
        """Return the fields of datastreams that are no longer as they were, by UUID."""
        changed = {uuid: {name: value for name, value in row.items() if value != before[uuid][name]} for uuid, row in self.datastreams().items()}
        return {uuid: fields for uuid, fields in changed.items() if fields}

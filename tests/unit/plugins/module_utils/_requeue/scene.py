# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service that answers as the guides describe it, and what is asked of a requeue against it. Not tests."""

from __future__ import annotations

from email.utils import formatdate
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import Unfinished
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.plugins.module_utils._requeue import requeue as _run

DATASTREAM, TARGET, BINDING = 456, 789, 5


def day(number):
    return f"2026-{1 + (number - 1) // 28:02}-{1 + (number - 1) % 28:02}T05:00:00Z"


NOW = 1783000000  # 2026-07-02T13:46:40Z


def now(second):
    """A time as the service writes it, so many seconds after NOW."""
    return f"2026-07-02T13:{46 + (40 + second) // 60}:{(40 + second) % 60:02}Z"


class Service:
    """Bindings, extracts and the requeue as the guides describe them. ``outcomes`` are what happens to the next POSTs instead of success; ``bad`` are
    extracts that it does not take, ``bad_bindings`` bindings into which it takes nothing, ``unreadable`` datastreams whose extracts it does not list,
    ``gone`` datastreams that were deleted;
    ``clock`` is the second of ``NOW`` that its answers carry."""

    def __init__(self, answer, extracts=3):
        self.answer = answer
        self.bindings = [{"id": BINDING, "datastream_id": DATASTREAM, "target_id": TARGET, "enabled": True}]
        self.bad, self.bad_bindings, self.unreadable, self.gone = set(), set(), set(), set()
        self.clock = None
        self.extracts = {DATASTREAM: [{"id": 100 + number, "created": day(number)} for number in range(1, extracts + 1)]}
        self.outcomes = []
        self.posts = []
        self.reads = []

    def __call__(self, request):
        url = urlsplit(request.target)
        asked = {name: int(values[0]) for name, values in parse_qs(url.query).items() if name.endswith("_id")}
        if request.method == "GET":
            self.reads.append(request.target)
            if url.path == "/api/v1/bindings/":
                rows = [row for row in self.bindings if all(row[name] == value for name, value in asked.items())]
                return self.answer(200, {"items": rows, "count": len(rows)}, headers=self.date())
            if asked["datastream_id"] in self.unreadable:
                return self.answer(500, {"detail": "no list"})
            if asked["datastream_id"] in self.gone:
                return self.answer(404, {"detail": "Not found."})
            rows = self.extracts.get(asked["datastream_id"], [])
            return self.answer(200, {"count": len(rows), "next": None, "previous": None, "results": rows})
        if request.method == "PATCH":
            [row] = [row for row in self.bindings if url.path == f"/api/v1/bindings/{row['id']}/"]
            row.update(request.json, updated=now(self.clock or 0))
            return self.answer(200, row, headers=self.date())
        assert (request.method, url.path) == ("POST", "/api/v1/extracts/requeue/")
        self.posts.append(request.json)
        bad = self.bad.intersection(request.json["extract_ids"]) or self.bad_bindings.intersection(request.json.get("binding_ids", []))
        outcome = self.outcomes.pop(0) if self.outcomes else 404 if bad else 200
        return outcome(request) if callable(outcome) else self.post(request, outcome)

    def date(self):
        return None if self.clock is None else {"Date": formatdate(NOW + self.clock, usegmt=True)}

    def post(self, request, outcome):
        ids = request.json["extract_ids"]
        done = {"message": f"Dispatched requeue for {len(ids)} extract(s).", "extract_ids": ids, "extract_count": len(ids)}
        if outcome == "lost":
            return lambda talk: False
        if outcome == "reset":
            return lambda talk: talk.reset()
        if outcome == "cut":
            return self.answer(200, done, cut=20)
        if outcome == "html":
            return self.answer(200, body=b"<title>Log in</title>", content_type="text/html")
        if outcome == "429 then":
            return self.answer(429, {"detail": "slow down"})
        if outcome == "503 then":
            return self.answer(503, {"detail": "later"}, headers={"Retry-After": "1"})
        if isinstance(outcome, dict):
            return self.answer(200, dict(done, **outcome))
        if not isinstance(outcome, int):
            return self.answer(200, outcome)
        return self.answer(outcome, done if outcome == 200 else {"detail": f"status {outcome}"})


def params(place, **options):
    plain = dict.fromkeys(("extract_ids", "datastream_ids", "created_from", "created_to", "binding_ids", "target_id", "limit", "enabled_bindings"))
    plain.update(
        ledger=place.ledger, ledger_password=None, ledger_wait=20, backfill="always", sequential=True, batch_size=50, force=False, on_unknown="fail",
        on_refused="fail", on_failed="skip", state_labels={}, state="requeued",
    )  # fmt: skip
    if not {"extract_ids", "target_id", "binding_ids"}.intersection(options):
        plain["datastream_ids"] = [DATASTREAM]
    return dict(plain, **options)


def fails(run, kind, *args, **options):
    """The result of a run that is to fail."""
    with pytest.raises(kind) as caught:
        run(*args, **options)
    result = caught.value.result()
    assert "\n" not in result["msg"]
    assert result.get("unfinished", False) is isinstance(caught.value, Unfinished)
    return result


def stand(service, place):
    """What the ledger says: {(binding, extract): status}."""
    with place.open(LOOK, f"127.0.0.1:{service.server.port}") as ledger:
        return {(entry.binding_id, entry.extract_id): entry.status for entry in ledger.entries()}


def known(service, place):
    """What the ledger knows of bindings."""
    with place.open(LOOK, f"127.0.0.1:{service.server.port}") as ledger:
        return ledger.histories()


def one_binding(**statuses):
    return {(BINDING, extract_id): status for status, ids in statuses.items() for extract_id in ids}


KINDS = ("requeued", "skipped", "unknown", "refused", "failed", "remaining")


def ids_of(result):
    return {name: result[name + "_extract_ids"] for name in KINDS if result[name + "_extract_ids"]}


def counts(**more):
    return dict({"requeued": 0, "skipped": 0, "recorded": 0, "loaded_by_itself": 0, "unknown": 0, "refused": 0, "failed": 0, "remaining": 0}, **more)


def posted(service, start=0):
    return [one for post in service.posts[start:] for one in post["extract_ids"]]


def add_binding(service, binding_id, datastream_id=DATASTREAM, **more):
    service.bindings.append(dict({"id": binding_id, "datastream_id": datastream_id, "target_id": TARGET, "enabled": True}, **more))


def add_datastream(service, datastream_id, binding_id, count=3):
    """One more datastream with a binding to the same destination. Returns the ids of its extracts."""
    add_binding(service, binding_id, datastream_id)
    ids = [100 * (datastream_id - 400) + number for number in range(1, count + 1)]
    service.extracts[datastream_id] = [{"id": each, "created": day(number)} for number, each in enumerate(ids, 1)]
    return ids


def requeue(client, place, check_mode=False, **options):
    """The result of ``adverity_requeue`` with these options."""
    return _run.requeue(client, params(place, **options), check_mode)

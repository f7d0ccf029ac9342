# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator itself: it takes requests, does the work or misbehaves, and records."""

from __future__ import annotations

import contextlib
import copy
import email.utils
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from .calls import Call, Refusal
from .changes import Script, make_changes, read_changes
from .control import CONTROL, control
from .demo import default_world
from .faults import HOLD_SECONDS, Fault
from .loading import Load
from .messages import Answer, Request, Sending
from .older import not_allowed
from .resources import ROUTES
from .server import Server
from .switches import Switches
from .values import Row, exact_time, parse_time
from .world import World


class Simulator:
    """The service on a loopback port, served by threads. Use it as a context manager, or `start` and `stop` it.

    `requests` is the log of requests (not those for control), `loads` what requeues loaded, `self_loads` what loaded by
    itself, `world` the live World, `switches`, `faults` and `scripts` may be changed at any time. `latency` is seconds before each answer, `log` a file to
    which each request is appended as a line of JSON before it is answered. With `port` None nothing is served and no socket is made: whoever has
    the simulator hands requests to `respond`. `sleep` is how it waits; whoever holds the time may put another function there. ValueError for a bad world or
    switch, or a host that is not loopback.

    Rows of `requests`: n, connection (a number for each TCP connection), method, path, query (pairs), key (its name,
    never its text; null for a wrong one), headers (names in lower case, without Authorization), body (JSON or text),
    status (null while it is not answered, and where it never was), at (real time). Rows of `loads`: extract_id,
    binding_id, datastream_id, request (the n of the POST), state (queued, then done or failed), at (the world's clock).
    """

    world: World
    switches: Switches

    def __init__(self, world: Row | None = None, switches: Row | None = None, latency: float = 0.0,
                 certfile: str | None = None, keyfile: str | None = None, log: str | None = None,
                 host: str = "127.0.0.1", port: int | None = 0) -> None:
        self._first_world, self._first_switches = copy.deepcopy(world), dict(switches or {})
        self._lock = threading.RLock()
        self._released = threading.Condition()
        self._held = self._releases = self._connections = 0
        self._open: set[socket.socket] = set()
        self._log_path = log
        self.latency = latency
        self.sleep: Callable[[float], None] = time.sleep
        self.stopping = False
        self.stopped = threading.Event()
        self.reset()
        self.port, self.url = 0, "https://simulator.example"
        if port is None:
            return
        self._server = Server(self, host, port, certfile, keyfile)
        self.port = self._server.server_address[1]
        self.url = f"{'https' if certfile else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def start(self) -> Simulator:
        """Serve in a thread."""
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop serving and close all connections; harmless when repeated."""
        if self.stopped.is_set():
            return
        self.stopped.set()
        self.release()
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):  # gone already
                connection.shutdown(socket.SHUT_RDWR)

    def reset(self, world: Row | None = None) -> None:
        """Begin anew: this world (or the first one), the first switches, no faults, nothing logged."""
        with self._lock:
            data = world if world is not None else self._first_world
            self.world = World(data if data is not None else default_world())
            self.switches = self.world.switches = Switches(self._first_switches)
            self.faults: list[Fault] = []
            self.scripts: list[Script] = []
            self.requests: list[Row] = []
            self._number = 0

    def fault(self, **data: Any) -> Fault:
        """Add a fault: `fault(method="POST", path="requeue", drop="after")`, in the words of its JSON form."""
        fault = Fault.read(data)
        self.faults.append(fault)
        return fault

    def script(self, **data: Any) -> Script:
        """Add changes to make at a request: `script(path="/api/extracts/", skip=1, changes={"remove": {"extracts": [101]}})`."""
        script = Script.read(data)
        self.scripts.append(script)
        return script

    def change(self, *changes: Row) -> list[Any]:
        """Change the world now (see the file changes): `change({"switch": {"binding_id": 5, "enabled": False}})`."""
        with self._lock:
            return make_changes(self.world, read_changes(list(changes)))

    def fetch(self, datastream_id: int, identity: int | None = None, at: str | None = None, fails: bool = False) -> Row:
        """Let the service fetch an extract, now or at a time: it loads by itself where a binding is enabled."""
        with self._lock:
            return self.world.fetch(datastream_id, identity, at, fails)

    def switch_binding(self, identity: int, enabled: bool, at: str | None = None) -> Row:
        """Let somebody switch a binding in the user interface, now or at a time."""
        with self._lock:
            return self.world.switch_binding(identity, enabled, at)

    @property
    def self_loads(self) -> list[Row]:
        """What has loaded by itself, in order, as rows."""
        with self._lock:
            self.world.settle()
            return [dict(row) for row in self.world.self_loads]

    @property
    def arrivals(self) -> list[tuple[int, int]]:
        """(extract, binding) of each load, by requeue and by itself: a pair that is there twice was loaded twice."""
        with self._lock:
            self.world.settle()
            return [(row["extract_id"], row["binding_id"]) for row in (*self.world.loads, *self.world.self_loads)]

    @property
    def loads(self) -> list[Row]:
        """What has been loaded, in order, as rows; `state` turns from queued to done or failed as the clock goes on."""
        with self._lock:
            now = self.world.now()
            return [{**{name: value for name, value in row.items() if name != "load"}, "state": _state(row["load"], now)} for row in self.world.loads]

    @property
    def all_loads(self) -> list[Row]:
        """`loads`, and with `request` null what has loaded by itself, by time."""
        with self._lock:
            by_itself, now = self.self_loads, self.world.now()
            begun = {(load.extract_id, load.binding_id, exact_time(load.start)): load for load in self.world.history}
            rows = [{**row, "request": None, "state": _state(begun[row["extract_id"], row["binding_id"], row["at"]], now)} for row in by_itself]
            return sorted([*self.loads, *rows], key=lambda row: parse_time(row["at"]))

    @property
    def holds(self) -> set[tuple[int, int]]:
        """(extract, binding) of what the destinations hold by now."""
        with self._lock:
            return self.world.holds()

    @property
    def failed(self) -> set[tuple[int, int]]:
        """(extract, binding) of what has failed to load by now, at least once."""
        with self._lock:
            return self.world.failed()

    @property
    def held(self) -> int:
        """How many requests a `hold` fault holds now."""
        return self._held

    def release(self) -> int:
        """Let all held requests go on; returns how many there were."""
        with self._released:
            held, self._releases = self._held, self._releases + 1
            self._released.notify_all()
            return held

    # --- one connection, one request ---

    def opened(self, connection: socket.socket) -> int:
        """A new connection: returns its number."""
        with self._lock:
            self._open.add(connection)
            self._connections += 1
            return self._connections

    def closed(self, connection: socket.socket) -> None:
        """A connection has ended."""
        with self._lock:
            self._open.discard(connection)

    def respond(self, request: Request, connection: int) -> Sending:
        """The bytes that answer a request, and how they go out."""
        if request.path.startswith(CONTROL):
            return Sending(control(self, request).encode(request.keep_alive), request.keep_alive)
        with self._lock:
            row = self._arrived(request, connection)
            due = [fault for fault in self.faults if fault.due(request.method, request.path)]
            fault = due[0] if due else None
            if fault:
                fault.fired += 1
            scripts = [script for script in self.scripts if script.due(request.method, request.path)]
            self._run(scripts, "before")
        if self.latency:
            self.sleep(self.latency)
        answer = self._misbehave(request, row, fault) if fault else self._work(request, row)
        with self._lock:
            self._run(scripts, "after")
        row["status"] = answer.status if answer else None
        self._write_log(row)
        if answer is None:
            return Sending(b"", False)
        whole = answer.encode(request.keep_alive)
        head = whole.index(b"\r\n\r\n") + 4
        if fault and fault.kind == "cut":
            return Sending(whole[:head + fault.do], False)
        if fault and fault.kind == "drip":
            start = head if fault.do.get("part", "body") == "body" else 0
            return Sending(whole, request.keep_alive, start, fault.do["seconds"], fault.do.get("limit", HOLD_SECONDS))
        return Sending(whole, request.keep_alive)

    def _run(self, scripts: list[Script], when: str) -> None:
        for script in scripts:
            if script.when == when:
                script.run(self.world)

    def _arrived(self, request: Request, connection: int) -> Row:
        self._number += 1
        key = self._key(request)
        row = {"n": self._number, "connection": connection, "method": request.method, "path": request.path,
               "query": [list(pair) for pair in request.query], "key": key[0] if key else None,
               "headers": {name: value for name, value in request.headers.items() if name != "authorization"},
               "body": request.payload(), "status": None,
               "at": datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")}
        self.requests.append(row)
        return row

    def _write_log(self, row: Row) -> None:
        if self._log_path:
            with self._lock, open(self._log_path, "a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")

    def _misbehave(self, request: Request, row: Row, fault: Fault) -> Answer | None:
        """The answer under a fault; None: close the connection instead."""
        kind, do = fault.kind, fault.do

        def pause(moment: str) -> bool:
            if kind == "delay" and do.get("when", "before") == moment:
                self.sleep(do["seconds"])
            if kind == "hold" and do == moment:
                self._hold()
            return kind == "drop" and do == moment

        if pause("before"):
            return None
        replaced = kind in ("status", "html", "json", "redirect")
        answer = None
        if fault.work or not replaced:
            answer = self._work(request, row, do if kind == "mutate" else None)
        if pause("after"):
            return None
        if replaced or answer is None:
            return self._dated(fault.instead())
        if kind == "count" and isinstance(answer.body, dict) and "count" in answer.body:
            answer.body["count"] += do
        return answer

    def _hold(self) -> None:
        with self._released:
            self._held += 1
            seen = self._releases
            self._released.wait_for(lambda: self._releases != seen, timeout=HOLD_SECONDS)
            self._held -= 1

    def _key(self, request: Request) -> tuple[str, Row] | None:
        scheme, _space, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            for name, row in self.world.keys.items():
                if hmac.compare_digest(row["key"].encode(), text.encode("latin-1")):
                    return name, row
        return None

    def _work(self, request: Request, row: Row, mutation: Row | None = None) -> Answer:
        """What the service itself answers: route, key, scope, rule."""
        with self._lock:
            if mutation:
                make_changes(self.world, read_changes(mutation))
            self.world.settle()
            try:
                answer = self._apply(request, row)
                return self._dated(answer if isinstance(answer, Answer) else Answer(200, answer))
            except Refusal as refusal:
                return self._dated(self._refuse(request.path, refusal))

    def _dated(self, answer: Answer) -> Answer:
        if self.switches["date_header"] == "on":
            answer.headers.setdefault("Date", email.utils.format_datetime(self.world.now(), usegmt=True))
        return answer

    def _apply(self, request: Request, row: Row) -> Any:
        paths = [(route, match) for route in ROUTES for match in [route[1].fullmatch(request.path)] if match]
        if not paths:
            if request.method == "GET" and any(route[1].fullmatch(request.path + "/") for route in ROUTES):
                raise Refusal(301, request.path + "/")
            raise Refusal(404, "Not Found")
        routes = [entry for entry in paths if entry[0][0] == request.method]
        if not routes:
            raise Refusal(405, "Method Not Allowed") if request.path.startswith("/api/v1/") else not_allowed(request.method)
        (_method, _pattern, scope, rule), match = routes[0]
        key = self._key(request)
        if key is None:
            raise Refusal(401, "Unauthorized")
        checked = request.path.startswith("/api/v1/") or self.switches["older_scopes"] == "checked"
        if checked and scope is not None and scope not in key[1]["scopes"]:
            raise Refusal(403, "Forbidden.")
        scheme, _mark, own_host = self.url.partition("://")
        base_url = f"{scheme}://{request.headers.get('host') or own_host}"
        return rule(Call(self.world, self.switches, key[1], request.method, request.path, match.groups(), request.query,
                         request.body, base_url, row["n"]))

    def _refuse(self, path: str, refusal: Refusal) -> Answer:
        status, detail = refusal.status, refusal.detail
        if status == 301:
            return Answer(301, "", {"Location": detail})
        form = self.switches["error_bodies"] if path.startswith("/api/v1/") else "detail"
        if form == "detail":
            return Answer(status, detail if isinstance(detail, dict) else {"detail": detail})
        if not isinstance(detail, str):
            detail = "; ".join(f"{'.'.join(row['loc'])}: {row['msg']}" for row in detail)
        return Answer(status, {"message": detail} if form == "message" else detail)


def _state(load: Load, now: datetime) -> str:
    return "queued" if load.end > now else "failed" if load.fails else "done"

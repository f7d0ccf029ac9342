# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control API, ``/_simulator/...``: for tests and the demonstration. JSON in, JSON out, no key.

- ``GET`` alone: what there is; ``requests`` (``DELETE`` forgets them), ``loads`` (all; `request` is null where an extract loaded by itself),
  ``self_loads`` (these alone), ``holds``, ``failed``, ``held``, ``clock``.
- ``GET`` and ``PUT world``: a seed file's content; ``POST reset``: the first world and switches anew.
- ``GET`` and ``PATCH switches``: `{name: value}`.
- ``GET``, ``POST`` and ``DELETE faults``: one or a list, as `{"method": "POST", "path": "requeue", "skip": 1, "times": 1, "drop": "after"}`.
- ``GET``, ``POST`` and ``DELETE scripts``: one or a list, as `{"path": "/api/extracts/", "skip": 1, "when": "before", "changes": [...]}`.
- ``POST changes``: one or a list, made now, as `{"switch": {"binding_id": 5, "enabled": false}}`, `{"fetch": {"datastream_id": 456}}`;
  the file changes.py has all of them.
- ``POST release``: what a `hold` fault holds goes on; ``POST stop``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from .changes import Script, read_changes
from .faults import Fault
from .messages import Answer, Request
from .resources import KINDS
from .values import Row, exact_time
from .world import World

if TYPE_CHECKING:
    from .service import Simulator

CONTROL = "/_simulator/"


def control(simulator: Simulator, request: Request) -> Answer:
    """The control API, `/_simulator/...`: for tests and the demonstration; it needs no key and is not logged."""
    name = request.path[len(CONTROL):].rstrip("/")
    try:
        action = CONTROLS.get((request.method, name))
        if action is None:
            known = ", ".join(f"{method} {CONTROL}{what}" for method, what in CONTROLS)
            return Answer(404, {"detail": f"There are: {known}"})
        with simulator._lock:
            return Answer(200, action(simulator, request.payload()))
    except (ValueError, TypeError, KeyError) as exc:
        return Answer(400, {"detail": str(exc)})


def _status(simulator: Simulator, _body: Any) -> Row:
    return {"name": "adverity simulator", "url": simulator.url, "requests": len(simulator.requests),
            "loads": len(simulator.world.loads), "self_loads": len(simulator.world.self_loads),
            "faults": len(simulator.faults), "scripts": len(simulator.scripts), "held": simulator.held,
            **{kind: len(getattr(simulator.world, kind)) for kind in KINDS}}


def _forget_requests(simulator: Simulator, _body: Any) -> Row:
    forgotten = len(simulator.requests)
    simulator.requests.clear()
    return {"forgotten": forgotten}


def _put_world(simulator: Simulator, body: Any) -> Row:
    simulator.world = World(body)
    simulator.world.switches = simulator.switches
    return simulator.world.data()


def _reset(simulator: Simulator, _body: Any) -> Row:
    simulator.reset()
    return _status(simulator, None)


def _set_switches(simulator: Simulator, body: Any) -> Row:
    simulator.switches.update(body)
    return simulator.switches


def _add_faults(simulator: Simulator, body: Any) -> list[Row]:
    simulator.faults.extend([Fault.read(row) for row in (body if isinstance(body, list) else [body])])
    return [fault.data() for fault in simulator.faults]


def _clear_faults(simulator: Simulator, _body: Any) -> list[Row]:
    simulator.faults.clear()
    return []


def _add_scripts(simulator: Simulator, body: Any) -> list[Row]:
    simulator.scripts.extend([Script.read(row) for row in (body if isinstance(body, list) else [body])])
    return [script.data() for script in simulator.scripts]


def _clear_scripts(simulator: Simulator, _body: Any) -> list[Row]:
    simulator.scripts.clear()
    return []


def _stop(simulator: Simulator, _body: Any) -> Row:
    simulator.stopping = True  # the handler stops the server once this answer is out
    return {"stopping": True}


CONTROLS: dict[tuple[str, str], Callable[[Simulator, Any], Any]] = {
    ("GET", ""): _status,
    ("GET", "requests"): lambda simulator, body: list(simulator.requests),
    ("DELETE", "requests"): _forget_requests,
    ("GET", "loads"): lambda simulator, body: simulator.all_loads,
    ("GET", "holds"): lambda simulator, body: sorted(simulator.holds),
    ("GET", "failed"): lambda simulator, body: sorted(simulator.failed),
    ("GET", "self_loads"): lambda simulator, body: simulator.self_loads,
    ("GET", "world"): lambda simulator, body: simulator.world.data(),
    ("PUT", "world"): _put_world,
    ("POST", "reset"): _reset,
    ("GET", "switches"): lambda simulator, body: simulator.switches,
    ("PATCH", "switches"): _set_switches,
    ("GET", "faults"): lambda simulator, body: [fault.data() for fault in simulator.faults],
    ("POST", "faults"): _add_faults,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "changes"): lambda simulator, body: simulator.change(*read_changes(body)),
    ("GET", "clock"): lambda simulator, body: {**simulator.world.clock.data(), "now": exact_time(simulator.world.now())},
    ("GET", "scripts"): lambda simulator, body: [script.data() for script in simulator.scripts],
    ("POST", "scripts"): _add_scripts,
    ("DELETE", "scripts"): _clear_scripts,
    ("GET", "held"): lambda simulator, body: {"held": simulator.held},
    ("POST", "release"): lambda simulator, body: {"released": simulator.release()},
    ("POST", "stop"): _stop,
}

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: ``python3 adverity_simulator --port 0 --port-file /some/where/port``."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from typing import Any

if not __package__:  # started as a folder, which is no package then
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.dont_write_bytecode = True  # an installed collection stays as it was installed

from adverity_simulator.service import Simulator
from adverity_simulator.switches import SWITCHES
from adverity_simulator.world import World


def _options(arguments: list[str] | None) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    switches = "\n".join(f"  {name}: {meaning}\n    {'a number' if allowed is int else ', '.join(map(str, allowed))}"
                         for name, (allowed, meaning) in SWITCHES.items())
    parser = argparse.ArgumentParser(
        prog="adverity_simulator",
        description="Simulates the Adverity Management API on a loopback address.",
        epilog=f"switches, each with its default first:\n{switches}",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="the port; 0 selects a free one (default: %(default)s)")
    parser.add_argument("--port-file", metavar="F", help="write the port to this file when the simulator is ready")
    parser.add_argument("--seed", metavar="WORLD.json", help="JSON file with the initial data")
    parser.add_argument("--log", metavar="REQUESTS.jsonl", help="append each request to this file, as a line of JSON")
    parser.add_argument("--switch", metavar="NAME=VALUE", action="append", default=[], help="set a switch, see below; repeatable")
    parser.add_argument("--latency-ms", metavar="N", type=float, default=0.0, help="milliseconds to wait before each response")
    parser.add_argument("--stop-after", metavar="SECONDS", type=float, default=3600.0,
                        help="stop after this many seconds (default: %(default)s)")
    parser.add_argument("--stop-with-parent", action="store_true", help="stop when the parent process ends")
    parser.add_argument("--certfile", metavar="F", help="serve HTTPS with this certificate (PEM)")
    parser.add_argument("--keyfile", metavar="F", help="the private key, if it is not in the certificate file")
    return parser, parser.parse_args(arguments)


def _read_seed(path: str) -> Any:
    """The world of a seed file; ValueError names the file and what is wrong with it."""
    try:
        with open(path, encoding="utf-8") as stream:
            data = json.load(stream)
        World(data)
    except ValueError as exc:
        raise ValueError(f"{path}: {exc}") from None
    return data


def _write_port(path: str, port: int) -> None:
    """Write the port so that a reader sees all of it or nothing."""
    draft = f"{path}.{os.getpid()}.tmp"
    with open(draft, "w", encoding="ascii") as stream:
        stream.write(str(port))
    os.replace(draft, path)


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop (signal, time, control API, parent gone). Wrong arguments leave with status 2."""
    parser, options = _options(arguments)
    parent = os.getppid()
    try:
        if any("=" not in text for text in options.switch):
            raise ValueError("--switch takes NAME=VALUE")
        world = _read_seed(options.seed) if options.seed else None
        if options.port_file and os.path.exists(options.port_file):
            os.remove(options.port_file)  # left by an earlier run: nobody should read that port
        simulator = Simulator(world, dict(text.split("=", 1) for text in options.switch), options.latency_ms / 1000,
                              options.certfile, options.keyfile, options.log, options.host, options.port)
    except (OSError, ValueError) as exc:
        parser.error(str(exc))
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_ignored: done.set())
    end = time.monotonic() + options.stop_after
    with simulator:
        if options.port_file:
            _write_port(options.port_file, simulator.port)
        name, key = next(iter(simulator.world.keys.items()), ("none", {"key": "-"}))
        print(f"Adverity simulator at {simulator.url}, key '{name}': {key['key']}", flush=True)
        while not done.wait(0.2) and not simulator.stopped.is_set() and time.monotonic() < end:
            if options.stop_with_parent and os.getppid() != parent:
                break
    if options.port_file and os.path.exists(options.port_file):
        os.remove(options.port_file)
    return 0


if __name__ == "__main__":
    sys.exit(main())

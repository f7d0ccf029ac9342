# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator as a server and as a program: HTTP, TLS, log, control API, command line."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import adverity_simulator
import pytest
from adverity_simulator import KINDS, Simulator
from adverity_simulator.__main__ import main

PROGRAM = Path(adverity_simulator.__file__).parent
KEY = "demo-key-0123456789"
LONGEST = 300.0  # seconds, the last resort against what hangs


@pytest.fixture(name="simulator")
def fixture_simulator(small):
    """A simulator of the small world that listens."""
    with Simulator(small) as simulator:
        yield simulator


def head(line, *headers):
    """The bytes of a request without a body."""
    return "\r\n".join([line, f"Authorization: Bearer {KEY}", *headers, "", ""]).encode()


def exchange(simulator, message):
    """All that comes back on one connection for some bytes, until the simulator closes it."""
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=LONGEST) as connection:
        connection.sendall(message)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


# --- HTTP ---

PATCH = "PATCH /api/v1/bindings/6/ HTTP/1.1", "Content-Length: 16"


def test_client_that_expects_to_be_asked_for_its_body_is_asked_and_keeps_its_connection(simulator):
    answer = exchange(simulator, head(*PATCH, "Expect: 100-continue") + b'{"enabled":true}' + head("GET /api/extracts/ HTTP/1.1"))
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert [(row["connection"], row["status"]) for row in simulator.requests] == [(1, 200), (1, 200)]


@pytest.mark.parametrize(("message", "answer"), [
    *((message, b"HTTP/1.1 400 Bad Request") for message in (
        b"nonsense\r\n\r\n", head("GET / HTTP/1.1", "Content-Length: many"), head("GET / HTTP/1.1", "Transfer-Encoding: chunked"))),
    (head(*PATCH) + b'{"enabled"', b""),  # the body ends early
])
def test_bytes_that_are_no_request_change_nothing(simulator, message, answer):
    assert exchange(simulator, message).partition(b"\r\n")[0] == answer
    assert (simulator.requests, simulator.world.bindings[6]["enabled"]) == ([], False)


def test_bug_is_a_500_and_a_traceback(simulator, capsys):
    simulator.world.keys["all"] = {}
    assert exchange(simulator, head("GET /api/v1/bindings/ HTTP/1.1")).startswith(b"HTTP/1.1 500 ")
    assert "KeyError" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
def test_host_that_is_no_loopback_address_is_refused(host):
    with pytest.raises(ValueError, match="not a loopback address"):
        Simulator(host=host)


# --- log and control ---

def test_log_has_each_request_and_no_key(start, small, tmp_path):
    log = tmp_path / "requests.jsonl"
    ask = start(small, log=str(log))
    ask("PATCH", "/api/v1/bindings/6/?a=1&a=&b=%C3%BC", {"enabled": True}, headers={"X-Mixed": "Case"})
    ask("PATCH", "/api/v1/bindings/6/", b"{", key="wrong")
    rows = ask.control("GET", "requests")
    assert {**rows[0], "at": ""} == {
        "n": 1, "connection": 1, "method": "PATCH", "path": "/api/v1/bindings/6/", "query": [["a", "1"], ["a", ""], ["b", "ü"]],
        "key": "all", "headers": {"x-mixed": "Case", "content-length": "17"}, "body": {"enabled": True}, "status": 200, "at": ""}
    assert [rows[1][name] for name in ("n", "key", "body", "status")] == [2, None, "{", 401]
    text = log.read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.splitlines()] == rows
    assert not [secret for secret in (KEY, "wrong") if secret in text]
    assert (ask.control("DELETE", "requests"), ask.control("GET", "requests")) == ({"forgotten": 2}, [])


def test_control_api_shows_replaces_and_resets_the_world(ask_small):
    ask = ask_small
    ask("POST", "/api/v1/extracts/requeue/", {"extract_ids": [101]})
    world = ask.control("GET", "world")
    world["bindings"][1]["enabled"] = True
    assert ask.control("PUT", "world", world) == world
    assert (ask.control("GET", "loads"), ask.simulator.world.bindings[6]["enabled"]) == ([], True)
    assert ask.control("POST", "reset") == ask.control("GET", "") == {
        "name": "adverity simulator", "url": ask.simulator.url, "requests": 0, "loads": 0, "self_loads": 0, "faults": 0, "scripts": 0,
        "held": 0, **{kind: len(world[kind]) for kind in KINDS}}
    assert ask.simulator.world.bindings[6]["enabled"] is False
    assert [ask(method, f"/_simulator/{what}", key=None).status for method, what in (("GET", "nothing"), ("POST", "world"))] == [404, 404]


# --- the command line ---

def command(*arguments):
    return [sys.executable, str(PROGRAM), "--port", "0", *arguments]


def wait_for_port(path, process):
    """The port in the file that a program writes when it is ready."""
    end = time.monotonic() + LONGEST
    while not path.exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    return int(path.read_text(encoding="ascii"))


@contextmanager
def program(folder, *arguments):
    """The program on a free port: (process, port). It is ended, should it still run."""
    process = subprocess.Popen(command("--port-file", str(folder / "port"), *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process, wait_for_port(folder / "port", process)
    finally:
        process.kill()
        process.communicate()


def get(port, path, method="GET"):
    """The JSON that a running program answers."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST)) as connection:
        connection.request(method, path, headers={"Authorization": f"Bearer {KEY}"})
        return json.load(connection.getresponse())


def test_program_serves_and_stops_over_http(tmp_path, small):
    seed, log = tmp_path / "world.json", tmp_path / "log.jsonl"
    seed.write_text(json.dumps(small), encoding="utf-8")
    arguments = ["--seed", str(seed), "--log", str(log), "--switch", "extract_page_size=2", "--switch", "extract_count=off"]
    with program(tmp_path, *arguments) as (process, port):
        body = get(port, "/api/extracts/")
        assert ([row["id"] for row in body["results"]], "count" in body) == ([103, 102], False)
        assert json.loads(log.read_text(encoding="utf-8"))["status"] == 200
        taken = subprocess.run([*command(), "--port", str(port)], capture_output=True, text=True, timeout=LONGEST, check=False)
        assert (taken.returncode, "in use" in taken.stderr) == (2, True)
        assert get(port, "/_simulator/stop", "POST") == {"stopping": True}
        out, err = process.communicate(timeout=LONGEST)
    assert (process.returncode, out, err) == (0, f"Adverity simulator at http://127.0.0.1:{port}, key 'all': {KEY}\n", "")
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["log.jsonl", "world.json"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, None])
def test_program_stops_at_a_signal_or_after_its_time(tmp_path, number):
    with program(tmp_path, *([] if number else ["--stop-after", "0.3"])) as (process, _port):
        if number:
            process.send_signal(number)
        assert process.wait(LONGEST) == 0
        assert list(tmp_path.iterdir()) == []


def test_program_stops_with_its_parent(tmp_path):
    port_file = tmp_path / "port"
    words = command("--port-file", str(port_file), "--stop-with-parent", "--stop-after", "900")
    script = f"import subprocess, sys; subprocess.Popen({words!r}, stdout=subprocess.DEVNULL); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE) as parent:
        assert get(wait_for_port(port_file, parent), "/_simulator/")["requests"] == 0
        parent.communicate(b"")
    end = time.monotonic() + LONGEST
    while port_file.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not port_file.exists()


@pytest.mark.parametrize(("arguments", "message"), [
    (["--host", "0.0.0.0"], "0.0.0.0 is not a loopback address"), (["--switch", "x=1"], "there is no switch 'x'"),
    (["--switch", "binding_rows"], "NAME=VALUE"), (["--seed", "missing.json"], "missing.json"), (["--seed", "bad.json"], "bad.json: now: 'soon'"),
    (["--seed", "broken.json"], "broken.json: "), (["--colour"], "unrecognized"), (["--certfile", "missing.pem"], "missing.pem"),
])
def test_wrong_argument_is_one_line(tmp_path, monkeypatch, capsys, arguments, message):
    (tmp_path / "bad.json").write_text('{"now": "soon"}', encoding="utf-8")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        main(["--port", "0", *arguments])
    shown = capsys.readouterr()
    last = shown.err.splitlines()[-1]
    assert (caught.value.code, shown.out, last.startswith("adverity_simulator: error: "), message in last) == (2, "", True, True)


def test_help_has_each_switch_and_its_meaning(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    for name, (_allowed, meaning) in adverity_simulator.SWITCHES.items():
        assert f"  {name}: {meaning}\n" in shown

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator as a server and as a program: HTTP, TLS, log, control API, command line."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import adverity_simulator
import pytest
from adverity_simulator import Simulator
from ansible_collections.adverity.management.tests.integration.targets.setup_harness.adverity_harness.authority import Authority

PROGRAM = Path(adverity_simulator.__file__).parent
KEY = "demo-key-0123456789"
BINDINGS, REQUEUE = "/api/v1/bindings/", "/api/v1/extracts/requeue/"
LONGEST = 300.0  # seconds, the last resort against what hangs


# --- HTTP ---

def raw(ask, *messages):
    """All that comes back on one connection for some bytes, until the simulator closes it."""
    with socket.create_connection(("127.0.0.1", ask.simulator.port), timeout=LONGEST) as connection:
        connection.sendall(b"".join(messages))
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def head(line, *headers):
    """The bytes of a request without a body."""
    return "\r\n".join([line, f"Authorization: Bearer {KEY}", *headers, "", ""]).encode()


def test_a_connection_is_kept_and_numbered(ask, another):
    for _round in range(3):
        ask("GET", BINDINGS)
    another(ask)("GET", BINDINGS)
    assert [row["connection"] for row in ask.simulator.requests] == [1, 1, 1, 2]


def test_requests_may_follow_each_other_at_once(ask):
    assert raw(ask, *[head(f"GET {BINDINGS} HTTP/1.1")] * 3).count(b"HTTP/1.1 200 OK\r\n") == 3


@pytest.mark.parametrize("request_", [
    head(f"GET {BINDINGS} HTTP/1.0"), head(f"GET {BINDINGS} HTTP/1.1", "Connection: close"), head(f"HEAD {BINDINGS} HTTP/1.1"),
])
def test_a_connection_that_is_not_kept(ask, request_):
    answer = raw(ask, request_, head(f"GET {BINDINGS} HTTP/1.1"))
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"\r\nConnection: close\r\n" in answer


def test_the_absolute_form_and_escapes(ask):
    assert raw(ask, head("GET http://acme.example/api/v1/bindings/?page_size=1 HTTP/1.1")).startswith(b"HTTP/1.1 200 ")
    assert raw(ask, head("GET /api/v1/%62indings/?page%5Fsize=1&q=a+b%26 HTTP/1.1")).startswith(b"HTTP/1.1 200 ")
    assert ask.simulator.requests[0]["path"] == ask.simulator.requests[1]["path"] == BINDINGS
    assert ask.simulator.requests[1]["query"] == [["page_size", "1"], ["q", "a b&"]]


def test_a_client_that_expects_to_be_asked_for_its_body(ask):
    answer = raw(ask, head("PATCH /api/v1/bindings/123/ HTTP/1.1", "Content-Length: 16", "Expect: 100-continue"),
                 b'{"enabled":true}')
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("message", [
    b"nonsense\r\n\r\n", head("GET / HTTP/2"), b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"GET / HTTP/1.1\r\nA: b",
    head("GET / HTTP/1.1", "Transfer-Encoding: chunked"), head("GET / HTTP/1.1", "Content-Length: many"),
])
def test_bytes_that_are_no_request(ask, message):
    assert raw(ask, message).startswith(b"HTTP/1.1 400 ")
    assert ask.simulator.requests == []


def test_a_body_that_ends_early_is_no_request(ask):
    assert raw(ask, head("PATCH /api/v1/bindings/123/ HTTP/1.1", "Content-Length: 16"), b'{"enabled"') == b""
    assert ask.simulator.world.bindings[123]["enabled"] is False


def test_a_bug_is_told_and_not_taken_for_a_lost_connection(ask, capsys):
    ask.simulator.world.keys["demo"] = {}
    assert ask("GET", BINDINGS).status == 500
    assert "KeyError" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
def test_only_loopback_is_served(host):
    with pytest.raises(ValueError, match="not a loopback address"):
        Simulator(host=host)


def test_latency(start, small):
    ask = start(small, latency=0.1)
    started = time.monotonic()
    ask("GET", BINDINGS)
    assert time.monotonic() - started >= 0.1


def test_stopping_closes_kept_connections(small):
    with Simulator(small) as simulator:
        connection = socket.create_connection(("127.0.0.1", simulator.port), timeout=LONGEST)
        connection.sendall(b"GET /_simulator/ HTTP/1.1\r\n\r\n")
        assert connection.recv(65536)
    with connection:
        assert connection.recv(65536) == b""
    simulator.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", simulator.port), timeout=LONGEST)


def test_tls(start, small, tmp_path):
    """With the certificate and its key in one file."""
    authority = Authority(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(b"".join(Path(name).read_bytes() for name in authority.certify().values()))
    simulator = start(small, certfile=str(both)).simulator
    assert simulator.url == f"https://127.0.0.1:{simulator.port}"
    distrusting = http.client.HTTPSConnection("127.0.0.1", simulator.port, timeout=LONGEST)
    with pytest.raises(ssl.SSLCertVerificationError):
        distrusting.request("GET", BINDINGS)
    distrusting.close()
    context = ssl.create_default_context(cafile=authority.bundle)
    connection = http.client.HTTPSConnection("127.0.0.1", simulator.port, timeout=LONGEST, context=context)
    for page in (1, 2):
        connection.request("GET", f"/api/extracts/?page={page}", headers={"Authorization": f"Bearer {KEY}"})
        simulator.switches["extract_page_size"] = 1
        answer = connection.getresponse()
        body = json.loads(answer.read())
        assert answer.status == 200
    connection.close()
    assert body["next"] == f"{simulator.url}/api/extracts/?page=3"


# --- log and control ---

def test_the_log_of_requests(start, small, tmp_path):
    log = tmp_path / "requests.jsonl"
    ask = start(small, log=str(log))
    ask("PATCH", "/api/v1/bindings/6/?a=1&a=&b=%C3%BC", {"enabled": True}, headers={"X-Mixed": "Case"})
    ask("PATCH", "/api/v1/bindings/6/", b"{", key="wrong")
    ask("GET", BINDINGS, key=None)
    ask.control("GET", "requests")
    rows = ask.simulator.requests
    first = {**rows[0], "at": "", "headers": {}}
    assert first == {
        "n": 1, "connection": 1, "method": "PATCH", "path": "/api/v1/bindings/6/", "query": [["a", "1"], ["a", ""], ["b", "ü"]],
        "key": "all", "headers": {}, "body": {"enabled": True}, "status": 200, "at": ""}
    assert rows[0]["headers"]["x-mixed"] == "Case"
    assert "authorization" not in rows[0]["headers"]
    assert [(row["n"], row["key"], row["body"], row["status"]) for row in rows[1:]] == [
        (2, None, "{", 401), (3, None, None, 401)]
    text = log.read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.splitlines()] == rows == ask.control("GET", "requests")
    assert KEY not in text
    assert "wrong" not in text
    assert ask.control("DELETE", "requests") == {"forgotten": 3}
    ask("GET", BINDINGS)
    assert [row["n"] for row in ask.simulator.requests] == [4]


def test_the_control_surface(start, small):
    ask = start(small)
    ask("POST", REQUEUE, {"extract_ids": [101]})
    status = ask.control("GET", "")
    assert status == {"name": "adverity simulator", "url": ask.simulator.url, "requests": 1, "loads": 1, "self_loads": 0, "faults": 0, "scripts": 0,
                      "held": 0, "workspaces": 1, "datastreams": 1, "targets": 2, "bindings": 2, "extracts": 3, "jobs": 0, "issues": 0,
                      "connections": 0, "target_types": 10, "connection_types": 5, "datastream_types": 7}
    world = ask.control("GET", "world")
    world["bindings"][1]["enabled"] = True
    assert ask.control("PUT", "world", world) == world
    assert ask.control("GET", "loads") == []
    assert ask.simulator.world.bindings[6]["enabled"] is True
    assert ask.control("POST", "reset")["requests"] == 0
    assert ask.simulator.world.bindings[6]["enabled"] is False
    assert ask.control("POST", "release") == {"released": 0}


@pytest.mark.parametrize(("method", "what", "body", "status"), [
    ("GET", "nothing", None, 404), ("POST", "world", {}, 404), ("PUT", "world", {"x": 1}, 400), ("PUT", "world", None, 400),
    ("PATCH", "switches", None, 400), ("PATCH", "switches", [], 400), ("PUT", "world", b"{", 400),
])
def test_control_that_makes_no_sense(start, small, method, what, body, status):
    ask = start(small)
    before = ask.control("GET", "world")
    reply = ask(method, f"/_simulator/{what}", body, key=None)
    assert (reply.status, type(reply.body["detail"])) == (status, str)
    assert ask.control("GET", "world") == before


def test_stop_over_http(start, small):
    ask = start(small)
    assert ask.control("POST", "stop") == {"stopping": True}
    assert ask.simulator.stopped.wait(LONGEST)


# --- the command line ---

@contextmanager
def program(folder, *arguments):
    """The program on a free port: (process, port). It is ended, should it still run."""
    port_file = folder / "port"
    process = subprocess.Popen([sys.executable, str(PROGRAM), "--port", "0", "--port-file", str(port_file), *arguments],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + LONGEST
        while not port_file.exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        yield process, int(port_file.read_text(encoding="ascii"))
    finally:
        process.kill()
        process.communicate()


def get(port, path, method="GET"):
    """The JSON that a running program answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST)
    try:
        connection.request(method, path, headers={"Authorization": f"Bearer {KEY}"})
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def test_the_program_serves_and_stops_over_http(tmp_path, small):
    seed, log = tmp_path / "world.json", tmp_path / "log.jsonl"
    seed.write_text(json.dumps(small), encoding="utf-8")
    arguments = ["--seed", str(seed), "--log", str(log), "--switch", "extract_page_size=2", "--switch", "extract_count=off"]
    with program(tmp_path, *arguments) as (process, port):
        body = get(port, "/api/extracts/")
        assert ([row["id"] for row in body["results"]], "count" in body) == ([103, 102], False)
        assert json.loads(log.read_text(encoding="utf-8"))["status"] == 200
        assert get(port, "/_simulator/stop", "POST") == {"stopping": True}
        out, err = process.communicate(timeout=LONGEST)
        assert process.returncode == 0
    assert out == f"Adverity simulator at http://127.0.0.1:{port}, key 'all': {KEY}\n"
    assert err == ""
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["log.jsonl", "world.json"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_stops_at_a_signal(tmp_path, number):
    with program(tmp_path) as (process, port):
        assert get(port, "/_simulator/")["name"] == "adverity simulator"
        process.send_signal(number)
        assert process.wait(LONGEST) == 0


def test_the_program_stops_after_its_time(tmp_path):
    port_file = tmp_path / "port"
    done = subprocess.run([sys.executable, str(PROGRAM), "--port", "0", "--port-file", str(port_file), "--stop-after", "0.3"],
                          capture_output=True, text=True, timeout=LONGEST, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Adverity simulator at http://127.0.0.1:")
    assert not port_file.exists()


def test_the_program_stops_with_its_parent(tmp_path):
    port_file = tmp_path / "port"
    script = ("import subprocess, sys, time, os\n"
              f"subprocess.Popen([sys.executable, {str(PROGRAM)!r}, '--port', '0', '--port-file', {str(port_file)!r},"
              " '--stop-with-parent', '--stop-after', '900'], stdout=subprocess.DEVNULL)\n"
              f"while not os.path.exists({str(port_file)!r}): time.sleep(0.02)\n"
              "sys.stdin.read()\n")
    parent = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE)
    end = time.monotonic() + LONGEST
    while not port_file.exists() and time.monotonic() < end:
        time.sleep(0.02)
    port = int(port_file.read_text(encoding="ascii"))
    assert get(port, "/_simulator/")["requests"] == 0
    parent.communicate(b"")
    while port_file.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not port_file.exists()


@pytest.mark.parametrize(("arguments", "message"), [
    (["--host", "0.0.0.0"], "0.0.0.0 is not a loopback address"), (["--switch", "x=1"], "there is no switch 'x'"),
    (["--switch", "binding_rows=1"], "'1' is none of full"), (["--switch", "binding_rows"], "NAME=VALUE"),
    (["--seed", "missing.json"], "missing.json"), (["--seed", "bad.json"], "bad.json: now: 'soon'"),
    (["--seed", "broken.json"], "broken.json: "), (["--port", "x"], "invalid int value"), (["--colour"], "unrecognized"),
    (["--certfile", "missing.pem"], "missing.pem"),
])
def test_wrong_arguments_are_one_line(tmp_path, arguments, message):
    (tmp_path / "bad.json").write_text('{"now": "soon"}', encoding="utf-8")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    done = subprocess.run([sys.executable, str(PROGRAM), "--port", "0", *arguments], cwd=tmp_path, capture_output=True,
                          text=True, timeout=LONGEST, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("adverity_simulator: error: ")
    assert message in last
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken(tmp_path):
    with program(tmp_path) as (_process, port):
        done = subprocess.run([sys.executable, str(PROGRAM), "--port", str(port)], capture_output=True, text=True, timeout=LONGEST,
                              check=False)
        assert done.returncode == 2
        assert "in use" in done.stderr


def test_help_names_each_switch():
    done = subprocess.run([sys.executable, str(PROGRAM), "--help"], capture_output=True, text=True, timeout=LONGEST, check=True,
                          env={**os.environ, "COLUMNS": "200"})
    for name, (_allowed, meaning) in adverity_simulator.SWITCHES.items():
        assert f"  {name}: {meaning}\n" in done.stdout

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates, proxies, one connection, and memory. What wins of options and the environment: tests/unit/plugins/module_utils/_api/test_transport.py."""

from __future__ import annotations

import http.server
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from adverity_harness.authority import Authority
from adverity_harness.runs import LONGEST, module, refused
from adverity_harness.world import KEY, World

# Nothing that the environment of the tests says counts.
NO_PROXIES = {name: None for word in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY") for name in (word, word.lower())}
NO_BUNDLES = {"REQUESTS_CA_BUNDLE": None, "CURL_CA_BUNDLE": None}
YESTERDAY = datetime.now(timezone.utc) - timedelta(days=1)


@pytest.fixture(name="authority")
def fixture_authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(name="world")
def fixture_world():
    return World().datastream(456, extracts=250).binding(123, 456, enabled=True)


def look(title, environment=None, **options):
    """A task that lists bindings, and may fail."""
    return refused({**module("binding_info", title, **options), "environment": environment or {}})


def test_only_a_certificate_for_the_name_by_a_trusted_authority_gets_a_request(begin, authority, world, tmp_path_factory):
    good = begin(world, **authority.certify())
    elsewhere = begin(world, **authority.certify("elsewhere.example"))
    expired = begin(world, **authority.certify(not_after=YESTERDAY))
    trust, another = authority.bundle, Authority(tmp_path_factory.mktemp("another")).bundle
    refusals = [
        look("private, unknown"),
        look("another authority", {"REQUESTS_CA_BUNDLE": trust}, ca_path=another),
        look("wrong name", instance=elsewhere.url, ca_path=trust),
        look("expired", instance=expired.url, ca_path=trust),
    ]
    taken = [
        look("by the option", {"REQUESTS_CA_BUNDLE": another}, ca_path=trust),
        look("by the environment", {"ADVERITY_CA_PATH": trust}),
        look("by the environment of curl", {"CURL_CA_BUNDLE": trust}),
        look("unchecked, wrong name", instance=elsewhere.url, validate_certs=False),
        look("unchecked, expired", instance=expired.url, validate_certs=False),
    ]
    run = good.play([*refusals, *taken], env=NO_BUNDLES)
    failed = [row["task"] for row in run.outcomes if row["status"] == "failed"]
    assert failed == ["private, unknown", "another authority", "wrong name", "expired"]
    for failure in run.failures:
        assert "ca_path" in failure["msg"]
        assert "tried" not in failure["msg"], "trying again cannot help"
    assert "IP address mismatch" in run.one("wrong name")["msg"]
    assert "expired" in run.one("expired")["msg"]
    assert [len(scene.requests()) for scene in (good, elsewhere, expired)] == [3, 1, 1], "who was not trusted got no request"


class Proxy(http.server.BaseHTTPRequestHandler):
    """A proxy that does CONNECT and nothing else. Its server has the hosts that were asked for, and all that came from clients."""

    def do_CONNECT(self):
        self.server.asked.append(self.path)
        self.server.heard += str(self.headers).encode()
        self.close_connection = True
        host, port = self.path.rsplit(":", 1)
        with socket.create_connection((host, int(port)), LONGEST) as api:
            self.send_response_only(200)
            self.end_headers()
            other = {self.connection: api, api: self.connection}
            while True:
                for source in select.select(list(other), [], [])[0]:
                    content = source.recv(65536)
                    if not content:
                        return
                    self.server.heard += content if source is self.connection else b""
                    other[source].sendall(content)


@pytest.fixture(name="proxy")
def fixture_proxy():
    """A proxy that runs, with its address as `url`."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        server.url, server.asked, server.heard = f"http://127.0.0.1:{server.server_port}", [], b""
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


def test_a_proxy_passes_on_one_connection_that_it_cannot_read(begin, authority, world, proxy):
    scene = begin(world, **authority.certify())
    tasks = [
        module("requeue", datastream_id=456, target_id=789),
        look("by all_proxy", {"HTTPS_PROXY": "", "all_proxy": proxy.url}),
        look("direct", {"NO_PROXY": "elsewhere.example,127.0.0.1"}),
    ]
    run = scene.play(tasks, env={**NO_PROXIES, "HTTPS_PROXY": proxy.url, "ADVERITY_CA_PATH": authority.bundle})
    assert run.failures == []
    methods = {}  # a module uses one connection
    for row in scene.requests():
        methods.setdefault(row["connection"], []).append(row["method"])
    assert list(methods.values()) == [["GET"] * 4 + ["POST"] * 5, ["GET"], ["GET"]]
    assert proxy.asked == [scene.url.split("//")[1]] * 2
    assert len(proxy.heard) > 500, "the tunnel was listened to"
    assert [word for word in (KEY.encode(), b"authorization", b"extract") if word in proxy.heard.lower()] == []


# A module as a process whose memory can be read, with options from a file. After a pause of a second a POST would take a new connection: no time passes here.
MODULE = """
from ansible_collections.adverity.management.plugins.module_utils._api import clock
from ansible_collections.adverity.management.plugins.modules import adverity_requeue
clock.monotonic = lambda: 0.0
adverity_requeue.main()
"""


def memory_at_post(scene, process, number):
    """The memory of the process in KiB while the simulator holds its POST of this number."""
    limit = time.monotonic() + LONGEST
    while not scene.service.held or len(scene.posts()) < number:
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < limit
        time.sleep(0.005)
    lines = Path(f"/proc/{process.pid}/status").read_text("ascii").splitlines()
    scene.service.release()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])


def test_memory_and_connections_do_not_grow_with_what_was_sent(begin):
    scene = begin(World().datastream(456, extracts=5000).binding(123, 456, enabled=True))
    for skip in (0, 99):
        scene.service.fault(method="POST", skip=skip, hold="before")
    arguments = {"instance": scene.url, "api_key": KEY, "ledger": str(scene.ledger), "datastream_ids": [456], "target_id": 789}
    options = scene.home / "arguments.json"
    options.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}), "utf-8")
    paths = os.pathsep.join([str(scene.collections), *filter(None, [os.environ.get("PYTHONPATH")])])
    with subprocess.Popen(
        [sys.executable, "-c", MODULE, str(options)], env={**scene.environment(), "PYTHONPATH": paths}, stdout=subprocess.PIPE, text=True
    ) as process:
        first, last = memory_at_post(scene, process, 1), memory_at_post(scene, process, 100)
        output, _errors = process.communicate(timeout=LONGEST)
    assert json.loads(output)["extract_count"] == 5000
    assert len({row["connection"] for row in scene.requests()}) == 1
    assert last - first < 1024

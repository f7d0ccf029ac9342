# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates and proxies: whom the collection trusts, and that a proxy passes on what it cannot read."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from adverity_harness.authority import Authority
from adverity_harness.runs import module, refused
from adverity_harness.world import KEY, World
from proxy import Proxy

LOG_IN = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<h1>Who?</h1>\r\n"
# Whatever the environment of the tests says.
NONE = {name: None for word in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY") for name in (word, word.lower())}
OVER = datetime.now(timezone.utc) - timedelta(days=1)
NOWHERE = {"REQUESTS_CA_BUNDLE": None, "CURL_CA_BUNDLE": None}


@pytest.fixture(name="ours")
def fixture_ours(tmp_path_factory):
    """The authority that signs the service's certificates."""
    return Authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(name="another")
def fixture_another(tmp_path_factory):
    """An authority that has signed nothing here."""
    return Authority(tmp_path_factory.mktemp("another"))


@pytest.fixture(name="world")
def fixture_world():
    """A datastream with history and an enabled binding."""
    return World().datastream(456, extracts=250).binding(123, 456, enabled=True)


def look(title, environment=None, **options):
    """A task that lists bindings, and may fail."""
    return refused({**module("binding_info", title, **options), "environment": environment or {}})


def test_only_who_can_show_a_certificate_for_its_name_gets_a_request(begin, ours, another, world):
    good, wrong, expired = (
        begin(world, **certificate)
        for certificate in (ours.certify(), ours.certify("elsewhere.example"), ours.certify(not_after=OVER))
    )
    trust, mistrust = ({"REQUESTS_CA_BUNDLE": one.bundle} for one in (ours, another))
    refusals = [
        look("private, unknown"),
        look("private, another", ca_path=another.bundle),
        look("wrong name", instance=wrong.url, ca_path=ours.bundle),
        look("expired", instance=expired.url, ca_path=ours.bundle),
        look("ca_path is wrong", trust, ca_path=another.bundle),
        look("both are wrong", mistrust),
    ]
    taken = [
        look("private", ca_path=ours.bundle),
        look("by the environment", trust),
        look("by the other name of it", {"CURL_CA_BUNDLE": ours.bundle}),
        look("by our own", {"ADVERITY_CA_PATH": ours.bundle}),
        look("ca_path wins", mistrust, ca_path=ours.bundle),
        look("nobody looks", mistrust, validate_certs=False),
        *(look(f"unchecked {number}", instance=scene.url, validate_certs=False) for number, scene in enumerate((wrong, expired))),
    ]
    run = good.play([*refusals, *taken], env=NOWHERE)
    assert [row["status"] for row in run.rows("adverity_binding_info")] == ["failed"] * len(refusals) + ["ok"] * len(taken)
    for failure in run.failures:
        assert "ca_path" in failure["msg"]
        assert "tried" not in failure["msg"], "trying again cannot help"
    assert "IP address mismatch" in run.one("wrong name")["msg"]
    assert "expired" in run.one("expired")["msg"]
    assert [len(scene.requests()) for scene in (good, wrong, expired)] == [6, 1, 1], "who was not trusted got no request"


def test_a_proxy_passes_on_one_connection_that_it_cannot_read(begin, ours, world):
    scene = begin(world, **ours.certify())
    with Proxy() as proxy:
        tasks = [module("requeue", datastream_id=456, target_id=789), look("small letters", {"HTTPS_PROXY": "", "all_proxy": proxy.url})]
        run = scene.play(tasks, env={**NONE, "HTTPS_PROXY": proxy.url, "ADVERITY_CA_PATH": ours.bundle})
        assert run.one("adverity_requeue")["extract_count"] == 250
        assert run.one("small letters")["count"] == 1
        talks = {}  # the methods of the requests, by connection: a module uses one
        for row in scene.requests():
            talks.setdefault(row["connection"], []).append(row["method"])
        assert list(talks.values()) == [["GET"] * 4 + ["POST"] * 5, ["GET"]]
        assert proxy.asked == [scene.url.split("//")[1]] * 2
        assert len(proxy.heard) > 500, "the tunnel was listened to"
        assert KEY.encode() not in proxy.heard
        assert b"authorization" not in proxy.heard.lower()
        assert b"extract" not in proxy.heard


def test_no_proxy_is_honoured_and_a_proxy_that_refuses_leaves_nothing_unknown(begin, ours, world):
    scene = begin(world, **ours.certify())
    with Proxy(LOG_IN) as proxy:
        direct = {"NO_PROXY": "elsewhere.example,127.0.0.1"}
        tasks = [
            look("direct", direct),
            refused(module("requeue", "listed", datastream_id=456, target_id=789)),
            refused(module("requeue", "bare", extract_ids=[4560001])),
            module("requeue_info", "known", extract_ids=[4560001]),
        ]
        env = {**NONE, "HTTPS_PROXY": proxy.url, "ADVERITY_CA_PATH": ours.bundle, "ADVERITY_RETRIES": "1"}
        run = scene.play(tasks, env=env)
        assert run.one("direct")["count"] == 1
        assert ["407" in failure["msg"] for failure in run.failures] == [True, True]
        # No connection was made, so the service did nothing: the extract is still to be sent.
        assert run.one("known")["counts"] == {"pending": 1, "dispatched": 0, "recorded": 0, "unknown": 0, "refused": 0, "failed": 0}
        assert len(scene.requests()) == 1
        assert KEY.encode() not in proxy.heard

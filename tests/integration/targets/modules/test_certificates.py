# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom the collection trusts: a certificate that cannot be checked means that nothing is sent, unless somebody said not to look."""

from __future__ import annotations

import pytest
from adverity_harness.runs import module, refused
from adverity_harness.worlds import World
from cryptography import x509

NOWHERE = {"REQUESTS_CA_BUNDLE": None, "CURL_CA_BUNDLE": None}  # whatever the environment of the tests trusts


@pytest.fixture(name="world")
def fixture_world():
    """A datastream with history and a binding."""
    return World().datastream(456, extracts=3).binding(123, 456)


def look(title, environment=None, **options):
    """A task that lists bindings, and may fail."""
    return refused({**module("binding_info", title, **options), "environment": environment or {}})


def test_only_who_can_show_a_certificate_for_its_name_gets_a_request(begin, ours, another, world):
    good, wrong, expired = (
        begin(world, **certificate)
        for certificate in (ours.certify(), ours.certify([x509.DNSName("elsewhere.example")]), ours.certify(days=-1))
    )
    run = good.play(
        [
            look("private, unknown"),
            look("private, another", ca_path=another.bundle),
            look("wrong name", instance=wrong.url, ca_path=ours.bundle),
            look("expired", instance=expired.url, ca_path=ours.bundle),
            look("none is there", ca_path=ours.bundle + ".gone"),
        ],
        env=NOWHERE,
    )
    assert len(run.failures) == 5
    for title, words in {
        "private, unknown": "certificate verify failed",
        "private, another": "certificate verify failed",
        "wrong name": "IP address mismatch",
        "expired": "certificate has expired",
    }.items():
        assert words in run.one(title)["msg"], title
        assert "ca_path" in run.one(title)["msg"]
        assert "tried" not in run.one(title)["msg"], "trying again cannot help"
    assert "ca_path is" in run.one("none is there")["msg"]
    assert [scene.requests() for scene in (good, wrong, expired)] == [[], [], []]

    tasks = [look("private", ca_path=ours.bundle)]
    tasks += [look(f"unchecked {number}", instance=scene.url, validate_certs=False) for number, scene in enumerate((good, wrong, expired))]
    run = good.play(tasks, env=NOWHERE)
    assert run.failures == []
    assert [result["count"] for result in run.of("adverity_binding_info")] == [1] * 4
    assert [len(scene.requests()) for scene in (good, wrong, expired)] == [2, 1, 1]


def test_ca_path_wins_over_the_environment(begin, ours, another, world):
    scene = begin(world, **ours.certify())
    trust, mistrust = ({"REQUESTS_CA_BUNDLE": one.bundle} for one in (ours, another))
    run = scene.play(
        [
            look("by the environment", trust),
            look("by the other name of it", {"CURL_CA_BUNDLE": ours.bundle}),
            look("by our own", {"ADVERITY_CA_PATH": ours.bundle}),
            look("ca_path is right", mistrust, ca_path=ours.bundle),
            look("ca_path is wrong", trust, ca_path=another.bundle),
            look("both are wrong", mistrust),
            look("nobody looks", mistrust, validate_certs=False),
        ],
        env=NOWHERE,
    )
    for title in ("by the environment", "by the other name of it", "by our own", "ca_path is right", "nobody looks"):
        assert run.one(title).get("count") == 1, title
    for title in ("ca_path is wrong", "both are wrong"):
        assert "certificate verify failed" in run.one(title)["msg"]
    assert len(scene.requests()) == 5


def test_a_deployment_over_https(begin, ours, world):
    scene = begin(world, **ours.certify())
    trust = {"ADVERITY_CA_PATH": ours.bundle}
    assert scene.url.startswith("https://")
    scene.deploy(target_id=789, env=trust)
    assert scene.loads(123) == world.aged(456)
    scene.forget()
    assert scene.deploy(target_id=789, env=trust).changed == 0
    assert scene.writes() == []


def test_a_module_makes_one_connection_and_so_one_handshake(begin, ours):
    """However many pages it reads and batches it sends."""
    world = World().datastream(456, extracts=250).binding(123, 456, enabled=True)
    scene = begin(world, **ours.certify())
    scene.play([module("requeue", "load", datastream_id=456, target_id=789, ca_path=ours.bundle)], env=NOWHERE)
    sent = [row["method"] for row in scene.requests()]
    assert sent == ["GET"] * (1 + 3) + ["POST"] * 5
    assert len({row["connection"] for row in scene.requests()}) == 1

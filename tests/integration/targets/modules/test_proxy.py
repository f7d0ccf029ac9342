# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy that the environment names: it is used, it is told where to, and it never sees the key."""

from __future__ import annotations

import pytest
from adverity_harness.runs import module, refused
from adverity_harness.worlds import KEY, World
from proxy import open_proxy

LOG_IN = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<h1>Who?</h1>\r\n"

NONE = {name: None for word in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY") for name in (word, word.lower())}


@pytest.fixture(name="scene")
def fixture_scene(begin, ours):
    """A service with a certificate; the environment of every run of it."""
    return begin(World().datastream(456, extracts=3).binding(123, 456, enabled=True), **ours.certify())


def place(scene):
    """The service's host and port."""
    return scene.url.split("//")[1]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_passes_on_what_it_cannot_read(scene, ours, name):
    with open_proxy() as proxy:
        run = scene.play(
            [module("requeue", datastream_id=456, target_id=789)],
            env={**NONE, name: proxy.url, "ADVERITY_CA_PATH": ours.bundle},
        )
        assert run.one("adverity_requeue")["extract_count"] == 3
        assert scene.loads(123) == scene.world.aged(456)
        assert set(proxy.asked) == {place(scene)}
        assert len(proxy.heard) > 500, "the tunnel was listened to"
        assert KEY.encode() not in proxy.heard
        assert b"authorization" not in proxy.heard.lower()
        assert b"extract" not in proxy.heard


def test_no_proxy_is_honoured(scene, ours):
    with open_proxy() as proxy:
        env = {**NONE, "HTTPS_PROXY": proxy.url, "NO_PROXY": "elsewhere.example,127.0.0.1", "ADVERITY_CA_PATH": ours.bundle}
        run = scene.play([module("binding_info")], env=env)
        assert run.one("adverity_binding_info")["count"] == 1
        assert proxy.asked == []


def test_a_proxy_that_refuses_is_a_clear_error_and_nothing_is_in_doubt(scene, ours):
    with open_proxy(LOG_IN) as proxy:
        env = {**NONE, "HTTPS_PROXY": proxy.url, "ADVERITY_CA_PATH": ours.bundle, "ADVERITY_RETRIES": "1"}
        run = scene.play(
            [
                refused(module("requeue", "listed", datastream_id=456, target_id=789)),
                refused(module("requeue", "bare", extract_ids=scene.world.aged(456))),
                module("requeue_info", extract_ids=scene.world.aged(456)),
            ],
            env=env,
        )
        assert len(run.failures) == 2
        for failure in run.failures:
            assert "407" in failure["msg"]
        # No connection was made, so the service did nothing: they are still to be sent.
        assert run.one("adverity_requeue_info")["counts"] == {"pending": 3, "dispatched": 0, "recorded": 0, "unknown": 0, "refused": 0, "failed": 0}
        assert scene.requests() == []
        assert KEY.encode() not in proxy.heard

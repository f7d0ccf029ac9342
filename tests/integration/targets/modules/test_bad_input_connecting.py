# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad connection options: each with its own message that says what is wrong, and shows no secret; nobody is asked anything."""

from __future__ import annotations

import pytest
from adverity_harness.refusals import ordinary_world, try_all
from adverity_harness.runs import module
from adverity_harness.worlds import KEY


def connected(**options):
    """A task that would only look, with other connection options."""
    return module("binding_info", **options)


SECRET = "hunter2-in-the-address"
# A task, and words of its message.
CASES = {
    "no instance": (connected(instance=""), "instance"),
    "http to another host": (connected(instance="http://acme.datatap.adverity.com"), "http://", "loopback"),
    "http to a name that only looks like loopback": (connected(instance="http://127.0.0.1.example.com"), "http://", "loopback"),
    "http to a host of the local network": (connected(instance="http://192.168.1.5:8080"), "http://", "loopback"),
    "http to all addresses": (connected(instance="http://0.0.0.0:8080"), "http://", "loopback"),
    "a path": (connected(instance="https://acme.datatap.adverity.com/api/v1/"), "instance", "path"),
    "a slash": (connected(instance="https://acme.datatap.adverity.com/"), "instance", "path"),
    "a query": (connected(instance="acme.datatap.adverity.com?workspace=1"), "instance", "query"),
    "user and password": (connected(instance=f"https://me:{SECRET}@acme.datatap.adverity.com"), "instance", "password"),
    "another scheme": (connected(instance="ftp://acme.datatap.adverity.com"), "instance", "https://"),
    "a space": (connected(instance="acme .datatap.adverity.com"), "instance", "white space"),
    "a line break": (connected(instance="acme.datatap.adverity.com\nHost: elsewhere.example"), "instance", "control characters"),
    "no such port": (connected(instance="https://acme.datatap.adverity.com:99999"), "instance"),
    "a letter for a port": (connected(instance="https://acme.datatap.adverity.com:https"), "instance"),
    "a wildcard": (connected(instance="*.datatap.adverity.com"), "instance", "not a host name"),
    "an empty key": (connected(api_key=""), "api_key is empty"),
    "a key with a line break": (connected(api_key=KEY + "\n"), "api_key", "line break"),
    "a key with a header in it": (connected(api_key=KEY + "\r\nX-Other: 1"), "api_key", "line break"),
    "a key with a space": (connected(api_key=KEY + " x"), "api_key", "white space"),
    "a key with an umlaut": (connected(api_key=KEY + "ä"), "api_key", "ASCII"),
    "a key with its scheme": (connected(api_key="Bearer " + KEY), "api_key", "Bearer"),
    "no time at all": (connected(timeout=0), "timeout", "more than 0"),
    "negative time": (connected(timeout=-1), "timeout", "more than 0"),
    "time without end": (connected(timeout="inf"), "timeout"),
    "no number for time": (connected(timeout="soon"), "timeout", "float"),
    "negative tries": (connected(retries=-1), "retries", "0 to 100"),
    "a negative wait": (connected(retry_max_delay=-0.5), "retry_max_delay"),
    "no certificates": (connected(ca_path="/does/not/exist.pem"), "ca_path", "/does/not/exist.pem"),
    "no certificates in the file": (connected(ca_path="/dev/null"), "ca_path", "/dev/null"),
}


@pytest.fixture(name="tried", scope="module")
def fixture_tried(tmp_path_factory):
    """All of them tried in one run."""
    with try_all(tmp_path_factory.mktemp("tried"), ordinary_world(), CASES) as tried:
        yield tried


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_and_the_message_says_why(tried, name):
    tried.check_told(name, *CASES[name][1:])


def test_nothing_was_sent_and_no_secret_told(tried):
    assert tried.scene.requests() == []
    assert SECRET not in tried.run.output

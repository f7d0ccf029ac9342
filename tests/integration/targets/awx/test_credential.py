# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment that AWX makes of a credential, rendered from the file by AWX's rules, is one that the modules understand."""

from __future__ import annotations

import pytest
from adverity_harness.runs import module
from adverity_harness.worlds import KEY, World
from awx_rules import can_start, inject
from awx_setups import data

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.fixture(name="kind")
def fixture_kind():
    """The credential type."""
    return data("credential_type")


EMPTY = {"ADVERITY_LEDGER": "", "ADVERITY_LEDGER_PASSWORD": "", "ADVERITY_CA_PATH": "", "ADVERITY_VALIDATE_CERTS": "true"}


def test_what_is_left_empty_breaks_nothing(kind, begin, tmp_path):
    scene = begin(World().datastream(456, extracts=1).binding(123, 456, enabled=True))
    inputs = {"instance": scene.url, "api_key": KEY}
    given = inject(kind, inputs, tmp_path)
    assert given == {"ADVERITY_INSTANCE": scene.url, "ADVERITY_API_KEY": KEY, **EMPTY}
    emptied = {"ca_bundle": "", "skip_certificate_check": False, "ledger": "", "ledger_password": ""}
    assert inject(kind, {**inputs, **emptied}, tmp_path) == given
    tasks = [module("binding_info", "Read", target_id=789), module("requeue", "Send", extract_ids=[4560001], binding_ids=[123])]
    run = scene.play(tasks, env={"ADVERITY_RETRY_MAX_DELAY": None, **given})
    assert run.one("Read")["count"] == 1
    # Outside of AWX empty text means the default, as where the variable is not set.
    assert run.one("Send")["ledger"] == str(scene.home / ".ansible" / "adverity" / "requeue.sqlite3")


def test_the_ledger_is_handed_over(kind, tmp_path):
    url = "postgresql://adverity@db.example.com/ledger?sslmode=verify-full"
    given = inject(kind, {"instance": "a.example.com", "api_key": "k", "ledger": url, "ledger_password": "p"}, tmp_path)
    assert (given["ADVERITY_LEDGER"], given["ADVERITY_LEDGER_PASSWORD"]) == (url, "p")


def test_certificates_come_as_a_file(kind, tmp_path):
    given = inject(kind, {"instance": "a.example.com", "api_key": "k", "ca_bundle": PEM}, tmp_path)
    with open(given["ADVERITY_CA_PATH"], encoding="utf-8") as file:
        # Jinja takes away one line break at the end of a template, not of what is put into it.
        assert file.read() == PEM


def test_an_untouched_box_never_switches_the_check_off(kind, tmp_path):
    assert inject(kind, {}, tmp_path)["ADVERITY_VALIDATE_CERTS"] == "true"
    assert inject(kind, {"skip_certificate_check": True}, tmp_path)["ADVERITY_VALIDATE_CERTS"] == "false"


def test_no_job_starts_without_instance_and_key(kind):
    assert not can_start(kind, {"instance": "a.example.com"})
    assert not can_start(kind, {"api_key": "k", "instance": ""})
    assert can_start(kind, {"api_key": "k", "instance": "a.example.com"})

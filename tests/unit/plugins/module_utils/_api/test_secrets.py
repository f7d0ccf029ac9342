# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known as a secret, and what of texts and results is hidden."""

from __future__ import annotations

import json

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import secrets
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError

KEY = "k3y-5d0c1b7e94f2a680"


@pytest.mark.parametrize("secret", ["e", "acme", "pa#ss/wo?rd@%41", "a\"b\\c'd", "two\nlines", "Z\u00fcrich", " around "])
def test_a_registered_secret_is_hidden_however_it_is_written(secret):
    secrets.register(secret)
    for written in (secret, json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret)):
        assert secret.strip() not in secrets.hide(f"({written})")
        assert json.dumps(secret.strip())[1:-1] not in secrets.hide(f"({written})")


def test_of_secrets_that_overlap_nothing_stays():
    secrets.register("abcX", "Xdef")
    assert secrets.hide("abcXdef, abcX, Xdef") == "********, ********, ********"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://me:pa#s/s?w@proxy:3128/ failed", "http://********@proxy:3128/ failed"),
        ("postgresql://me:pw@db/ledger", "postgresql://********@db/ledger"),
        ("me:pw@db", "********@db"),
        ("postgresql://me@db:5432/ledger", "postgresql://me@db:5432/ledger"),
        ("from bob@example.com at 10:30", "from bob@example.com at 10:30"),
        ("host=db password=pw user=me", "host=db password=******** user=me"),
        ("host=db password = 'p w\\' x' user=me", "host=db password = ******** user=me"),
        ("https://db/x?sslpassword=pw&a=b", "https://db/x?sslpassword=********&a=b"),
    ],
)
def test_credentials_in_urls_and_assignments_are_hidden(text, shown):
    assert secrets.hide(text) == shown


def test_a_message_keeps_its_words_and_loses_long_secrets():
    secrets.register("e", "send", KEY)
    assert secrets.hide_in_message(f"Nothing was sent with {KEY}.") == "Nothing was sent with ********."


def test_results_keep_names_that_contain_a_password_and_lose_the_key():
    secrets.register("acme-warehouse-of-the-north")
    secrets.register_key(KEY)
    result = {"name": "acme-warehouse-of-the-north", "id": 55, "changed": False, "rows": [{KEY: f"x {KEY}"}]}
    assert secrets.hide_in_result(result) == {**result, "rows": [{"********": "x ********"}]}


def test_what_later_tasks_write_may_not_contain_the_key():
    secrets.register_key(KEY)
    with pytest.raises(InputError, match="contains the API key") as caught:
        secrets.refuse_key({"options": {"name": f"DWH {KEY}"}})
    assert KEY not in str(caught.value.result())


def test_possible_secrets_are_hidden_in_text_from_elsewhere_alone():
    secrets.register_possible({"region": "EU", "project": "acme-dwh"})
    assert secrets.hide("no acme-dwh in EU") == "no ******** in EU"
    assert secrets.hide_in_message("no acme-dwh in EU") == "no acme-dwh in EU"


def test_secret_fields_are_found_at_any_depth():
    settings = {"user": "u", "password": "p", "auth": {"client_secret": {"a": "s"}, "more": [{"token": 17}]}, "use_token": True}
    assert secrets.texts(secrets.secret_fields(settings)) == {"p", "s", "17"}
    assert secrets.secret_fields({"phrase": "x"}, lambda name: name == "phrase") == ["x"]


def test_ansible_core_learns_of_secrets(monkeypatch):
    """Its register came with 2.22; before that the function does nothing."""
    registered = []
    monkeypatch.setattr(secrets, "register_secrets", registered.extend)
    secrets.register("a secret", None, "", True, ["another"])
    assert sorted(registered) == ["a secret", "another"]

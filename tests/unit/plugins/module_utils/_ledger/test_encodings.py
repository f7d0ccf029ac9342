# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any text in any database: what users and the API can write is kept, whatever the encoding of the database and of the client."""

from __future__ import annotations

import contextlib
import socket

import psycopg
import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import InputError, LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger import copy
from ansible_collections.adverity.management.plugins.module_utils._ledger.history import BindingFact, FactKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.ledger import Entry, Ledger
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK, PREDICT, WRITE

HOST = "acme.example"
ENCODINGS = ["SQL_ASCII", "LATIN1", "WIN1252", "UTF8", "EUC_JP"]
TEXTS = {
    "plain": "404: gone",
    "dash": "400: not allowed \u2013 or gone \u2014 ask",
    "quotation marks": "\u201eZ\u00fcrich\u201c, \u2018it\u2019s\u2019, \u00abno\u00bb",
    "emoji": "\U0001f600 gone",
    "latin": "\u00fcber \u00e9t\u00e9",
    "japanese": "\u65e5\u672c\u8a9e",
    "controls": "a\tb\nc\x01\x7f\x81",
    "no character": "a\x00b",
    "half a character": "a\ud83d, b\udc80",
    "quoted": '"gone"',
    "half quoted": '"gone',
    "backslashes": r"C:\new\u0041",
    "empty": "",
}

ROW = BindingFact(FactKind.ROW, "2026-01-01T00:00:00Z", enabled=True, updated="2026-01-01T00:00:00Z")


@pytest.fixture
def database(postgres, encoding):
    """An empty database in the encoding that the test names."""
    name = "ledger_" + encoding.lower()
    with contextlib.suppress(psycopg.errors.DuplicateDatabase):  # made for another test
        postgres.run(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    yield name
    postgres.empty(name)


def open_at(place, purpose=WRITE):
    return Ledger(place, None, HOST, purpose, 5)


def fill(ledger):
    """Everything in which a text can stand."""
    ledger.take_turn([5])
    ledger.note({5: [ROW]}, entries=[Entry(5, number, 456, "2026-01-01T00:00:00Z") for number, _text in enumerate(TEXTS)])
    for number, text in enumerate(TEXTS.values()):
        ledger.record(EventKind.REFUSED, [Entry(5, number, 456, None)], text)


def reasons(ledger):
    return [entry.reason for entry in ledger.entries()]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "parameters", [{}, {"client_encoding": "latin1"}, {"client_encoding": "SQL_ASCII"}, {"options": "-c client_encoding=WIN1252"}], ids=str
)
def test_any_text_is_kept_in_any_database(postgres, database, encoding, parameters):
    assert postgres.run(f"SELECT pg_encoding_to_char(encoding)::text FROM pg_database WHERE datname = '{database}'") == [(encoding,)]
    place = postgres.url(database, **parameters)
    with open_at(place) as ledger:
        fill(ledger)
        assert reasons(ledger) == list(TEXTS.values())
    for purpose in (WRITE, PREDICT, LOOK):
        with open_at(place, purpose) as ledger:
            assert reasons(ledger) == list(TEXTS.values())
            assert [entry.reason for entry in ledger.open_entries()] == list(TEXTS.values())
            assert set(ledger.statuses(5, range(len(TEXTS))).values()) == {"refused"}
            assert [fact._replace(id=None) for fact in ledger.histories()[5].facts] == [ROW]


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
@pytest.mark.parametrize("host", ["m\u00fcller\u2019s-mac", "\u65e5\u672c", "\U0001f600"])
def test_a_machine_may_have_any_name(postgres, database, monkeypatch, host):
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    place = postgres.url(database)
    with open_at(place) as ledger:
        ledger.take_turn([5])
        assert ledger.store.read("SELECT holder FROM turn")[0][0].startswith(f"host {host}, process ")
        with pytest.raises(LedgerError, match="process [0-9]+, since 20"), open_at(place) as other:
            other._wait = other._turns._wait = 0
            other.take_turn([5])


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "UTF8"])
def test_a_copy_carries_any_text(postgres, database, tmp_path):
    """From a file into the database and back, by way of paths that are not plain themselves."""
    first, second, between = str(tmp_path / "Z\u00fcrich \u2013 1"), str(tmp_path / "\U0001f600"), postgres.url(database)
    with open_at(first) as ledger:
        fill(ledger)
    for source, destination in ((first, between), (between, second)):
        params = {"source": source, "destination": destination, "source_password": None, "destination_password": None, "ledger_wait": 5}
        assert copy.move(params, HOST, False)["changed"] is True
        assert copy.move(params, HOST, False)["changed"] is False
        with open_at(destination) as ledger:
            assert reasons(ledger) == [text.encode("utf-8", "backslashreplace").decode() for text in TEXTS.values()]
    with pytest.raises(LedgerError, match="its content was moved to .*\U0001f600"), open_at(between):
        pass


# What stands there already


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "WIN1252", "UTF8"])
@pytest.mark.parametrize("text", ["\u00fcber \u00ab", '"gone" \u00fcber', '"\u00fc'])
def test_a_text_that_was_written_as_it_is_stays_readable(postgres, database, encoding, text):
    with open_at(postgres.url(database)) as ledger:
        fill(ledger)
    codec = {"SQL_ASCII": "utf-8", "UTF8": "utf-8", "LATIN1": "latin-1", "WIN1252": "cp1252"}[encoding]
    written = text.encode(codec).hex()
    postgres.run(f"UPDATE event SET reason = convert_from('\\x{written}', '{encoding}') WHERE reason = '404: gone'", database)
    with open_at(postgres.url(database)) as ledger:
        assert reasons(ledger)[0] == text


@pytest.mark.parametrize("encoding", ["SQL_ASCII"])
def test_bytes_of_an_unknown_encoding_stop_nothing(postgres, database):
    """SQL_ASCII takes anything. What was written in Latin 1 cannot be told from it, and is shown as well as it can be."""
    with open_at(postgres.url(database)) as ledger:
        fill(ledger)
    postgres.run("UPDATE event SET reason = E'\\xfcber' WHERE reason = '404: gone'", database)
    with open_at(postgres.url(database)) as ledger:
        assert reasons(ledger)[:2] == ["\ufffdber", TEXTS["dash"]]


# The same in a file


def test_any_text_is_kept_in_a_file(sqlite_place):
    with sqlite_place.open() as ledger:
        fill(ledger)
    with sqlite_place.open(LOOK) as ledger:
        assert reasons(ledger) == [text.encode("utf-8", "backslashreplace").decode() for text in TEXTS.values()]


# What is no text of a URL


@pytest.mark.parametrize("purpose", [WRITE, PREDICT, LOOK])
@pytest.mark.parametrize("wrong", ["\x00", "\ud800"])
@pytest.mark.parametrize("where", ["url", "password"])
def test_a_url_or_password_that_cannot_be_one_is_refused(postgres, postgres_place, purpose, wrong, where):
    url, password = postgres.url(postgres_place.database), "p4ssword" + wrong
    with pytest.raises((InputError, LedgerError)) as caught:
        opened = Ledger(url + wrong, None, HOST, purpose, 5) if where == "url" else Ledger(url, password, HOST, purpose, 5)
        with opened:
            pass
    assert "p4ssword" not in str(caught.value)

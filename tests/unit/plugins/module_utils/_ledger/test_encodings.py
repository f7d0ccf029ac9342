# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any text in any database: what users and the API can write is kept, whatever the encoding of the database and of the client."""

from __future__ import annotations

import contextlib

import psycopg
import pytest
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.tests.unit.plugins.support.ledgers import ALL, ROW, entry, open_at

TEXTS = [
    "404: gone",
    "400: not allowed \u2013 or gone \u2014 ask",
    "\u201eZ\u00fcrich\u201c, \u2018it\u2019s\u2019, \u00abno\u00bb",
    "\U0001f600 gone",
    "\u00fcber \u00e9t\u00e9",
    "\u65e5\u672c\u8a9e",
    "a\tb\nc\x01\x7f\x81",
    "a\x00b",
    "a\ud83d, b\udc80",  # halves of characters
    '"gone"',
    '"gone',
    r"C:\new\u0041",
    "",
]
SPELT_OUT = [text.encode("utf-8", "backslashreplace").decode() for text in TEXTS]  # as a file keeps halves of characters
CODECS = {"SQL_ASCII": "utf-8", "UTF8": "utf-8", "LATIN1": "latin-1", "WIN1252": "cp1252"}


@pytest.fixture
def database(postgres, encoding):
    """An empty database in the encoding that the test names."""
    name = "ledger_" + encoding.lower()
    with contextlib.suppress(psycopg.errors.DuplicateDatabase):  # made for another test
        postgres.run(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    yield name
    postgres.empty(name)


def fill(place):
    with open_at(place) as ledger:
        ledger.note({5: [ROW]}, entries=[entry(number) for number in range(len(TEXTS))])
        for number, text in enumerate(TEXTS):
            ledger.record(EventKind.REFUSED, [entry(number)], text)


def reasons(place, purpose=LOOK):
    with open_at(place, purpose) as ledger:
        found = [each.reason for each in ledger.entries()]
        assert [each.reason for each in ledger.open_entries()] == found
        return found


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "WIN1252", "UTF8", "EUC_JP"])
@pytest.mark.parametrize(
    "parameters", [{}, {"client_encoding": "latin1"}, {"client_encoding": "SQL_ASCII"}, {"options": "-c client_encoding=WIN1252"}], ids=str
)
def test_any_text_is_kept_in_any_database(postgres, database, encoding, parameters):
    place = postgres.url(database, **parameters)
    fill(place)
    for purpose in ALL:
        assert reasons(place, purpose) == TEXTS


def test_file_keeps_any_text_with_halves_of_characters_spelt_out(tmp_path):
    fill(tmp_path / "Z\u00fcrich \u2013 1")
    assert reasons(tmp_path / "Z\u00fcrich \u2013 1") == SPELT_OUT


@pytest.mark.parametrize(
    ("encoding", "stored", "read"),
    [
        *((encoding, text.encode(codec), text) for encoding, codec in CODECS.items() for text in ("\u00fcber \u00ab", '"gone" \u00fcber', '"\u00fc')),
        ("SQL_ASCII", b"\xfcber", "\ufffdber"),  # it takes anything: an unknown encoding is shown as well as it can be
    ],
)
def test_text_that_was_written_as_it_is_stays_readable(postgres, database, encoding, stored, read):
    place = postgres.url(database)
    fill(place)
    postgres.run(f"UPDATE event SET reason = convert_from('\\x{stored.hex()}', '{encoding}') WHERE reason = '404: gone'", database)
    assert reasons(place)[:2] == [read, TEXTS[1]]

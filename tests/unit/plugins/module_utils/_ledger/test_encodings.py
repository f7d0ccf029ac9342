# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any text in any database: what users and the API can write is kept, whatever the encoding of the database and of the client."""

from __future__ import annotations

import contextlib

import psycopg
import pytest
from ansible_collections.adverity.management.plugins.module_utils._api.errors import LedgerError
from ansible_collections.adverity.management.plugins.module_utils._ledger import copy
from ansible_collections.adverity.management.plugins.module_utils._ledger.status import EventKind
from ansible_collections.adverity.management.plugins.module_utils._ledger.store import LOOK
from ansible_collections.adverity.management.tests.unit.plugins.module_utils._ledger.scene import ALL, ROW, entry, facts, open_at
from ansible_collections.adverity.management.tests.unit.plugins.places import HOST

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

CODECS = {"SQL_ASCII": "utf-8", "UTF8": "utf-8", "LATIN1": "latin-1", "WIN1252": "cp1252"}
SPELT_OUT = [text.encode("utf-8", "backslashreplace").decode() for text in TEXTS.values()]  # as a file keeps halves of characters


@pytest.fixture
def database(postgres, encoding):
    """An empty database in the encoding that the test names."""
    name = "ledger_" + encoding.lower()
    with contextlib.suppress(psycopg.errors.DuplicateDatabase):  # made for another test
        postgres.run(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    yield name
    postgres.empty(name)


def fill(place):
    """Everything in which a text can stand."""
    with open_at(place) as ledger:
        ledger.take_turn([5])
        ledger.note({5: [ROW]}, entries=[entry(number) for number, _text in enumerate(TEXTS)])
        for number, text in enumerate(TEXTS.values()):
            ledger.record(EventKind.REFUSED, [entry(number)], text)


def reasons(place, purpose=LOOK):
    with open_at(place, purpose) as ledger:
        found = [each.reason for each in ledger.entries()]
        assert [each.reason for each in ledger.open_entries()] == found
        assert facts(ledger) == {5: [ROW]}
        return found


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "parameters", [{}, {"client_encoding": "latin1"}, {"client_encoding": "SQL_ASCII"}, {"options": "-c client_encoding=WIN1252"}], ids=str
)
def test_any_text_is_kept_in_any_database(postgres, database, encoding, parameters):
    assert postgres.run(f"SELECT pg_encoding_to_char(encoding)::text FROM pg_database WHERE datname = '{database}'") == [(encoding,)]
    place = postgres.url(database, **parameters)
    fill(place)
    for purpose in ALL:
        assert reasons(place, purpose) == list(TEXTS.values())


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "UTF8"])
def test_copy_carries_any_text(postgres, database, tmp_path):
    """From a file into the database and back, by way of paths that are not plain themselves."""
    first, second, between = str(tmp_path / "Z\u00fcrich \u2013 1"), str(tmp_path / "\U0001f600"), postgres.url(database)
    fill(first)
    assert reasons(first) == SPELT_OUT
    for source, destination in ((first, between), (between, second)):
        params = {"source": source, "destination": destination, "source_password": None, "destination_password": None, "ledger_wait": 5}
        assert [copy.move(params, HOST, False)["changed"] for _time in range(2)] == [True, False]
        assert reasons(destination) == SPELT_OUT
    with pytest.raises(LedgerError, match="its content was moved to .*\U0001f600"), open_at(between):
        pass


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
    assert reasons(place)[:2] == [read, TEXTS["dash"]]

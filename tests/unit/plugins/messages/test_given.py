# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each message of the page "Further messages" is one that a run really gives, and each run here gives a message of that page.

The runs stand in tables beside this file, one row for each message, or for several of one run, by words that only this message has. What is refused before
anything is written stands in contract/test_refusals.py. Those of the page "Messages" are given by plays: tests/integration/targets/docs.
"""

from __future__ import annotations

import pytest
from ansible_collections.adverity.management.tests.unit.plugins.contract.test_refusals import SAID_ASKED, SAID_UNASKED
from ansible_collections.adverity.management.tests.unit.plugins.messages import api, extracts, ledgers, lines, options
from ansible_collections.adverity.management.tests.unit.plugins.messages.pages import fits, messages_with, read_messages
from ansible_collections.adverity.management.tests.unit.plugins.messages.stage import Stage, texts

TABLES = (options.ROWS, api.ROWS, ledgers.ROWS, extracts.ROWS, lines.ROWS)
ROWS = {words: row for table in TABLES for key, row in table.items() for words in ([key] if isinstance(key, str) else key)}
MESSAGES = read_messages()


@pytest.fixture(name="stage")
def fixture_stage(begin, tmp_path, monkeypatch, postgres):
    (tmp_path / "files").mkdir()
    return Stage(begin, monkeypatch, tmp_path / "files", postgres)


@pytest.mark.parametrize("words", ROWS)
def test_message_of_the_page_is_given_by_a_run(stage, words):
    message, found = messages_with(words), list(texts(ROWS[words](stage)))
    assert any(fits(message, text) for text in found), "no run said this, only:\n" + "\n".join(text for text in found if " " in text)


def test_each_message_of_the_page_has_one_row():
    covered = [messages_with(words) for words in (*ROWS, *SAID_UNASKED, *SAID_ASKED)]
    assert [message for message in MESSAGES if covered.count(message) != 1] == []

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two pages of messages, as the tests read them. Not tests."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
GUIDES = ROOT / "docs" / "docsite" / "rst"


def _blocks(text: str) -> list[str]:
    """The text blocks of a page in reStructuredText."""
    return re.findall(r"^\.\. code-block:: text\n\n((?: {4}.*\n|\n)+)", text, re.M)


def one_line(text: str) -> str:
    """A text on one line, with single spaces."""
    return " ".join(text.split())


def read_troubleshooting() -> list[str]:
    """The messages of the page "Messages": each block is one, and those that stand within a sentence."""
    text = (GUIDES / "troubleshooting.rst").read_text("utf-8")
    return [one_line(each) for each in (*_blocks(text), *re.findall(r"``([^`]+)``", text))]


def read_messages() -> list[str]:
    """The messages of the page "Further messages": the paragraphs of its blocks, and the terms of its lists."""
    text = (GUIDES / "messages.rst").read_text("utf-8")
    paragraphs = [one_line(paragraph) for block in _blocks(text) for paragraph in block.split("\n\n")]
    return [paragraph for paragraph in paragraphs if paragraph] + re.findall(r"^``([^`]+)``$", text, re.M)


def messages_with(words: str) -> str:
    """The one message of the page "Further messages" that is these words, or that has them."""
    messages = read_messages()
    [message] = [message for message in messages if message == words] or [message for message in messages if words in message]
    return message


def fits(message: str, text: str) -> bool:
    """Whether a message of a page, where three dots stand for anything, is in a text."""
    message, text = one_line(message), one_line(text)
    return re.search(".+?".join(re.escape(part.strip()) for part in re.split(r"\.\.\.", message)), text) is not None

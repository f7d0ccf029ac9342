# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each message that the plugins can give stands on one of the two pages of messages.

A text of the code is a message if it has three words or more, or is raised. It stands on a page by its longest fixed part; where the page leaves out some of
that, by a sentence, or by its beginning, that no other text of the code has. What is no message, or is left out for a reason, stands in LEFT_OUT.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ansible_collections.adverity.management.tests.unit.plugins.messages.pages import ROOT, one_line, read_messages, read_troubleshooting

DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
SQL = re.compile(r"(?:SELECT|INSERT|CREATE|DELETE|UPDATE|PRAGMA|WITH|FROM|SET|ALTER|DROP|LOCK|EXPLAIN)\b")
OFTEN = re.compile(r"Nothing was (?:changed|sent|written)\.")  # ends many messages, and tells none from another
SHORTEST, BEGINNING = 12, 30  # characters of a sentence, and of a beginning, that tell a message from others

WHERE = re.compile(r"among the \w+ this key can see")  # where something was looked for, in "...: not found among ..."
ANOTHER_WAY = "why another way of reading a list failed: users are told why the first one did"
GUARD = "a guard inside the code that no run reaches"
# Texts that are no messages of their own, or that no user sees, by their longest fixed part.
LEFT_OUT = {
    # Parts of messages that stand on a page
    "among the extracts of the datastreams of these bindings": 'where something was looked for, in "...: not found among ..."',
    "bindings, destinations (targets), extracts, and datastreams in adverity_binding, adverity_extract_info and adverity_requeue": "what integer IDs identify",
    "datastreams and workspaces in adverity_datastream and adverity_smart_pulling": "what UUIDs identify",
    "a path or a URL": "the kind of an option, in what ansible-core says of a wrong value",
    "assignments of datastreams": "what was written, or not",
    "for the state of each extract, and Issues for errors": 'the line after "Sent means dispatched"',
    "name is missing": 'what is wrong with a datastream, after "Wrong:"',
    "the whole history": "the period of a backfill",
    "the ledger does not show which": "in place of the name of the other run, in a message that is on a page",
    "Two runs could not keep out of each other's way there": 'in the middle of a message that the page "Messages" cuts there',
    # What no user sees
    "rows did not come in the order that was asked for": ANOTHER_WAY,
    "a period does not have the rows that were created at its end": ANOTHER_WAY,
    "more rows than one page has were created at the same time": ANOTHER_WAY,
    "another order or period returned": ANOTHER_WAY,
    "must name 1 to": GUARD,
    "does not name what it changes": GUARD,
    "is not open": GUARD,
    "it is not open": GUARD,
    "is not a folder": "the folder becomes a file between two looks at it",
    "not looked at": "the outcome before the first look, which each result replaces",
    "no label": "an error that the code itself catches",
    "unable to open": "looked for in what SQLite says",
}  # fmt: skip


class Text(NamedTuple):
    """A text in the code. ``fixed`` is its longest part without values."""

    place: str
    fixed: str


def fixed_parts(node: ast.expr) -> list[str]:
    """The parts of a text between its values."""
    if isinstance(node, ast.Constant):
        return re.split(r"\{[^{}]*\}", node.value) if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        return [part for value in node.values if isinstance(value, ast.Constant) for part in fixed_parts(value)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return fixed_parts(node.left) + fixed_parts(node.right)
    return []


def inner_texts(tree: ast.AST) -> set[int]:
    """What is a part of another text, or documentation, by its identity."""
    inner = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            inner.update((id(node.left), id(node.right)))
        elif isinstance(node, ast.JoinedStr):
            inner.update(map(id, node.values))
        elif isinstance(node, ast.Expr) or (isinstance(node, ast.Assign) and DOCUMENTATION.intersection(map(ast.unparse, node.targets))):
            inner.add(id(node.value))
    return inner


def texts_in(source: str, place: str) -> Iterator[Text]:
    """The messages in a file of Python, as far as their form tells."""
    tree = ast.parse(source)
    raised = {id(each) for node in ast.walk(tree) if isinstance(node, ast.Raise) for each in ast.walk(node)}
    inner = inner_texts(tree)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Constant, ast.JoinedStr, ast.BinOp)) and id(node) not in inner:
            parts = [one_line(OFTEN.sub("", part)) for part in fixed_parts(node)]
            fixed = max(parts, key=len, default="").strip(" .,:;()'")
            words = len(re.findall(r"[A-Za-z']{2,}", " ".join(parts)))
            if re.search(r"[a-z]{2,} [a-z]{2,}", fixed) and not SQL.match(fixed) and (words > 2 or id(node) in raised):
                yield Text(f"{place}:{node.lineno}", fixed)


PATHS = sorted(path for path in (ROOT / "plugins").rglob("*.py") if path.parent.name != "doc_fragments")
TEXTS = [text for path in PATHS for text in texts_in(path.read_text("utf-8"), str(path.relative_to(ROOT)))]
CHUNKS = sorted({one_line(chunk) for message in [*read_troubleshooting(), *read_messages()] for chunk in message.split("...")})


def sentences(fixed: str) -> set[str]:
    """The sentences of a part of a message."""
    return {each for each in re.split(r"(?<=[.:;])\s+", fixed) if len(each) >= SHORTEST}


FIXED = {text.fixed for text in TEXTS}
OWN = Counter(each for fixed in FIXED for each in {*sentences(fixed), fixed[:BEGINNING]})


def stands_on_a_page(fixed: str) -> bool:
    """Whether a page has the message with this part."""
    own = [each for each in (*sentences(fixed), fixed[:BEGINNING]) if OWN[each] <= 1 and len(each) >= SHORTEST]
    return any(each in chunk for each in (fixed, *own) for chunk in CHUNKS)


def test_each_message_stands_on_a_page():
    assert len(TEXTS) > 300
    missing = [text for text in TEXTS if text.fixed not in LEFT_OUT and not WHERE.fullmatch(text.fixed) and not stands_on_a_page(text.fixed)]
    assert not missing, "Put these on messages.rst, or into LEFT_OUT:\n" + "\n".join(map(": ".join, missing))


def test_text_that_is_left_out_is_in_the_code_and_on_no_page():
    assert [fixed for fixed in LEFT_OUT if fixed not in FIXED or stands_on_a_page(fixed)] == []


def test_no_message_stands_on_both_pages():
    further = read_messages()
    assert len(further) == len(set(further))
    assert [message for message in read_troubleshooting() if message in further] == []

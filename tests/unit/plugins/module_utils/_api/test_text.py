# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import time

import pytest
from ansible_collections.adverity.management.plugins.module_utils._api import text as _text

JSON = "application/json"
HTML = "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  around  ", "around"),
        ("one\r\ntwo\n\n\tthree", "one two three"),
        ("a\x00b\x1b[31mc\x7fd\x85e", "a b [31mc d e"),
        ("a\u2028b\u2029c\u202ed\u200be\ufefff\u061cg", "a b c d e f g"),
        ("a\u2066b\u00adc\u2060d\u180ee\ufff9f\U000e0041g", "a b c d e f g"),
        ("a\ud800b", "a b"),
        ("Z\u00fcrich \u6771\u4eac \U0001f600", "Z\u00fcrich \u6771\u4eac \U0001f600"),
        ("", ""),
        (None, "None"),
        (["a\nb"], "['a\\nb']"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 299 + "\u2026"),
    ],
)
def test_line(text, line):
    assert _text.line(text) == line


def test_line_has_another_length_on_request_and_lines_go_into_lists_and_dictionaries():
    assert _text.line("abc def", longest=5) == "abc\u2026"
    value = {"a\nb": ["c\x1bd", {"e": "\u202ef"}, 1, None, True, 1.5]}
    assert _text.lines(value) == {"a b": ["c d", {"e": "f"}, 1, None, True, 1.5]}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"detail": "Not found."}, "Not found."),
        ({"detail": [{"loc": ["body", "enabled"], "msg": "field required", "type": "value_error"}]}, "body.enabled: field required"),
        ({"detail": [{"loc": ["query", 0], "msg": "a"}, {"msg": "b"}]}, "query.0: a, b"),
        ({"detail": [{"loc": "body", "msg": "a"}]}, "a"),
        ({"detail": [{"loc": [], "msg": ["a", {"msg": "b"}]}]}, "a, b"),
        ({"name": ["This field is required.", "Too short."]}, "name: This field is required., Too short."),
        ({"detail": "Invalid.", "errors": {"name": ["Required."]}}, "Invalid.; errors: name: Required."),
        ({"message": "a", "error": "b", "code": 7}, "a; b; code: 7"),
        (["a", 1, None, True, 1.5], "a, 1, null, true, 1.5"),
        ("just text", "just text"),
        ({"": ""}, ":"),
        ({}, "(no text)"),
        ([], "(no text)"),
        ("", "(no text)"),
        (None, "null"),
        ({"detail": "two\nlines\u202e"}, "two lines"),
        ({"detail": "\ud800"}, "(no text)"),
    ],
)
def test_body_of_json(data, text):
    assert _text.body(json.dumps(data).encode(), JSON) == text


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        (b"", JSON, "(no text)"),
        (b"   ", "", "(no text)"),
        (b"Bad Gateway\n", "text/plain", "Bad Gateway"),
        (b"{not json", JSON, "{not json"),
        (b'{"detail": NaN}', JSON, "NaN"),
        (b"\xff\xfe broken", "text/plain", "\ufffd\ufffd broken"),
        (b'{"detail": 1' + b"0" * 5000 + b"}", JSON, '{"detail": 1' + "0" * 287 + "\u2026"),
        (b"<html><head><title>502 Bad\n Gateway</title></head><body>nginx</body></html>", HTML, "an HTML page, '502 Bad Gateway'"),
        (b"<TITLE lang=en>Log &amp; in</TITLE>", HTML, "an HTML page, 'Log & in'"),
        (b"<html><body><h1>Not here</h1><p>Really</p></body></html>", HTML, "an HTML page, 'Not here Really'"),
        (b"<style>p {}</style><script>alert(1)</script><!-- no -->Text", HTML, "an HTML page, 'Text'"),
        (b"  <!doctype html><p>Hello</p>", JSON, "an HTML page, 'Hello'"),
        (b"no tags at all", "TEXT/HTML", "an HTML page, 'no tags at all'"),
        (b"", HTML, "an HTML page, ''"),
        (b"<title>" + b"x" * 1000 + b"</title>", HTML, "an HTML page, '" + "x" * 149 + "\u2026'"),
    ],
)
def test_body_of_text_and_of_a_page(content, kind, text):
    assert _text.body(content, kind) == text


@pytest.mark.parametrize("piece", ["<", "<head", "<script>", "<!--", "<title>", "<title", "<style></style ", "&#", "["])
def test_a_hostile_page_costs_no_time(piece):
    started = time.process_time()
    shown = _text.body((piece * 65536).encode(), HTML if piece != "[" else JSON)
    assert time.process_time() - started < 1
    assert 0 < len(shown) <= _text.LONGEST


@pytest.mark.parametrize(
    ("numbers", "most", "text"),
    [
        ([], 9, ""),
        ([101, 102, 103, 105, 107, 108], 9, "101-103, 105, 107-108"),
        ([3, 2, 1], 9, "3, 2, 1"),
        ([1, 1], 9, "1, 1"),
        (range(1, 5001), 9, "1-5000"),
        (iter([2**62, 2**62 + 1]), 9, "4611686018427387904-4611686018427387905"),
        (range(0, 200, 2), 3, "0, 2, 4 and 97 more"),
        ([1, 2, 5, 6, 9, 10, 11], 2, "1-2, 5-6 and 3 more"),
    ],
)
def test_ids_are_shown_as_ranges_and_many_are_counted(numbers, most, text):
    assert _text.ids(numbers, most=most) == text


@pytest.mark.parametrize(("names", "text"), [("ba", "b, a"), ("", ""), ("abcde", "a, b, c and 2 more")])
def test_several(names, text):
    assert _text.several(list(names), most=3) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0 extracts"), (1, "1 extract"), (2, "2 extracts")])
def test_a_number_of_things(number, text):
    assert _text.counted(number, "extract") == text

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What is shown of a text: one readable line, never long; of one that comes from elsewhere, never a secret."""

from __future__ import annotations

import html
import json
import re
import typing as t

from . import secrets

LONGEST = 300
# Of a body no more is looked at than this; of an HTML page less, because looking for its tags can take time that grows with the square.
_READ, _READ_HTML = 65536, 8192
# Controls, line and paragraph separators, direction marks, what is invisible, and surrogates.
_CONTROL = re.compile(
    r"[\x00-\x20\x7f-\xa0\xad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]+"
)
_HIDDEN_HTML = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<!--.*?-->", re.I | re.S)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.I | re.S)
_TAG = re.compile(r"<[^>]*>")


def line(text: t.Any, longest: int = LONGEST) -> str:
    """``text`` without line breaks, control or direction characters, cut to ``longest`` characters."""
    shown = _CONTROL.sub(" ", text if isinstance(text, str) else str(text)).strip()
    return shown if len(shown) <= longest else shown[: longest - 1].rstrip() + "\u2026"


def foreign(text: t.Any, longest: int = LONGEST) -> str:
    """What an exception, the API, the environment or a URL says: ``line``, without secrets. They are hidden first: half a key is too much, too."""
    return line(secrets.hide(text if isinstance(text, str) else str(text)), longest)


def lines(value: t.Any) -> t.Any:
    """A JSON value, in which each text is one line."""
    if isinstance(value, dict):
        return {line(key): lines(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [lines(inner) for inner in value]
    return line(value) if isinstance(value, str) else value


def body(content: bytes, content_type: str) -> str:
    """The text of an error's body, without secrets.

    The shapes are those of both APIs (contract): ``{"detail": ...}``, ``{"field": [...]}``, lists of
    ``{"loc", "msg"}``; anything else is quoted as it is, and of an HTML page its title or its text.
    """
    text = secrets.hide_registered(content.decode("utf-8", "replace"))[:_READ]  # hidden before it is cut
    if "html" in content_type.lower() or text.lstrip()[:1] == "<":
        text = text[:_READ_HTML]
        title = _TITLE.search(text)
        shown = title.group(1) if title else _TAG.sub(" ", _HIDDEN_HTML.sub(" ", text))
        return line(f"an HTML page, {foreign(html.unescape(shown), 150)!r}")
    try:
        text = _flat(json.loads(text))
    except (ValueError, RecursionError):
        pass  # not JSON: quoted as it came
    return foreign(text) or "(no text)"


def _flat(value: t.Any) -> str:
    if isinstance(value, dict):
        if "msg" in value:
            where = value.get("loc")
            place = ".".join(str(part) for part in where) if isinstance(where, list) else ""
            return ": ".join(part for part in (place, _flat(value["msg"])) if part)
        return "; ".join(
            _flat(v) if k in ("detail", "message", "error") else f"{k}: {_flat(v)}" for k, v in value.items()
        )
    if isinstance(value, list):
        return ", ".join(_flat(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value)


def ids(numbers: t.Iterable[int], most: int = 60) -> str:
    """Ids for a message, neighbours as ranges: ``101-150, 160``. Past ``most`` parts the rest is counted."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    shown = [f"{a}-{b}" if b > a else str(a) for a, b in parts[:most]]
    rest = sum(b - a + 1 for a, b in parts[most:])
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def counted(number: int, noun: str) -> str:
    """A number of things for a message: ``1 extract``, ``2 extracts``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def several(texts: t.Sequence[str], most: int = 50) -> str:
    """Names or UUIDs for a message, one after the other. Past ``most`` the rest is counted."""
    rest = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {rest} more" if rest > 0 else "")

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What is secret in this process, and texts without it. No other place knows that.

Secrets are the API key, passwords of ledgers, credentials of proxies, and the fields of settings that are secret by their name or by what the API says.
Text that comes from elsewhere (an exception, the API, the environment, a URL) goes through ``hide`` before it is put into a message.

Values of results are not hidden by what they contain: a password may be a part of a name or of an id, and later tasks write what a result says.
"""

from __future__ import annotations

import json
import re
import typing as t
from urllib.parse import quote, quote_plus, unquote

from .errors import InputError

try:
    from ansible.module_utils.secrets import register_secrets  # type: ignore[import-not-found,unused-ignore]
except ImportError:  # before ansible-core 2.22

    def register_secrets(values: t.Iterable[str], /) -> None:
        """Nothing: this ansible-core has no register of secrets."""


HIDDEN = "********"

# In whole messages, which are for the most part our own words, shorter secrets would only spoil these.
_LONG = 8
# In results, only the API key is looked for, since Adverity has it and might repeat it. A shorter one may be a part of a name.
_NO_NAME = 16

_SECRET_NAME = re.compile(
    "passw|secret|token|credential|private_?key|(api|access|account)_?key|connection_string", re.I
)
_ASSIGNED = re.compile(
    r"((?:passw(?:or)?d|passphrase|api_?key|secret|token)['\"]?\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&;'\"]+)", re.I
)

_secrets: set[str] = set()
_possible: set[str] = set()
_keys: set[str] = set()


def register(*values: t.Any) -> None:
    """From now on these are secrets: texts, numbers, and what lists and dicts hold of them. Also for ansible-core, where it has a register."""
    found = {text for text in texts(values) if text.strip()}
    _secrets.update(form for text in found for form in _forms(text))
    register_secrets(found)


def register_key(key: str) -> None:
    """From now on this is a secret that Adverity has."""
    register(key)
    _keys.add(key)


def register_possible(values: t.Any) -> None:
    """These may be secrets. They are hidden in text that comes from elsewhere, if they are longer than three characters."""
    _possible.update(form for text in texts(values) if len(text) > 3 for form in _forms(text))


def forget() -> None:
    """Forgets everything: for tests, of which many run in one process."""
    for known in (_secrets, _possible, _keys):
        known.clear()


def is_secret_name(name: str) -> bool:
    """Whether the value of a field or an option of this name is a secret."""
    return _SECRET_NAME.search(name) is not None


def hide_registered(text: str) -> str:
    """Text from elsewhere without secrets that are registered, whatever their length."""
    return _replace(text, _secrets | _possible)


def hide(text: str) -> str:
    """Text from elsewhere without secrets: those that are registered, passwords in URLs, and what is assigned to a word like ``password``."""
    return _hide_credentials(hide_registered(text))


def hide_in_message(text: str) -> str:
    """A whole message without secrets. Text from elsewhere in it has been through ``hide`` before."""
    return _hide_credentials(_replace(text, {secret for secret in _secrets if len(secret) >= _LONG}))


def holds_any(text: str) -> bool:
    """Whether an option's text holds a secret, also one that is written as in a URL."""
    return any(hide_in_message(one) != one for one in (text, unquote(text)))


def hide_in_result(value: t.Any) -> t.Any:
    """A value of a result without the API key."""
    long = {form for key in _keys if len(key) >= _NO_NAME for form in _forms(key)}
    return _replace_in(value, long) if long else value


def refuse_key(result: t.Any) -> None:
    """Raises InputError where ``hide_in_result`` would change what later tasks write."""
    if hide_in_result(result) != result:
        raise InputError(
            "A name, or another text of this deployment, contains the API key. It is hidden in results, so that nothing right could be written."
            " Use another key, or rename what contains it. Nothing was changed."
        )


def texts(value: t.Any) -> set[str]:
    """The texts and numbers in a value, as text."""
    if isinstance(value, dict):
        value = value.values()
    elif isinstance(value, (str, int, float)):
        return set() if isinstance(value, bool) or value == "" else {str(value)}
    elif value is None:
        return set()
    return {text for inner in value for text in texts(inner)}


def secret_fields(settings: t.Any, is_secret: t.Callable[[str], bool] = is_secret_name) -> list[t.Any]:
    """The values in settings, at any depth, whose field is secret."""
    if isinstance(settings, list):
        return [found for inner in settings for found in secret_fields(inner, is_secret)]
    if not isinstance(settings, dict):
        return []
    found = [value for name, value in settings.items() if is_secret(str(name))]
    return found + [
        inner
        for name, value in settings.items()
        if not is_secret(str(name))
        for inner in secret_fields(value)
    ]


def _forms(secret: str) -> set[str]:
    """A secret as it may be written: in JSON, in a URL, in Python."""
    written = {
        secret,
        secret.strip(),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
    }
    quoted = {
        quote(secret, errors="replace"),
        quote(secret, safe="", errors="replace"),
        quote_plus(secret, errors="replace"),
        unquote(secret),
    }
    return (written | quoted) - {""}


def _replace(text: str, secrets: t.Collection[str]) -> str:
    """The text without these. Where two overlap, nothing of either stays."""
    spans = []
    for secret in secrets:
        start = text.find(secret)
        while start >= 0:
            spans.append((start, start + len(secret)))
            start = text.find(secret, start + 1)
    shown, end = "", 0
    for first, last in sorted(spans):
        if first > end or not shown:
            shown += text[end:first] + HIDDEN
        end = max(end, last)
    return shown + text[end:]


def _replace_in(value: t.Any, secrets: t.Collection[str]) -> t.Any:
    if isinstance(value, dict):
        return {_replace_in(name, secrets): _replace_in(inner, secrets) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replace_in(inner, secrets) for inner in value]
    return _replace(value, secrets) if isinstance(value, str) else value


def _hide_credentials(text: str) -> str:
    """The text without ``user:password`` before an ``@``, and without what is assigned to a word like ``password``."""
    text = _ASSIGNED.sub(lambda found: found.group(1) + HIDDEN, text)
    if "@" not in text:
        return text
    return "".join(_without_user(word) for word in re.split(r"(\s+)", text))


def _without_user(word: str) -> str:
    head, at, rest = word.rpartition("@")
    scheme, separator, user = head.rpartition("://")
    if not separator:
        scheme, user = "", head
    return f"{scheme}{separator}{HIDDEN}{at}{rest}" if at and ":" in user else word

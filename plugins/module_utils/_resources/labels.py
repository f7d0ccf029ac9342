# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What the label of an extract's state means. Its exact text is not known, and may be in another language: a label that nobody knows proves nothing."""

from __future__ import annotations

import enum
import typing as t

from .._api import text
from .._api.errors import InputError


class Meaning(enum.IntEnum):
    """What a label says. The numbers may be recorded: each fits into a byte, and keeps its meaning."""

    UNKNOWN = 0
    COLLECTED = 1
    LOADING = 2
    LOADED = 3
    FAILED = 4
    OVERWRITTEN = 5


_KNOWN = {
    "collected": Meaning.COLLECTED,
    "processing": Meaning.LOADING,
    "importing": Meaning.LOADING,
    "loading": Meaning.LOADING,
    "imported": Meaning.LOADED,
    "loaded": Meaning.LOADED,
    "import error": Meaning.FAILED,
    "transform error": Meaning.FAILED,
    "failed": Meaning.FAILED,
    "overwritten": Meaning.OVERWRITTEN,
}
# What users may say of a label of their instance.
CHOICES = {
    "collected": Meaning.COLLECTED,
    "loading": Meaning.LOADING,
    "loaded": Meaning.LOADED,
    "failed": Meaning.FAILED,
}


class Labels:
    """The labels that are known, and those that users add or change."""

    def __init__(self, more: t.Mapping[str, str] | None = None) -> None:
        """``more`` has for a label one of CHOICES. Raises InputError."""
        self._known = dict(_KNOWN)
        _refuse_twice(more or {})
        for label, choice in (more or {}).items():
            meaning = CHOICES.get(str(choice).strip().casefold())
            if meaning is None:
                shown = text.line(f"{label}: {choice}", longest=80)
                raise InputError(
                    f"state_labels has {shown!r}, but the meaning of a label must be one of: {', '.join(CHOICES)}."
                )
            self._known[_plain(label)] = meaning

    def meaning(self, label: t.Any) -> Meaning:
        """What a label means, in any case and spacing; UNKNOWN where nobody knows, or where there is none."""
        return self._known.get(_plain(label), Meaning.UNKNOWN) if isinstance(label, str) else Meaning.UNKNOWN


def _refuse_twice(more: t.Iterable[str]) -> None:
    """Raises InputError where two of these labels differ only in case or spacing, which means nothing: one of the two would be lost."""
    seen: dict[str, str] = {}
    for label in more:
        before = seen.setdefault(_plain(label), label)
        if before is not label:
            twice = " and ".join(repr(text.line(str(one), longest=40)) for one in (before, label))
            raise InputError(
                f"state_labels has the same label twice: {twice}. Case and spaces do not matter. Remove one of them."
            )


def _plain(label: str) -> str:
    return " ".join(str(label).replace("_", " ").split()).casefold()

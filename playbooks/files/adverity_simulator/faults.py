# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults: scripted misbehaviour."""

from __future__ import annotations

import copy
import email.utils
import json
import re
import time
from dataclasses import dataclass
from typing import Any, Callable

from .changes import read_changes
from .matching import Matcher
from .messages import Answer
from .values import Row, is_whole

HOLD_SECONDS = 900.0  # the longest that a hold or a drip takes


def _is_change(do: Any) -> bool:
    try:
        read_changes(do)
    except ValueError:
        return False
    return True


FAULTS: dict[str, tuple[Callable[[Any], bool], str]] = {  # kind: (check of its value, meaning)
    "status": (lambda do: isinstance(do, dict) and is_whole(do.get("code")), "answer that status instead"),
    "drop": (lambda do: do in ("before", "after"), "close without an answer, before or after the work"),
    "delay": (lambda do: isinstance(do, dict) and do.get("when", "before") in ("before", "after")
              and isinstance(do.get("seconds"), (int, float)), "wait before or after the work, then answer"),
    "hold": (lambda do: do in ("before", "after"), "wait for POST /_simulator/release, before or after the work"),
    "cut": (is_whole, "do the work, send so many bytes of the body, close; with more than it has the answer is whole "
                      "and the connection closes unannounced"),
    "html": (lambda do: isinstance(do, dict), "answer an HTML page instead"),
    "json": (lambda do: True, "answer 200 with this body instead"),
    "redirect": (lambda do: isinstance(do, dict) and isinstance(do.get("to"), str), "answer a redirect instead"),
    "count": (is_whole, "add this to `count` in the answer"),
    "drip": (lambda do: isinstance(do, dict) and set(do) <= {"seconds", "limit", "part"}
             and all(isinstance(do.get(name, 1), (int, float)) and 0 < do.get(name, 1) <= HOLD_SECONDS for name in ("seconds", "limit"))
             and "seconds" in do and do.get("part", "body") in ("body", "all"),
             "do the work, then send a byte of the body (or of `all`) every so many seconds; after `limit` seconds the rest at once"),
    "mutate": (_is_change, "change the world just before, see changes.py"),
}


@dataclass
class Fault(Matcher):
    """One scripted misbehaviour: the requests that it is for, and what it does (`kind` and `do`, see FAULTS).

    Every fault counts the requests that match it. Of those that are due the first fires.
    """

    kind: str = ""
    do: Any = None
    work: bool = False

    @classmethod
    def read(cls, data: Any) -> Fault:
        """A fault from its JSON form; ValueError names what is wrong."""
        if not isinstance(data, dict):
            raise ValueError("a fault is an object")
        rest = dict(data)
        kinds = [name for name in rest if name in FAULTS]
        if len(kinds) != 1:
            raise ValueError(f"a fault has exactly one of {', '.join(FAULTS)}; this has {kinds or 'none'}")
        kind = kinds[0]
        do = rest.pop(kind)
        cls.check("fault", rest, "work")
        if not FAULTS[kind][0](do):
            raise ValueError(f"fault {kind}: {do!r} will not do")
        if kind in ("status", "html"):
            rest.setdefault("work", do.get("work", False))
        return cls(kind=kind, do=do, **rest)

    def data(self) -> Row:
        """The fault in its JSON form, with `matches` and `fired`."""
        return {self.kind: self.do, **self.told("work")}

    def instead(self) -> Answer:
        """The answer of the kinds that replace the real one."""
        if self.kind == "json":
            return Answer(200, copy.deepcopy(self.do)) if not isinstance(self.do, str) else Answer(
                200, json.dumps(self.do), {"Content-Type": "application/json"})
        if self.kind == "html":
            page = "<!DOCTYPE html>\n<html><head><title>Proxy</title></head><body><h1>Sign in</h1></body></html>\n"
            return Answer(self.do.get("code", 200), page, {"Content-Type": "text/html; charset=utf-8"})
        if self.kind == "redirect":
            return Answer(self.do.get("code", 302), "", {"Location": self.do["to"]})
        headers = {}
        for name, value in (self.do.get("headers") or {}).items():
            date = re.fullmatch(r"http-date([+-]\d+)", str(value))
            headers[name] = email.utils.formatdate(time.time() + int(date[1]), usegmt=True) if date else str(value)
        if "content_type" in self.do:
            headers["Content-Type"] = self.do["content_type"]
        return Answer(self.do["code"], self.do.get("body", {"detail": "Scripted fault."}), headers)

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

from .fields import KINDS
from .messages import Answer
from .values import Row, is_whole

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
    "mutate": (lambda do: isinstance(do, dict) and set(do) <= {"remove", "add"} and all(
        isinstance(rows, dict) and set(rows) <= set(KINDS) and all(isinstance(row, list) for row in rows.values())
        for rows in do.values()), "change the world just before: {remove: {kind: [id]}, add: {kind: [row]}}"),
}


@dataclass
class Fault:
    """One scripted misbehaviour: what it matches, how often, and what it does (`kind` and `do`, see FAULTS).

    Every fault counts the requests that match it; it is due after the first `skip` of them, and fires `times`
    times (None: always). Of those that are due the first fires.
    """

    kind: str
    do: Any
    method: str | None = None
    path: str | None = None
    skip: int = 0
    times: int | None = 1
    work: bool = False
    matches: int = 0
    fired: int = 0

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
        unknown = sorted(set(rest) - {"method", "path", "skip", "times", "work"})
        if unknown:
            raise ValueError(f"a fault has no {', '.join(unknown)}")
        if not FAULTS[kind][0](do):
            raise ValueError(f"fault {kind}: {do!r} will not do")
        for name, lowest in (("skip", 0), ("times", 1)):
            value = rest.get(name, lowest)
            if (not is_whole(value) or value < lowest) and not (name == "times" and value is None):
                raise ValueError(f"fault {name}: a whole number from {lowest} is due, not {value!r}")
        if kind in ("status", "html"):
            rest.setdefault("work", do.get("work", False))
        try:
            re.compile(rest.get("path") or "")
        except (re.error, TypeError) as exc:
            raise ValueError(f"fault path: {exc}") from None
        return cls(kind=kind, do=do, **rest)

    def data(self) -> Row:
        """The fault in its JSON form, with `matches` and `fired`."""
        names = ("method", "path", "skip", "times", "work", "matches", "fired")
        return {self.kind: self.do, **{name: getattr(self, name) for name in names}}

    def due(self, method: str, path: str) -> bool:
        """Count the request where it matches; True where the fault may fire on it."""
        if (self.method and self.method.upper() != method) or (self.path and not re.search(self.path, path)):
            return False
        self.matches += 1
        return self.matches > self.skip and (self.times is None or self.fired < self.times)

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

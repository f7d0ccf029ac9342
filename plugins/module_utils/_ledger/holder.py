# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The run that holds a lock, in the words of a message, and as short as a database shows it."""

from __future__ import annotations

import os
import re
import socket
import typing as t

from .._api import text

_PRODUCT = "adverity.management"
_LABEL = re.compile(_PRODUCT + r"(?P<check> check)? (?P<process>\d+)(?: job (?P<job>\w+))?@(?P<host>.*)")
_WORDS = re.compile(r"host (?P<host>.*), process (?P<process>\d+)(?:, AWX job (?P<job>.*))?")
_LONGEST_LABEL = 63  # bytes of an application_name; PostgreSQL cuts off what is longer


class Run(t.NamedTuple):
    """A run that can be found: its machine, its process, and its AWX job where there is one."""

    host: str
    process: int
    job: str | None = None

    @property
    def words(self) -> str:
        """As a message names it."""
        return f"host {self.host}, process {self.process}" + (f", AWX job {self.job}" if self.job else "")

    def label(self, check_mode: bool) -> str:
        """As the sessions of a database show it, in ASCII. A long host name loses its end."""
        job = f" job {self.job}" if self.job and re.fullmatch(r"\w{1,20}", self.job, re.ASCII) else ""
        label = f"{_PRODUCT}{' check' if check_mode else ''} {self.process}{job}@{self.host}"
        return label.encode("ascii", "replace").decode("ascii")[:_LONGEST_LABEL]


class Holder(t.NamedTuple):
    """Who holds a lock: ``who`` is what is known of it, ``way_to_end`` a sentence on how to end it from elsewhere, or empty."""

    who: str
    way_to_end: str = ""


def this_run() -> Run:
    """The run of this process."""
    return Run(text.line(socket.gethostname()), os.getpid(), awx_job())


def awx_job() -> str | None:
    """The number of the AWX job that this process belongs to, None outside of AWX."""
    return text.line(os.environ["JOB_ID"]) if "AWX_HOST" in os.environ and "JOB_ID" in os.environ else None


def from_words(words: str) -> Run | None:
    """The run that ``words`` name, None where they name none."""
    found = _WORDS.fullmatch(words)
    return Run(found["host"], int(found["process"]), found["job"]) if found else None


def from_label(label: str) -> tuple[Run, bool] | None:
    """The run behind the label of a session, and whether it is in check mode. None: a label that somebody else chose."""
    found = _LABEL.fullmatch(label)
    return (Run(found["host"], int(found["process"]), found["job"]), bool(found["check"])) if found else None


def describe(run: Run, check_mode: bool, since: str | None = None) -> str:
    """What a message says of a run that holds a lock."""
    return run.words + (", in check mode" if check_mode else "") + (f", since {since}" if since else "")

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An event source for Event-Driven Ansible: jobs and issues of Adverity that are new, or whose state has changed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import tempfile
import typing as t
from pathlib import Path

# ansible-rulebook runs this file by its path, without the import of collections. Seven folders above is the one that holds ansible_collections; links are
# kept.
sys.path += [str(folder) for folder in list(Path(os.path.abspath(__file__)).parents)[7:8]]

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.adverity.management.plugins.module_utils._api import clock, secrets, text
from ansible_collections.adverity.management.plugins.module_utils._api.connection import (
    CONNECTION_SPEC,
    connect,
)
from ansible_collections.adverity.management.plugins.module_utils._api.errors import (
    AdverityError,
    InputError,
    Refused,
)
from ansible_collections.adverity.management.plugins.module_utils._resources import issues, jobs
from ansible_collections.adverity.management.plugins.module_utils._spec import selection, times
from ansible_collections.adverity.management.plugins.module_utils._spec.kinds import seconds
from ansible_collections.adverity.management.plugins.module_utils._spec.options import DATASTREAM_IDS

if t.TYPE_CHECKING:
    from ansible_collections.adverity.management.plugins.module_utils._api.client import Client

DOCUMENTATION = r"""
short_description: Receive the jobs and issues of Adverity as events
description:
  - Reads the lists of jobs and of issues every O(interval) seconds, and puts an event for each job and each issue that is new or whose state has changed.
  - Jobs and issues that exist when the source starts for the first time are not events.
  - The process needs the Python packages C(ansible-core) and C(requests). The source only reads. It never changes anything in Adverity.
  - After a temporary error, such as a lost connection, the source logs the error and reads again. Any other error ends the rulebook.
options:
  instance:
    description: The host name of the Adverity instance, or C(https://host[:port]). Default is the environment variable E(ADVERITY_INSTANCE).
    type: str
    required: true
  api_key:
    description: The API key. Default is the environment variable E(ADVERITY_API_KEY).
    type: str
    required: true
  validate_certs:
    description: Whether to validate the TLS certificate of the instance. Default is E(ADVERITY_VALIDATE_CERTS).
    type: bool
    default: true
  ca_path:
    description: A PEM file with certificates that are trusted. Default is E(ADVERITY_CA_PATH).
    type: path
  timeout:
    description: Seconds to connect, and between bytes that are read. Default is E(ADVERITY_TIMEOUT).
    type: float
    default: 30.0
  retries:
    description: The number of further tries of a request. Default is E(ADVERITY_RETRIES).
    type: int
    default: 4
  retry_max_delay:
    description: The maximum time in seconds to wait before a further try. Default is E(ADVERITY_RETRY_MAX_DELAY).
    type: float
    default: 60.0
  datastream_ids:
    description: Integer IDs of datastreams. If omitted, the source puts the events of all datastreams that the key can see.
    type: list
    elements: int
    aliases: [datastream_id]
  interval:
    description: Seconds from one reading to the next, at most 2592000 (30 days).
    type: int
    default: 60
  state_file:
    description:
      - The absolute path of a file in which the source records the events that it has put. After a restart, it puts what has changed in the meantime, and
        repeats nothing.
      - Without it, a restart begins again, and what happened in the meantime is not an event.
    type: path
"""

EXAMPLES = r"""
- adverity.management.adverity_events:
    instance: acme.datatap.adverity.com
    api_key: "{{ adverity_api_key }}"
    interval: 60
    state_file: /var/lib/rulebook/adverity_events.json
"""

_LOG = logging.getLogger(__name__)
_FORMAT = 1  # of the state file
SPEC: dict[str, t.Any] = dict(
    CONNECTION_SPEC,
    **DATASTREAM_IDS,
    interval={"type": seconds(1), "default": 60},
    state_file={"type": "path"},
)
Event = dict[str, t.Any]


class Cursor:
    """What has been put as events: the state of each job and issue, by ID, and the API's time of the last reading."""

    def __init__(
        self,
        read_at: str | None = None,
        known_jobs: dict[str, str] | None = None,
        known_issues: dict[str, bool] | None = None,
    ) -> None:
        self.read_at = read_at
        self.jobs, self.issues = dict(known_jobs or {}), dict(known_issues or {})

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever read."""
        return self.read_at is None


class Reader:
    """Reads jobs and issues and tells what has changed since the last time. A reading that fails changes nothing."""

    def __init__(self, client: Client, datastream_ids: list[int] | None, cursor: Cursor) -> None:
        self._client, self._datastream_ids, self.cursor = client, datastream_ids, cursor

    def read(self) -> list[Event]:
        """The events since the last reading, issues first: a job that has failed names them."""
        cursor = self.cursor
        found_issues = {str(issue.id): issue for issue in issues.read(self._client, self._datastream_ids)}
        now = (self._client.date or clock.now()).replace(microsecond=0)  # the API's clock, where it tells it
        # Nothing that the list shows later began longer before the last reading.
        start = times.show(
            (now if cursor.read_at is None else times.parse(cursor.read_at)) - jobs.LONGEST_QUEUE
        )
        found_jobs = {str(job.id): job for job in jobs.read(self._client, self._datastream_ids, start=start)}
        states = {id_: job.state_label for id_, job in found_jobs.items()}
        for id_, job in self._followed(found_jobs).items():
            found_jobs[id_], states[id_] = job, job.state_label
        acknowledged = {id_: issue.acknowledged is True for id_, issue in found_issues.items()}
        events: list[Event] = []
        if not cursor.is_new:
            events += [
                {"issue": _shown(found_issues[id_].row)}
                for id_, ack in acknowledged.items()
                if cursor.issues.get(id_) is not ack
            ]
            events += [
                {"job": _shown(found_jobs[id_].row)}
                for id_, state in states.items()
                if cursor.jobs.get(id_) != state
            ]
        self.cursor = Cursor(times.show(now), states, acknowledged)
        return events

    def _followed(self, listed: dict[str, jobs.Job]) -> dict[str, jobs.Job]:
        """Jobs of the cursor that the list shows no more, although they had not ended."""
        followed = {}
        for id_, state in self.cursor.jobs.items():
            before = jobs.Job.from_row({"id": int(id_), "state_label": state})
            if id_ not in listed and not before.finished:
                job = jobs.read_one(self._client, before)
                if job is not None:
                    followed[id_] = job
        return followed


def _shown(row: Event) -> Event:
    """What an event tells of a row: all of it, each text one line, and never the API key."""
    return t.cast(Event, secrets.hide_in_result(text.lines(row)))


def load(path: str | None) -> Cursor:
    """The cursor of a state file; a new one where there is no file. Raises InputError."""
    if not path or not os.path.exists(path):
        return Cursor()
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        if data["format"] != _FORMAT:
            raise ValueError(f"its format is {data['format']!r:.20}")
        times.parse(data["read_at"])
        if not all(id_.isdigit() for id_ in (*data["jobs"], *data["issues"])):
            raise ValueError("an ID is not a number")
        return Cursor(data["read_at"], data["jobs"], data["issues"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = text.foreign(f"{type(error).__name__}: {error}", longest=120)
        raise InputError(
            f"state_file is {path!r}, which is not a file of this source ({reason}). Name another file, or remove it to begin anew."
        ) from error


def save(cursor: Cursor, path: str | None) -> None:
    """Writes the cursor, whole or not at all. Raises InputError."""
    if not path:
        return
    data = {"format": _FORMAT, "read_at": cursor.read_at, "jobs": cursor.jobs, "issues": cursor.issues}
    try:
        handle, name = tempfile.mkstemp(prefix=".adverity-events-", dir=os.path.dirname(path))
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(data, file)
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise InputError(f"state_file is {path!r}, which cannot be written: {error.strerror}.") from error


def read_options(args: dict[str, t.Any]) -> dict[str, t.Any]:
    """The options, checked and converted. Raises InputError."""
    validated = ArgumentSpecValidator(SPEC).validate(args)
    secrets.register_key(
        str(validated.validated_parameters.get("api_key") or "")
    )  # before anything is said of the options
    if validated.error_messages:
        raise InputError("; ".join(text.foreign(message) for message in validated.error_messages))
    params: dict[str, t.Any] = validated.validated_parameters
    selection.refuse_empty(params, "datastream_ids")
    if params["state_file"] and not os.path.isabs(params["state_file"]):
        raise InputError(f"state_file is {params['state_file']!r:.200}, which is not an absolute path.")
    return params


def _may_pass(error: AdverityError) -> bool:
    """Whether a later reading may succeed: not so where the options or the key are wrong."""
    if isinstance(error, InputError):
        return False
    return not (isinstance(error, Refused) and error.status in (400, 401, 403, 404, 405))


async def main(queue: asyncio.Queue[Event], args: dict[str, t.Any]) -> None:
    """Puts events until it is cancelled."""
    # ansible-rulebook hands on arguments of its own, too.
    params = read_options(
        {name: value for name, value in args.items() if name in SPEC or name == "datastream_id"}
    )
    reader = Reader(connect(params), params["datastream_ids"], load(params["state_file"]))
    loop = asyncio.get_running_loop()
    while True:
        try:
            events = await loop.run_in_executor(None, reader.read)
        except AdverityError as error:
            if not _may_pass(error):
                raise
            _LOG.warning(
                "adverity_events reads again in %s s: %s",
                params["interval"],
                secrets.hide_in_message(str(error)),
            )
        else:
            for event in events:
                await queue.put(event)
            save(reader.cursor, params["state_file"])
        await asyncio.sleep(params["interval"])

# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes what ansible-playbook did as JSON, one line for each result, to the file that ADVERITY_HARNESS_RECORD names."""

from __future__ import annotations

DOCUMENTATION = """
name: adverity_record
type: aggregate
short_description: Record results for the integration tests
description: Writes each result, and at the end the statistics, as a line of JSON.
"""

import json
import os

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "adverity_record"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, row):
        with open(os.environ["ADVERITY_HARNESS_RECORD"], "a", encoding="utf-8") as stream:
            stream.write(json.dumps(row, default=str) + "\n")

    def _record(self, outcome, status):
        # Names without an underscore came with ansible-core 2.19, which has the others until 2.23.
        task = outcome.task if hasattr(outcome, "task") else outcome._task
        result = outcome.result if hasattr(outcome, "result") else outcome._result
        name = task.get_name().rsplit(" : ", 1)[-1]
        self._write({"task": name, "action": task.action, "status": status, "result": dict(result)})

    def v2_runner_on_ok(self, result):
        self._record(result, "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._record(result, "failed")

    def v2_runner_on_skipped(self, result):
        self._record(result, "skipped")

    def v2_playbook_on_stats(self, stats):
        hosts = {host: stats.summarize(host) for host in stats.processed}
        self._write({"hosts": hosts, "custom": stats.custom.get("_run", {})})

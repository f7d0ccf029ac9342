# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module adverity_requeue and, while it sends, shows every 30 seconds how far it is."""

from __future__ import annotations

from ansible_collections.adverity.management.plugins.module_utils._api import text
from ansible_collections.adverity.management.plugins.module_utils._api.progress import State
from ansible_collections.adverity.management.plugins.plugin_utils.watched_action import (
    WatchedAction,
    show_seconds,
)


class ActionModule(WatchedAction):
    """The module with a watcher beside it."""

    def describe(self, state: State, seconds: float) -> str:
        """One line on a sending that has taken so many seconds."""
        return describe(state, seconds)


def describe(state: State, seconds: float) -> str:
    """One line on a sending that has taken so many seconds."""
    parts = [] if state["datastream_id"] is None else [f"datastream {state['datastream_id']}"]
    if state["binding_ids"]:
        parts.append(f"binding {text.ids(state['binding_ids'])}")
    parts += [text.line(name) for name in state["targets"]]
    left = seconds * (state["total"] - state["sent"]) / state["sent"] if state["sent"] else 0
    return f"Sending: {', '.join([*parts, ''])}{state['sent']} of {text.counted(state['total'], 'extract')}, about {show_seconds(left)} left"

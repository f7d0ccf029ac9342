# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module adverity_load_info and, while it waits, shows every 30 seconds how far it is."""

from __future__ import annotations

from ansible_collections.adverity.management.plugins.plugin_utils.watched_action import WatchedAction


class ActionModule(WatchedAction):
    """The module with a watcher beside it."""

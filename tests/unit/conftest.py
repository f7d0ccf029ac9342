# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``ansible-test units`` forks for each test, which takes half of its time. No test here needs that."""

from __future__ import annotations


def pytest_configure(config):
    """Take out the plugin of ansible-test that forks."""
    plugin = config.pluginmanager.get_plugin("ansible_forked")
    if plugin is not None:
        config.pluginmanager.unregister(plugin)

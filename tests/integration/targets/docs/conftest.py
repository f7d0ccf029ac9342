# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs may be forks of a process that has imported ansible-core."""

from __future__ import annotations

from adverity_harness.runs import Controller

Controller.forks = True

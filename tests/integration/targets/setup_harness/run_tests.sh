#!/usr/bin/env bash
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs the tests of the target that calls it, two files at a time, since the tests of a file may share a run; a target whose tests do not says
# `--dist load`. ansible-test hands on how much it wants to hear.
set -eu
exec python -m pytest -q -p no:cacheprovider -n 2 --dist loadfile . "$@"

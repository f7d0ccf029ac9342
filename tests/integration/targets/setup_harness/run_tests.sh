#!/usr/bin/env bash
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs the tests in the folder of a target, two at a time, with the harness as a plugin of pytest. The targets' runme.sh are links to this file.
# ansible-test hands on how much it wants to hear.
set -eu
PYTHONPATH="$(cd ../setup_harness && pwd)${PYTHONPATH:+:$PYTHONPATH}"
export PYTHONPATH
exec python -m pytest -q -p no:cacheprovider -p adverity_harness.scenes -n 2 --dist loadfile "$@"

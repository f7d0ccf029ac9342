#!/usr/bin/env bash
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs the rulebooks with the real ansible-rulebook. Without Java 17 or newer, which it needs, the target is left out, and says so.
set -eu
major="$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' || true)"
if [ "${major:-0}" -lt 17 ]; then
  echo "The target events is left out: ansible-rulebook needs Java 17 or newer (Debian: apt install openjdk-17-jre-headless)."
  exit 0
fi
if ! command -v ansible-rulebook > /dev/null; then
  tools="${OUTPUT_DIR:-/tmp}/rulebook"
  python -m venv "$tools"
  "$tools/bin/python" -m pip install -qq --disable-pip-version-check -r requirements.txt
  PATH="$PATH:$tools/bin"
fi
exec ../setup_harness/run_tests.sh "$@"

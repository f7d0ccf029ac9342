#!/usr/bin/env bash
# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs the rulebooks with the real ansible-rulebook, which is installed for it unless it is on PATH. Where that or the Java that it needs is missing, the target is
# left out, and says so: the summary of `make test` repeats this line.
set -eu

leave_out() {
  echo "The target events is left out: $1"
  exit 0
}

major="$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' || true)"
[ "${major:-0}" -ge 17 ] || leave_out "ansible-rulebook needs Java 17 or newer (Debian: apt install openjdk-17-jre-headless)."
if ! command -v ansible-rulebook > /dev/null; then
  tools="${OUTPUT_DIR:-/tmp}/rulebook"
  if ! { python -m venv "$tools" && "$tools/bin/python" -m pip install -qq --disable-pip-version-check -r requirements.txt; }; then
    leave_out "ansible-rulebook is not on PATH, and cannot be installed (see above)."
  fi
  PATH="$PATH:$tools/bin"
fi
exec ../setup_harness/run_tests.sh "$@"
